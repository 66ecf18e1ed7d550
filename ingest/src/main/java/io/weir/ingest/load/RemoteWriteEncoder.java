package io.weir.ingest.load;

import io.weir.lake.catalog.MetricMetadata;
import io.weir.promql.labels.Labels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.xerial.snappy.Snappy;

/**
 * Encodes sample tables as remote write 1.0 bodies. Samples of one label set that follow each other share one series entry; the
 * bytes of label sets are remembered, within a bound, as long as the same {@link Labels} object comes again. Not thread-safe.
 */
final class RemoteWriteEncoder {
    private static final int LABELS_REMEMBERED_MAX = 50_000;
    private static final List<String> TYPES =
            List.of("unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset");

    private final Map<Labels, byte[]> labelBytes = new IdentityHashMap<>();
    private byte[] buffer = new byte[64 << 10];
    private int size;

    /** The snappy-compressed WriteRequest of a table. */
    byte[] encode(SampleTable table) throws IOException {
        size = 0;
        int from = 0;
        while (from < table.size()) {
            int to = from + 1;
            while (to < table.size() && table.labels(to).equals(table.labels(from))) {
                to++;
            }
            putSeries(table, from, to);
            from = to;
        }
        for (MetricMetadata metadata : table.metadata()) {
            putMetadata(metadata);
        }
        byte[] compressed = new byte[Snappy.maxCompressedLength(size)];
        int length = Snappy.compress(buffer, 0, size, compressed, 0);
        return Arrays.copyOf(compressed, length);
    }

    private void putSeries(SampleTable table, int from, int to) {
        byte[] labels = labelBytes(table.labels(from));
        int length = labels.length;
        for (int i = from; i < to; i++) {
            length += 2 + sampleSize(table.timestamp(i));
        }
        putVarint(1 << 3 | 2);
        putVarint(length);
        putBytes(labels);
        for (int i = from; i < to; i++) {
            putVarint(2 << 3 | 2);
            putVarint(sampleSize(table.timestamp(i)));
            putVarint(1 << 3 | 1);
            putFixed64(Double.doubleToRawLongBits(table.value(i)));
            putVarint(2 << 3);
            putVarint(table.timestamp(i));
        }
    }

    /** A tag and eight bytes of value, a tag and a varint of time: always less than 128. */
    private static int sampleSize(long timestamp) {
        return 1 + 8 + 1 + varintSize(timestamp);
    }

    private byte[] labelBytes(Labels labels) {
        byte[] known = labelBytes.get(labels);
        if (known != null) {
            return known;
        }
        int start = size;
        for (int i = 0; i < labels.size(); i++) {
            byte[] name = labels.name(i).getBytes(StandardCharsets.UTF_8);
            byte[] value = labels.value(i).getBytes(StandardCharsets.UTF_8);
            putVarint(1 << 3 | 2);
            putVarint(2L + varintSize(name.length) + name.length + varintSize(value.length) + value.length);
            putField(1, name);
            putField(2, value);
        }
        byte[] bytes = Arrays.copyOfRange(buffer, start, size);
        size = start;
        if (labelBytes.size() >= LABELS_REMEMBERED_MAX) {
            labelBytes.clear();
        }
        labelBytes.put(labels, bytes);
        return bytes;
    }

    private void putMetadata(MetricMetadata metadata) {
        byte[] name = metadata.metric().getBytes(StandardCharsets.UTF_8);
        byte[] help = metadata.help().getBytes(StandardCharsets.UTF_8);
        byte[] unit = metadata.unit().getBytes(StandardCharsets.UTF_8);
        int type = Math.max(0, TYPES.indexOf(metadata.type()));
        putVarint(3 << 3 | 2);
        putVarint(2L + fieldSize(name) + fieldSize(help) + fieldSize(unit));
        putVarint(1 << 3);
        putVarint(type);
        putField(2, name);
        putField(4, help);
        putField(5, unit);
    }

    private static int fieldSize(byte[] bytes) {
        return 1 + varintSize(bytes.length) + bytes.length;
    }

    private void putField(int field, byte[] bytes) {
        putVarint(field << 3 | 2);
        putVarint(bytes.length);
        putBytes(bytes);
    }

    private static int varintSize(long value) {
        return value == 0 ? 1 : (70 - Long.numberOfLeadingZeros(value)) / 7;
    }

    private void ensure(int more) {
        if (size + more > buffer.length) {
            buffer = Arrays.copyOf(buffer, Math.max(size + more, buffer.length * 2));
        }
    }

    private void putBytes(byte[] bytes) {
        ensure(bytes.length);
        System.arraycopy(bytes, 0, buffer, size, bytes.length);
        size += bytes.length;
    }

    private void putFixed64(long value) {
        ensure(8);
        for (int i = 0; i < 8; i++) {
            buffer[size++] = (byte) (value >>> (8 * i));
        }
    }

    private void putVarint(long value) {
        ensure(10);
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            buffer[size++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        buffer[size++] = (byte) rest;
    }
}
