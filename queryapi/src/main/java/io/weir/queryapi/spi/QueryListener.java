package io.weir.queryapi.spi;

import java.util.function.Supplier;

/**
 * Is told of every query's life, each query's events one after another, on the threads that run it. An implementation returns at once: it neither
 * blocks nor throws, and what it cannot take it drops and counts.
 */
@FunctionalInterface
public interface QueryListener {
    /** Forgets everything. */
    QueryListener NONE = event -> {};

    /** Takes an event. */
    void onEvent(QueryEvent event);

    /**
     * Learns where to ask for the number of workers; called once, before the first event.
     *
     * @param workers never blocks; from any thread
     */
    default void watch(Supplier<WorkerCount> workers) {}
}
