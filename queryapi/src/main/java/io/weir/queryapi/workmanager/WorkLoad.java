package io.weir.queryapi.workmanager;

/**
 * How much work waits and runs, for metrics and autoscaling.
 *
 * @param workers with a live stream
 * @param accepting those of them that accept work
 * @param queued pieces of work that wait for a worker with room
 * @param oldestQueuedMillis age of the oldest of these; 0 if there are none
 * @param inFlight pieces of work on workers, not finished there
 * @param capacity credits of the workers that accept work
 * @param desiredWorkers how many workers the load of the last while asks for
 */
public record WorkLoad(
        int workers,
        int accepting,
        int queries,
        int queued,
        long oldestQueuedMillis,
        int inFlight,
        int capacity,
        int desiredWorkers) {}
