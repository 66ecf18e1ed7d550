package io.weir.ingest.http;

import java.util.function.LongSupplier;

/** How long an acknowledged sample may have waited so far to be in a segment: an upper bound, 0 while none waits. Thread-safe. */
final class FlushLag {
    private final LongSupplier nanoTime;
    private final LongSupplier samplesWaiting;
    private boolean isWaiting;
    private long sinceNanos;

    FlushLag(LongSupplier nanoTime, LongSupplier samplesWaiting) {
        this.nanoTime = nanoTime;
        this.samplesWaiting = samplesWaiting;
        if (samplesWaiting.getAsLong() > 0) {
            // From the log of an earlier run.
            arrived();
        }
    }

    /** Samples have just begun to wait. */
    synchronized void arrived() {
        if (!isWaiting) {
            isWaiting = true;
            sinceNanos = nanoTime.getAsLong();
        }
    }

    /** A flush has succeeded; what came before it began is in segments. */
    synchronized void flushed(long durationNanos) {
        isWaiting = samplesWaiting.getAsLong() > 0;
        sinceNanos = nanoTime.getAsLong() - durationNanos;
    }

    synchronized long nanos() {
        return isWaiting ? Math.max(0, nanoTime.getAsLong() - sinceNanos) : 0;
    }
}
