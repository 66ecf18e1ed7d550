package io.weir.collector.source;

/** Is told how fetches end. Thread-safe. */
public interface FetchObserver {
    /** How a fetch ended. */
    enum Outcome {
        SUCCESS,
        BAD_REQUEST,
        LIMIT,
        CANCELLED,
        FAILURE
    }

    void fetched(Outcome outcome, long points, long nanos);
}
