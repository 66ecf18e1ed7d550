package io.weir.queryapi.autoscale;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The greatest of the values seen in the last while. One thread writes, any thread reads; neither waits.
 *
 * <p>A value is held for the window, and for at most a {@link #BUCKETS}th of it longer.
 */
final class HeldPeak {
    /*
     * A ring of buckets of time. A slot holds its bucket's number and its greatest value in one word, so that a reader never sees the value
     * of one with the number of another. The ring has one bucket more than the window, for the one that is being filled.
     */
    static final int BUCKETS = 60;
    private static final int VALUE_BITS = 20;
    static final int VALUE_MAX = (1 << VALUE_BITS) - 1;

    private final long bucketMillis;
    private final AtomicLongArray slots = new AtomicLongArray(BUCKETS + 1);

    HeldPeak(long windowMillis) {
        this.bucketMillis = Math.max(1, Math.ceilDiv(windowMillis, (long) BUCKETS));
    }

    /** Notes a value; called by the one writer, with times that never go back. */
    void note(int value, long nowMillis) {
        long bucket = nowMillis / bucketMillis;
        int slot = (int) (bucket % slots.length());
        long known = slots.get(slot);
        int peak = known >>> VALUE_BITS == bucket ? Math.max(value, (int) (known & VALUE_MAX)) : value;
        slots.set(slot, bucket << VALUE_BITS | peak);
    }

    /** The greatest value of the window that ends now; 0 if there is none. */
    int peak(long nowMillis) {
        long newest = nowMillis / bucketMillis;
        int peak = 0;
        for (int slot = 0; slot < slots.length(); slot++) {
            long known = slots.get(slot);
            if (known >>> VALUE_BITS >= newest - BUCKETS) {
                peak = Math.max(peak, (int) (known & VALUE_MAX));
            }
        }
        return peak;
    }
}
