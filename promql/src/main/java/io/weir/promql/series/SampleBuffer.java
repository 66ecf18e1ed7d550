package io.weir.promql.series;

import java.util.Arrays;

/**
 * Growable columns of one series' samples in ascending, unique timestamps (ms). Reused from series to series; values keep
 * their exact bits, staleness markers included.
 */
public final class SampleBuffer {
    private long[] timestamps;
    private double[] values;
    private int size;

    public SampleBuffer(int capacity) {
        timestamps = new long[Math.max(capacity, 16)];
        values = new double[Math.max(capacity, 16)];
    }

    public int size() {
        return size;
    }

    public void clear() {
        size = 0;
    }

    public void add(long timestampMillis, double value) {
        ensureCapacity(size + 1);
        timestamps[size] = timestampMillis;
        values[size] = value;
        size++;
    }

    /** Room for so many samples in all; what is there stays. */
    public void ensureCapacity(int capacity) {
        if (capacity > timestamps.length) {
            int grown = Math.max(capacity, timestamps.length * 2);
            timestamps = Arrays.copyOf(timestamps, grown);
            values = Arrays.copyOf(values, grown);
        }
    }

    /** Says that the first {@code size} elements of the arrays are filled; for writers that fill them directly. */
    public void setSize(int size) {
        if (size < 0 || size > timestamps.length) {
            throw new IllegalArgumentException("size " + size + " of capacity " + timestamps.length);
        }
        this.size = size;
    }

    /** The timestamps; valid up to {@link #size} and until the buffer grows. */
    public long[] timestamps() {
        return timestamps;
    }

    /** The values; valid up to {@link #size} and until the buffer grows. */
    public double[] values() {
        return values;
    }
}
