package io.weir.ingest.compaction;

/** Hears of compactions, for metrics. Must return at once. */
@FunctionalInterface
public interface CompactionObserver {
    /** A job ended; it merged so many segments into one. */
    void compacted(int segments, long durationNanos, boolean successful);
}
