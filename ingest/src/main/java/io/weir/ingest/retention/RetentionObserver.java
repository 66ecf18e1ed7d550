package io.weir.ingest.retention;

/** Hears of retention, for metrics. Must return at once. */
public interface RetentionObserver {
    /** A job took so many segments out of the catalog, or failed. */
    void expired(int segments, boolean successful);
}
