package io.weir.queryapi.workmanager;

/**
 * How much work waits and runs, for metrics and autoscaling.
 *
 * @param capacity credits of the workers that accept work
 */
public record WorkLoad(int workers, int queries, int queued, long oldestQueuedMillis, int inFlight, int capacity) {}
