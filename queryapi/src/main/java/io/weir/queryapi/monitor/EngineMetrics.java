package io.weir.queryapi.monitor;

/** What the engine measures of the queries that it runs. Thread-safe. */
public interface EngineMetrics {
    /** The work was submitted, so long after the query's start. */
    void planned(long nanos);

    /** The first step was computed, so long after the query's start. */
    void firstResult(long nanos);

    /** Samples that the work of a complete query read. */
    void samplesRead(long count);

    /** The query runs again, because its segments were replaced meanwhile. */
    void rerun();
}
