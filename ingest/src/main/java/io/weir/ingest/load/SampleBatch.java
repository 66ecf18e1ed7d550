package io.weir.ingest.load;

import com.google.protobuf.CodedOutputStream;
import io.weir.promql.labels.Labels;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Samples grouped by series, on their way into one write request; reusable after {@link #clear}.
 *
 * <p>Samples of one series keep the order in which they were added. Not safe for several threads.
 */
public final class SampleBatch {
    /*
     * Implementation notes: the samples are in parallel arrays; those of one series are a linked list through `next`, so that
     * interleaved series cost no array each. Sizes are kept up to date so that the request's exact size is known at any time.
     */
    private static final int SERIES_FIELD = 1;
    private static final int LABELS_FIELD = 1;
    private static final int SAMPLES_FIELD = 2;
    private static final int NONE = -1;

    private final Map<Labels, Integer> indexes = new HashMap<>();
    private @Nullable Labels lastLabels;
    private int lastSeries = NONE;

    private Labels[] series = new Labels[64];
    private int[] labelBytes = new int[64];
    private int[] sampleBytes = new int[64];
    private int[] first = new int[64];
    private int[] last = new int[64];
    private int seriesCount;

    private double[] values = new double[256];
    private long[] timestamps = new long[256];
    private int[] next = new int[256];
    private int sampleCount;

    private long bytes;

    /** Adds a sample; the timestamp is in milliseconds, the value keeps its bits. */
    public void add(Labels labels, long timestampMillis, double value) {
        int index = labels == lastLabels ? lastSeries : indexOf(labels);
        if (sampleCount == values.length) {
            growSamples();
        }
        int sample = sampleCount++;
        values[sample] = value;
        timestamps[sample] = timestampMillis;
        next[sample] = NONE;
        if (first[index] == NONE) {
            first[index] = sample;
        } else {
            next[last[index]] = sample;
        }
        last[index] = sample;
        int size = sampleMessageBytes(timestampMillis);
        int framed = 1 + CodedOutputStream.computeUInt32SizeNoTag(size) + size;
        sampleBytes[index] += framed;
        bytes += framed;
    }

    public boolean isEmpty() {
        return sampleCount == 0;
    }

    /** Number of samples. */
    public int samples() {
        return sampleCount;
    }

    /** Number of series. */
    public int seriesCount() {
        return seriesCount;
    }

    /** About the size of the request before compression; never less. */
    public long bytes() {
        return bytes;
    }

    /** Forgets all samples and series; keeps the arrays. */
    public void clear() {
        indexes.clear();
        Arrays.fill(series, 0, seriesCount, Labels.EMPTY);
        lastLabels = null;
        lastSeries = NONE;
        seriesCount = 0;
        sampleCount = 0;
        bytes = 0;
    }

    /** Writes the batch as a remote write 1.0 WriteRequest. */
    void writeTo(CodedOutputStream out) throws IOException {
        for (int i = 0; i < seriesCount; i++) {
            out.writeTag(SERIES_FIELD, 2);
            out.writeUInt32NoTag(labelBytes[i] + sampleBytes[i]);
            Labels labels = series[i];
            for (int j = 0; j < labels.size(); j++) {
                String name = labels.name(j);
                String value = labels.value(j);
                out.writeTag(LABELS_FIELD, 2);
                out.writeUInt32NoTag(labelMessageBytes(name, value));
                out.writeString(1, name);
                out.writeString(2, value);
            }
            for (int sample = first[i]; sample != NONE; sample = next[sample]) {
                out.writeTag(SAMPLES_FIELD, 2);
                out.writeUInt32NoTag(sampleMessageBytes(timestamps[sample]));
                out.writeTag(1, 1);
                out.writeFixed64NoTag(Double.doubleToRawLongBits(values[sample]));
                out.writeInt64(2, timestamps[sample]);
            }
        }
    }

    private int indexOf(Labels labels) {
        Integer known = indexes.get(labels);
        int index = known == null ? addSeries(labels) : known;
        lastLabels = labels;
        lastSeries = index;
        return index;
    }

    private int addSeries(Labels labels) {
        if (seriesCount == series.length) {
            int length = series.length * 2;
            series = Arrays.copyOf(series, length);
            labelBytes = Arrays.copyOf(labelBytes, length);
            sampleBytes = Arrays.copyOf(sampleBytes, length);
            first = Arrays.copyOf(first, length);
            last = Arrays.copyOf(last, length);
        }
        int index = seriesCount++;
        int size = 0;
        for (int i = 0; i < labels.size(); i++) {
            int label = labelMessageBytes(labels.name(i), labels.value(i));
            size += 1 + CodedOutputStream.computeUInt32SizeNoTag(label) + label;
        }
        series[index] = labels;
        labelBytes[index] = size;
        sampleBytes[index] = 0;
        first[index] = NONE;
        last[index] = NONE;
        indexes.put(labels, index);
        // One byte of tag and at most five of length, which grows with the samples.
        bytes += 6 + size;
        return index;
    }

    private void growSamples() {
        int length = values.length * 2;
        values = Arrays.copyOf(values, length);
        timestamps = Arrays.copyOf(timestamps, length);
        next = Arrays.copyOf(next, length);
    }

    private static int labelMessageBytes(String name, String value) {
        return CodedOutputStream.computeStringSize(1, name) + CodedOutputStream.computeStringSize(2, value);
    }

    private static int sampleMessageBytes(long timestampMillis) {
        return 9 + CodedOutputStream.computeInt64Size(2, timestampMillis);
    }
}
