package io.weir.ingest.load;

import io.weir.lake.catalog.MetricMetadata;
import io.weir.promql.labels.Labels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A bounded piece of parsed samples on its way to a {@link SampleSink}: label sets, times and values in columns. */
public final class SampleTable {
    private final List<Labels> labels = new ArrayList<>();
    private final List<MetricMetadata> metadata = new ArrayList<>();
    private long[] timestamps = new long[256];
    private double[] values = new double[256];

    public void add(Labels series, long timestampMillis, double value) {
        int size = labels.size();
        if (size == timestamps.length) {
            timestamps = Arrays.copyOf(timestamps, size * 2);
            values = Arrays.copyOf(values, size * 2);
        }
        labels.add(series);
        timestamps[size] = timestampMillis;
        values[size] = value;
    }

    public void addMetadata(MetricMetadata one) {
        metadata.add(one);
    }

    public int size() {
        return labels.size();
    }

    public boolean isEmpty() {
        return labels.isEmpty() && metadata.isEmpty();
    }

    public Labels labels(int index) {
        return labels.get(index);
    }

    /** Time of a sample, ms. */
    public long timestamp(int index) {
        return timestamps[index];
    }

    public double value(int index) {
        return values[index];
    }

    public List<MetricMetadata> metadata() {
        return metadata;
    }
}
