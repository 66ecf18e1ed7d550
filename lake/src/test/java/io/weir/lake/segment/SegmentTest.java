package io.weir.lake.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.lake.LabelFingerprints;
import io.weir.lake.Sha256;
import io.weir.lake.Shards;
import io.weir.lake.codec.BlockFormat;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.SampleBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Writing, reading, selecting in and merging segments, against plain maps. */
final class SegmentTest {
    private static final SegmentSettings SMALL = new SegmentSettings(7, 1 << 20, 5, 1000, 4, 10);
    private static final long TWO_HOURS = BlockFormat.BLOCK_MILLIS;

    @TempDir
    Path folder;

    @Test
    void readsBackWhatWasWritten() throws IOException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 10; round++) {
            Map<Labels, NavigableMap<Long, Long>> data = TestingSegments.random(random, 60, 400);
            WrittenSegment written = TestingSegments.write(folder, "s" + round, data, SMALL);
            assertThat(TestingSegments.read(
                            written.files(),
                            new ParquetBlockReader(written.files().blocks(), "s")))
                    .as("seed %d round %d", seed, round)
                    .isEqualTo(data);
            assertThat(TestingSegments.read(
                            written.files(),
                            MappedBlocks.load(written.files().blocks(), "s").open()))
                    .as("mapped, seed %d round %d", seed, round)
                    .isEqualTo(data);
            assertThat(written.seriesCount()).isEqualTo(data.size());
            assertThat(written.sampleCount())
                    .isEqualTo(data.values().stream().mapToLong(Map::size).sum());
            assertThat(written.blocksSizeBytes())
                    .isEqualTo(Files.size(written.files().blocks()));
            assertThat(written.blocksChecksum())
                    .isEqualTo(Sha256.ofFile(written.files().blocks()));
            assertThat(written.minTimeMillis())
                    .isEqualTo(data.values().stream()
                            .mapToLong(NavigableMap::firstKey)
                            .min()
                            .orElseThrow());
            assertThat(written.maxTimeMillis())
                    .isEqualTo(data.values().stream()
                            .mapToLong(NavigableMap::lastKey)
                            .max()
                            .orElseThrow());
        }
    }

    @Test
    void indexSelectsWhatTheMatchersSay() throws IOException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Map<Labels, NavigableMap<Long, Long>> data = TestingSegments.random(random, 400, 3);
        WrittenSegment written = TestingSegments.write(folder, "s", data, SMALL);
        ParquetSeriesIndex index = ParquetSeriesIndex.load(written.files().series(), "s");
        String[] names = {Labels.METRIC_NAME, "label0", "label1", "rare", "instance", "none"};
        String[] patterns = {"metric_1", "a", "", "metric_.*", ".+", "a|b", ".*", "1", "2.*", "(?s:.)"};
        for (int round = 0; round < 2_000; round++) {
            List<LabelMatcher> matchers = new ArrayList<>();
            for (int i = 0; i < 1 + random.nextInt(3); i++) {
                LabelMatcher.Type type = LabelMatcher.Type.values()[random.nextInt(4)];
                matchers.add(LabelMatcher.of(
                        type, names[random.nextInt(names.length)], patterns[random.nextInt(patterns.length)]));
            }
            int shardFrom = random.nextInt(Shards.COUNT);
            int shardTo = shardFrom + random.nextInt(Shards.COUNT + 1 - shardFrom);
            BitSet expected = new BitSet();
            for (int ordinal = 0; ordinal < index.size(); ordinal++) {
                Labels labels = index.labels(ordinal);
                int shard = Shards.of(labels);
                assertThat(index.shard(ordinal)).isEqualTo(shard);
                if (shard >= shardFrom && shard < shardTo && matchers.stream().allMatch(m -> m.matches(labels))) {
                    expected.set(ordinal);
                }
            }
            assertThat(index.select(matchers, shardFrom, shardTo))
                    .as("seed %d %s %d %d", seed, matchers, shardFrom, shardTo)
                    .isEqualTo(expected);
            if (!expected.isEmpty()) {
                assertThat(matchers)
                        .as("fingerprints never lose a segment, seed %d", seed)
                        .allMatch(matcher -> LabelFingerprints.mayMatch(written.fingerprints(), matcher));
            }
        }
        for (int ordinal = 0; ordinal < index.size(); ordinal++) {
            NavigableMap<Long, Long> samples = Objects.requireNonNull(data.get(index.labels(ordinal)));
            assertThat(index.minTimeMillis(ordinal)).isEqualTo(samples.firstKey());
            assertThat(index.maxTimeMillis(ordinal)).isEqualTo(samples.lastKey());
        }
        assertThat(LabelFingerprints.mayMatch(
                        written.fingerprints(), LabelMatcher.of(LabelMatcher.Type.EQUAL, "none", "x")))
                .isFalse();
    }

    @Test
    void scanReturnsTheBlocksOfTheRangeOnly() throws IOException {
        Map<Labels, NavigableMap<Long, Long>> data = new HashMap<>();
        for (int series = 0; series < 20; series++) {
            NavigableMap<Long, Long> samples = new TreeMap<>();
            for (int i = 0; i < 12 * 60; i++) {
                samples.put(TestingSegments.DAY + i * 60_000L, Double.doubleToRawLongBits(i));
            }
            data.put(Labels.of(Labels.METRIC_NAME, "m" + series), samples);
        }
        WrittenSegment written = TestingSegments.write(folder, "s", data, SMALL);
        List<String> seen = new ArrayList<>();
        BitSet selected = new BitSet();
        selected.set(3);
        selected.set(5, 8);
        try (ParquetBlockReader reader = new ParquetBlockReader(written.files().blocks(), "s")) {
            reader.scan(
                    3,
                    7,
                    selected,
                    TestingSegments.DAY + TWO_HOURS,
                    TestingSegments.DAY + 2 * TWO_HOURS,
                    row -> seen.add(row.series() + "@" + (row.firstTimeMillis() - TestingSegments.DAY) / TWO_HOURS + "#"
                            + row.sampleCount() + "-" + (row.lastTimeMillis() - TestingSegments.DAY)));
        }
        assertThat(seen)
                .containsExactly(
                        "3@1#120-14340000", "3@2#120-21540000",
                        "5@1#120-14340000", "5@2#120-21540000",
                        "6@1#120-14340000", "6@2#120-21540000");
    }

    @Test
    void mergesLikeMapsWhereTheGreatestIdWins() throws IOException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 12; round++) {
            int count = 1 + random.nextInt(5);
            List<SegmentInput> inputs = new ArrayList<>();
            Map<Labels, NavigableMap<Long, Long>> expected = new HashMap<>();
            for (int i = 0; i < count; i++) {
                // The same times again and again, so that there are duplicates.
                Map<Labels, NavigableMap<Long, Long>> data = TestingSegments.random(random, 30, 300);
                data.values().forEach(samples -> {
                    for (int k = 0; k < 20; k++) {
                        samples.put(TestingSegments.DAY + k * 1_000_000L, random.nextLong());
                    }
                });
                String id = round + "-" + i;
                TestingSegments.write(folder, id, data, SMALL);
                inputs.add(new SegmentInput(id, TestingSegments.files(folder, id)));
                data.forEach((labels, samples) ->
                        expected.computeIfAbsent(labels, key -> new TreeMap<>()).putAll(samples));
            }
            Collections.shuffle(inputs, random);
            WrittenSegment merged =
                    new SegmentMerger().merge(inputs, TestingSegments.files(folder, "merged" + round), SMALL);
            assertThat(TestingSegments.read(
                            merged.files(),
                            new ParquetBlockReader(merged.files().blocks(), "m")))
                    .as("seed %d round %d", seed, round)
                    .isEqualTo(expected);
            assertThat(merged.sampleCount())
                    .isEqualTo(expected.values().stream().mapToLong(Map::size).sum());
        }
    }

    @Test
    void refusesWhatIsOutOfOrderOrOfTwoDays() throws IOException {
        SampleBuffer one = new SampleBuffer(16);
        one.add(TestingSegments.DAY, 1);
        try (SegmentWriter writer = SegmentWriter.create(TestingSegments.files(folder, "a"), SMALL)) {
            assertThatThrownBy(writer::finish).isInstanceOf(IllegalStateException.class);
            writer.add(Labels.of(Labels.METRIC_NAME, "b"), one);
            assertThatThrownBy(() -> writer.add(Labels.of(Labels.METRIC_NAME, "a"), one))
                    .hasMessageContaining("does not come behind");
        }
        SampleBuffer twoDays = new SampleBuffer(16);
        twoDays.add(TestingSegments.DAY + 86_399_999, 1);
        twoDays.add(TestingSegments.DAY + 86_400_000, 1);
        try (SegmentWriter writer = SegmentWriter.create(TestingSegments.files(folder, "b"), SMALL)) {
            assertThatThrownBy(() -> writer.add(Labels.of(Labels.METRIC_NAME, "a"), twoDays))
                    .hasMessageContaining("one UTC day");
        }
    }

    @Test
    void refusesMoreSeriesThanTheLimit() throws IOException {
        SampleBuffer one = new SampleBuffer(16);
        one.add(TestingSegments.DAY, 1);
        SegmentSettings two = new SegmentSettings(7, 1 << 20, 5, 2, 4, 10);
        try (SegmentWriter writer = SegmentWriter.create(TestingSegments.files(folder, "a"), two)) {
            writer.add(Labels.of(Labels.METRIC_NAME, "a"), one);
            writer.add(Labels.of(Labels.METRIC_NAME, "b"), one);
            assertThatThrownBy(() -> writer.add(Labels.of(Labels.METRIC_NAME, "c"), one))
                    .hasMessageContaining("more than 2 series");
        }
    }

    @Test
    void cancelledScansStop() throws IOException {
        WrittenSegment written =
                TestingSegments.write(folder, "s", TestingSegments.random(new Random(1), 50, 300), SMALL);
        ParquetBlockReader reader = new ParquetBlockReader(written.files().blocks(), "s");
        assertThatThrownBy(() ->
                        reader.scan(0, Integer.MAX_VALUE, null, Long.MIN_VALUE, Long.MAX_VALUE, row -> reader.cancel()))
                .isInstanceOf(CancellationException.class);
    }

    @Test
    void damagedFilesAreErrorsThatNameTheSegment() throws IOException {
        WrittenSegment written =
                TestingSegments.write(folder, "s", TestingSegments.random(new Random(1), 50, 300), SMALL);
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int thrown = 0;
        for (int round = 0; round < 60; round++) {
            SegmentFiles damaged = TestingSegments.files(folder, "damaged" + round);
            damage(random, written.files().blocks(), damaged.blocks(), round % 2 == 0);
            damage(random, written.files().series(), damaged.series(), round % 2 == 1);
            try {
                TestingSegments.read(damaged, new ParquetBlockReader(damaged.blocks(), "test"));
            } catch (CorruptSegmentException e) {
                thrown++;
                assertThat(e).as("seed %d", seed).hasMessageContaining("segment test");
            }
        }
        assertThat(thrown).as("seed %d", seed).isGreaterThan(20);
        assertThatThrownBy(() -> ParquetSeriesIndex.load(folder.resolve("none"), "gone"))
                .isInstanceOf(CorruptSegmentException.class)
                .hasMessageContaining("gone");
    }

    @Test
    void mappingADamagedFileNeverReadsOutsideOfIt() throws IOException {
        WrittenSegment written =
                TestingSegments.write(folder, "s", TestingSegments.random(new Random(1), 50, 300), SMALL);
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int thrown = 0;
        for (int round = 0; round < 200; round++) {
            Path damaged = folder.resolve("mapped" + round);
            damage(random, written.files().blocks(), damaged, true);
            try {
                TestingSegments.read(
                        new SegmentFiles(damaged, written.files().series()),
                        MappedBlocks.load(damaged, "test").open());
            } catch (CorruptSegmentException e) {
                thrown++;
                assertThat(e).as("seed %d", seed).hasMessageContaining("segment test");
            }
        }
        assertThat(thrown).as("seed %d", seed).isPositive();
    }

    private static void damage(Random random, Path good, Path bad, boolean really) throws IOException {
        byte[] bytes = Files.readAllBytes(good);
        if (really) {
            bytes[4 + random.nextInt(bytes.length - 12)] ^= (byte) (1 << random.nextInt(8));
        }
        Files.write(bad, bytes);
    }

    @Test
    void mergedIdsSortBetweenTheirInputsAndWhatComesLater() {
        String first = SegmentIds.newId(1_000, 5);
        String second = SegmentIds.newId(1_000, 6);
        String third = SegmentIds.newId(1_001, 0);
        String merged = SegmentIds.mergedId(List.of(second, first), 9);
        assertThat(List.of(first, second, merged, third)).isSorted();
        String again = SegmentIds.mergedId(List.of(merged, first), 1);
        assertThat(List.of(merged, again, third)).isSorted();
        assertThat(again).hasSameSizeAs(merged);
        assertThat(SegmentIds.blocksKey("team/a", "x", TestingSegments.DAY))
                .isEqualTo("team%2Fa/metrics/20231115/00/x.blocks.parquet");
        assertThat(SegmentIds.seriesKey("..", "x", TestingSegments.DAY)).startsWith("%2E%2E/");
    }
}
