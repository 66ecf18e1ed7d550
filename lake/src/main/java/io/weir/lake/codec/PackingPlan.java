package io.weir.lake.codec;

import java.util.Arrays;

/**
 * Chooses how to pack integers: the smallest value, the width, and which outliers become exceptions, so that the bits are fewest.
 * Reused from block to block.
 */
final class PackingPlan {
    private static final int[] TRIMS = {0, 1, 2, 4, 8, 16, 32, 64};
    private static final int EXCEPTION_BITS = 8 * BlockFormat.EXCEPTION_BYTES;

    private long[] sorted = new long[0];
    /** Smallest packed value. */
    long low;
    /** Largest packed value. */
    long high;

    int width;
    /** Bits of packed values and exceptions, an upper bound; {@link Long#MAX_VALUE} if the values cannot be packed. */
    long costBits;

    void plan(long[] values, int count) {
        costBits = Long.MAX_VALUE;
        low = 0;
        high = 0;
        width = 0;
        if (count == 0) {
            costBits = 0;
            return;
        }
        long min = values[0];
        long max = values[0];
        for (int i = 1; i < count; i++) {
            min = Math.min(min, values[i]);
            max = Math.max(max, values[i]);
        }
        if (min == max) {
            low = min;
            high = max;
            costBits = 0;
            return;
        }
        if (sorted.length < count) {
            sorted = new long[Math.max(count, 1024)];
        }
        System.arraycopy(values, 0, sorted, 0, count);
        Arrays.sort(sorted, 0, count);
        for (int below : TRIMS) {
            for (int above : TRIMS) {
                if (below + above < count) {
                    consider(sorted[below], sorted[count - 1 - above], count, below + above);
                }
            }
        }
    }

    private void consider(long candidateLow, long candidateHigh, int count, int exceptions) {
        // Unsigned: the difference of two longs fits 64 bits without sign.
        int bits = Long.SIZE - Long.numberOfLeadingZeros(candidateHigh - candidateLow);
        long cost = (long) bits * count + (long) exceptions * EXCEPTION_BITS;
        if (bits <= BlockFormat.WIDTH_MAX && cost < costBits) {
            low = candidateLow;
            high = candidateHigh;
            width = bits;
            costBits = cost;
        }
    }

    boolean isException(long value) {
        return value < low || value > high;
    }
}
