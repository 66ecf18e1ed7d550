package io.weir.lake.segment;

import io.weir.lake.codec.TestingSamples;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.SampleBuffer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;

/** Random segments, and what they hold as plain maps. */
public final class TestingSegments {
    /** Midnight UTC of some day, ms. */
    public static final long DAY = 1_700_006_400_000L;

    private static final long DAY_MILLIS = 86_400_000L;
    private static final String[] VALUES = {"a", "b", "ü", "\uD83D\uDE00", "\uFFFD", "long value with spaces", "\"'\\\n"
    };

    private TestingSegments() {}

    /** Random series with random samples of one day, as bits by time. */
    public static Map<Labels, NavigableMap<Long, Long>> random(Random random, int seriesCount, int samplesMax) {
        Map<Labels, NavigableMap<Long, Long>> data = new HashMap<>();
        SampleBuffer buffer = new SampleBuffer(16);
        for (int i = 0; i < seriesCount; i++) {
            buffer.clear();
            TestingSamples.fill(random, buffer, samplesMax, DAY + random.nextInt(80_000_000));
            NavigableMap<Long, Long> samples = data.computeIfAbsent(labels(random), key -> new TreeMap<>());
            for (int k = 0; k < buffer.size(); k++) {
                if (buffer.timestamps()[k] < DAY + DAY_MILLIS) {
                    samples.put(buffer.timestamps()[k], Double.doubleToRawLongBits(buffer.values()[k]));
                }
            }
        }
        return data;
    }

    private static Labels labels(Random random) {
        Map<String, String> map = new HashMap<>();
        if (random.nextInt(20) > 0) {
            map.put(Labels.METRIC_NAME, "metric_" + random.nextInt(5));
        }
        for (int i = 0; i < 3; i++) {
            if (random.nextBoolean()) {
                map.put("label" + i, VALUES[random.nextInt(VALUES.length)]);
            }
        }
        if (random.nextInt(10) == 0) {
            map.put("rare", VALUES[random.nextInt(VALUES.length)]);
        }
        map.put("instance", Integer.toString(random.nextInt(50)));
        return Labels.of(map);
    }

    public static SegmentFiles files(Path folder, String id) {
        return new SegmentFiles(folder.resolve(id + ".blocks.parquet"), folder.resolve(id + ".series.parquet"));
    }

    public static WrittenSegment write(
            Path folder, String id, Map<Labels, NavigableMap<Long, Long>> data, SegmentSettings settings)
            throws IOException {
        try (SegmentWriter writer = SegmentWriter.create(files(folder, id), settings)) {
            SampleBuffer buffer = new SampleBuffer(16);
            for (Labels labels : SegmentOrder.sorted(data.keySet())) {
                buffer.clear();
                Objects.requireNonNull(data.get(labels))
                        .forEach((time, bits) -> buffer.add(time, Double.longBitsToDouble(bits)));
                writer.add(labels, buffer);
            }
            return writer.finish();
        }
    }

    /** Everything in a segment, through its index and a reader. */
    public static Map<Labels, NavigableMap<Long, Long>> read(SegmentFiles files, BlockReader reader) {
        SeriesIndex index = ParquetSeriesIndex.load(files.series(), "test");
        Map<Labels, NavigableMap<Long, Long>> data = new HashMap<>();
        SampleBuffer buffer = new SampleBuffer(16);
        List<Integer> order = new ArrayList<>();
        reader.scan(0, index.size(), null, Long.MIN_VALUE, Long.MAX_VALUE, row -> {
            order.add(row.series());
            buffer.clear();
            row.decode(buffer);
            NavigableMap<Long, Long> samples = data.computeIfAbsent(index.labels(row.series()), key -> new TreeMap<>());
            for (int i = 0; i < buffer.size(); i++) {
                samples.put(buffer.timestamps()[i], Double.doubleToRawLongBits(buffer.values()[i]));
            }
        });
        if (!order.equals(order.stream().sorted().toList())) {
            throw new AssertionError("blocks come out of order");
        }
        return data;
    }
}
