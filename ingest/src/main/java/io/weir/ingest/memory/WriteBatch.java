package io.weir.ingest.memory;

import java.util.Arrays;

/** The decoded samples of one request: three parallel columns, reused from request to request. */
public final class WriteBatch {
    private SeriesRef[] series = new SeriesRef[512];
    private long[] timestamps = new long[512];
    private double[] values = new double[512];
    private int size;

    public void add(SeriesRef ref, long timestampMillis, double value) {
        if (size == timestamps.length) {
            int capacity = size * 2;
            series = Arrays.copyOf(series, capacity);
            timestamps = Arrays.copyOf(timestamps, capacity);
            values = Arrays.copyOf(values, capacity);
        }
        series[size] = ref;
        timestamps[size] = timestampMillis;
        values[size] = value;
        size++;
    }

    public int size() {
        return size;
    }

    public SeriesRef series(int index) {
        return series[index];
    }

    public long timestamp(int index) {
        return timestamps[index];
    }

    public double value(int index) {
        return values[index];
    }

    void replaceSeries(int index, SeriesRef ref) {
        series[index] = ref;
    }

    public void clear() {
        // The handles would keep retired series alive.
        Arrays.fill(series, 0, size, null);
        size = 0;
    }

    /** Room in samples; what decides whether a pooled batch is worth keeping. */
    public int capacity() {
        return timestamps.length;
    }
}
