package io.weir.queryapi.spi;

/**
 * Is told of every query's life, in the order of its events, on the threads that run it. An implementation returns at once: it neither blocks nor
 * throws, and what it cannot take it drops and counts.
 */
@FunctionalInterface
public interface QueryListener {
    /** Forgets everything. */
    QueryListener NONE = event -> {};

    /** Takes an event. */
    void onEvent(QueryEvent event);
}
