package io.weir.ingest.flush;

/** Hears of flushes, for metrics. Must return at once. */
@FunctionalInterface
public interface FlushObserver {
    /** A flush with something to do ended. */
    void flushed(long durationNanos, boolean successful);
}
