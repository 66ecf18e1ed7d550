package io.weir.queryworker.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.lake.Shards;
import io.weir.lake.artifact.ArtifactCursor;
import io.weir.lake.artifact.ArtifactTarget;
import io.weir.lake.artifact.ParquetArtifactCursor;
import io.weir.lake.segment.ParquetSeriesIndex;
import io.weir.promql.histogram.Histogram;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.proto.leaf.v1.Matcher;
import io.weir.proto.leaf.v1.MatcherSet;
import io.weir.proto.leaf.v1.Segment;
import io.weir.proto.leaf.v1.SketchLeaf;
import io.weir.proto.leaf.v1.WorkLimits;
import io.weir.proto.leaf.v1.WorkSpec;
import io.weir.proto.sketch.v1.Kind;
import io.weir.queryworker.cache.CacheSettings;
import io.weir.queryworker.cache.SegmentCache;
import io.weir.queryworker.cache.TestingCancellation;
import io.weir.queryworker.cache.TestingObjectStore;
import io.weir.queryworker.disk.DiskBudget;
import io.weir.queryworker.disk.DiskLimits;
import io.weir.queryworker.workmanager.WorkExecutor;
import io.weir.queryworker.workmanager.WorkFailureException;
import io.weir.sketch.CountMin;
import io.weir.sketch.DdSketch;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.SampleSketches;
import io.weir.sketch.Sketch;
import io.weir.sketch.codec.DecodeLimits;
import io.weir.sketch.codec.WireSketch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sketches made by a worker are those of the samples themselves, by series and granule, however the samples lie in segments. */
final class SketchLeafTest {
    private static final long DAY = 19_000L * 86_400_000 + 3_600_000;
    private static final long MINUTE = 60_000;
    private static final int GRANULES = 6;

    @TempDir
    private Path folder;

    private final TestingObjectStore store = new TestingObjectStore();
    private TestingLake lake;
    private SegmentCache cache;
    private DuckDbPool duckDb;
    private MappedBlockReaders mapped;
    private int artifacts;

    @BeforeEach
    void start() throws IOException {
        lake = new TestingLake(folder, store);
        cache = new SegmentCache(
                folder.resolve("cache"),
                store,
                new DiskBudget(
                        DiskLimits.ofTotal(1L << 30),
                        System::currentTimeMillis,
                        () -> Long.MAX_VALUE,
                        new SimpleMeterRegistry()),
                (segment, file) -> ParquetSeriesIndex.load(file, segment.getId()),
                CacheSettings.DEFAULT,
                System::currentTimeMillis,
                new SimpleMeterRegistry());
        duckDb = DuckDbPool.open(DuckDbSettings.of(folder.resolve("duckdb")));
        mapped = new MappedBlockReaders(1L << 20, duckDb::open, new SimpleMeterRegistry());
        cache.setEvictionListener(mapped::forget);
    }

    @AfterEach
    void stop() {
        cache.close();
        mapped.close();
        duckDb.close();
    }

    private record Cell(Labels labels, long endMillis) {}

    private record Made(double samples, Sketch sketch) {}

    private Map<Cell, Made> run(WorkSpec spec, ExecutorSettings settings) throws Exception {
        Path file = folder.resolve("artifact-" + artifacts++);
        LeafExecutor executor = new LeafExecutor(cache, mapped, settings, new SimpleMeterRegistry());
        WorkExecutor.Result result =
                executor.execute(spec, "w", ArtifactTarget.of(file, Long.MAX_VALUE), new TestingCancellation());
        Map<Cell, Made> made = new HashMap<>();
        WireSketch codec = new WireSketch(DecodeLimits.DEFAULT);
        try (ArtifactCursor cursor = ParquetArtifactCursor.open(file)) {
            while (cursor.next()) {
                byte[] cell = cursor.cell();
                assertThat(cell).isNotNull();
                made.put(
                        new Cell(cursor.series().get(cursor.seriesOrdinal()), cursor.stepMillis()),
                        new Made(
                                cursor.v(),
                                codec.decode(io.weir.proto.sketch.v1.Sketch.parseFrom(cell), Optional.empty())
                                        .sketch()));
            }
        }
        assertThat(result.artifact().rowCount()).isEqualTo(made.size());
        return made;
    }

    private static WorkSpec.Builder spec(List<Segment> segments, SketchLeaf.Builder leaf) {
        return WorkSpec.newBuilder()
                .setTenant("tenant")
                .setShardFrom(0)
                .setShardTo(Shards.COUNT)
                .addAllSegments(segments)
                .setSketches(leaf);
    }

    private static SketchLeaf.Builder leaf(Kind kind) {
        return SketchLeaf.newBuilder()
                .setMatchers(MatcherSet.newBuilder()
                        .addMatchers(Matcher.newBuilder().setName("__name__").setValue("latency")))
                .setFirstGranuleEndMillis(DAY + MINUTE)
                .setGranuleMillis(MINUTE)
                .setGranules(GRANULES)
                .setKind(kind)
                .setRelativeAccuracy(0.01)
                .setPrecision(12)
                .setCandidatesMax(50);
    }

    private static Sketch empty(Kind kind) {
        return switch (kind) {
            case DDSKETCH -> SampleSketches.quantiles(0.01);
            case HYPERLOGLOG -> SampleSketches.distinct(12);
            case FREQUENCIES -> SampleSketches.frequencies(50);
            case KIND_UNSPECIFIED, UNRECOGNIZED -> throw new IllegalArgumentException(kind.toString());
        };
    }

    private static Map<Cell, Made> expected(Kind kind, List<Map<Labels, TreeMap<Long, Double>>> contents) {
        Map<Cell, Made> expected = new HashMap<>();
        for (Map.Entry<Labels, TreeMap<Long, Double>> series : TestingLake.union(contents)) {
            if (!series.getKey().get("__name__").equals("latency")) {
                continue;
            }
            series.getValue().forEach((time, value) -> {
                long index = Math.floorDiv(time - DAY - 1, MINUTE);
                if (index >= 0 && index < GRANULES && !StaleMarker.is(value)) {
                    Cell cell = new Cell(series.getKey(), DAY + (index + 1) * MINUTE);
                    Made before = expected.getOrDefault(cell, new Made(0, empty(kind)));
                    SampleSketches.record(before.sketch(), value);
                    expected.put(cell, new Made(before.samples() + 1, before.sketch()));
                }
            });
        }
        return expected;
    }

    private static void assertSame(Made actual, Made expected) {
        assertThat(actual.samples()).isEqualTo(expected.samples());
        switch (expected.sketch()) {
            case DdSketch quantiles ->
                assertThat(quantiles.sameContents((DdSketch) actual.sketch())).isTrue();
            case HyperLogLog distinct ->
                assertThat(((HyperLogLog) actual.sketch()).denseRegisters()).isEqualTo(distinct.denseRegisters());
            case CountMin frequencies -> {
                CountMin other = (CountMin) actual.sketch();
                assertThat(other.totalWeight()).isEqualTo(frequencies.totalWeight());
                assertThat(other.top(50)).isEqualTo(frequencies.top(50));
            }
            case Sketch other -> throw new AssertionError(other.kind());
        }
    }

    private static Map<Labels, TreeMap<Long, Double>> content(Random random) {
        Map<Labels, TreeMap<Long, Double>> content = new HashMap<>();
        for (String metric : List.of("latency", "other")) {
            for (int instance = 0; instance < 5; instance++) {
                TreeMap<Long, Double> samples = new TreeMap<>();
                for (int i = 0; i < 40; i++) {
                    // Some just outside, some on the borders.
                    long time = DAY
                            + (random.nextInt(5) == 0
                                    ? random.nextInt(9) * MINUTE - MINUTE
                                    : random.nextInt(480_000) - 60_000);
                    double value = switch (random.nextInt(12)) {
                        case 0 -> StaleMarker.VALUE;
                        case 1 -> Double.NaN;
                        case 2 -> 0;
                        case 3 -> -random.nextInt(10);
                        case 4 -> Double.POSITIVE_INFINITY;
                        default -> random.nextInt(20) / 4.0;
                    };
                    samples.put(time, value);
                }
                content.put(Labels.of("__name__", metric, "instance", "host-" + instance), samples);
            }
        }
        return content;
    }

    @Test
    void anyOverlapOfSegmentsGivesTheSketchesOfTheSamplesThemselves() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        List<Map<Labels, TreeMap<Long, Double>>> contents = new ArrayList<>();
        List<Segment> segments = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            contents.add(content(random));
            segments.add(lake.write(contents.getLast()));
        }
        // The same samples again count once.
        contents.add(contents.getFirst());
        segments.add(lake.write(contents.getLast()));
        for (Kind kind : List.of(Kind.DDSKETCH, Kind.HYPERLOGLOG, Kind.FREQUENCIES)) {
            Map<Cell, Made> expected = expected(kind, contents);
            Map<Cell, Made> made = run(spec(segments, leaf(kind)).build(), ExecutorSettings.DEFAULT);
            assertThat(made.keySet()).isEqualTo(expected.keySet()).isNotEmpty();
            made.forEach((cell, sketch) -> assertSame(sketch, Objects.requireNonNull(expected.get(cell))));
        }
    }

    @Test
    void shardsDivideTheSeries() throws Exception {
        List<Map<Labels, TreeMap<Long, Double>>> contents = List.of(content(new Random(3)));
        List<Segment> segments = List.of(lake.write(contents.getFirst()));
        Map<Cell, Made> all = new HashMap<>();
        for (int from = 0; from < Shards.COUNT; from += Shards.COUNT / 2) {
            WorkSpec spec = spec(segments, leaf(Kind.DDSKETCH))
                    .setShardFrom(from)
                    .setShardTo(from + Shards.COUNT / 2)
                    .build();
            run(spec, ExecutorSettings.DEFAULT)
                    .forEach((cell, made) -> assertThat(all.put(cell, made)).isNull());
        }
        assertThat(all.keySet()).isEqualTo(expected(Kind.DDSKETCH, contents).keySet());
    }

    @Test
    void nativeHistogramsAreNoValues() throws Exception {
        SampleBuffer mixed = new SampleBuffer(2);
        mixed.add(DAY + 1, 5);
        mixed.addHistogram(DAY + 2, Histogram.empty());
        Labels labels = Labels.of("__name__", "latency");
        Segment segment = lake.writeBuffers(Map.of(labels, mixed));
        Map<Cell, Made> made = run(spec(List.of(segment), leaf(Kind.DDSKETCH)).build(), ExecutorSettings.DEFAULT);
        assertThat(made).containsOnlyKeys(new Cell(labels, DAY + MINUTE));
        assertThat(made.values()).extracting(Made::samples).containsExactly(1.0);
    }

    @Test
    void limitsHoldAndSayWhichTheyAre() throws Exception {
        List<Segment> segments = List.of(lake.write(content(new Random(4))));
        WorkSpec good = spec(segments, leaf(Kind.HYPERLOGLOG)).build();
        assertFails(good, ExecutorSettings.DEFAULT.withSketchBytesMax(500), "worker-executor-sketch-bytes-max");
        assertFails(
                good.toBuilder()
                        .setLimits(WorkLimits.newBuilder().setSamplesMax(10))
                        .build(),
                ExecutorSettings.DEFAULT,
                "more samples than 10");
        assertFails(
                good.toBuilder()
                        .setLimits(WorkLimits.newBuilder().setSeriesMax(2))
                        .build(),
                ExecutorSettings.DEFAULT,
                "more than 2");
        assertFails(
                good.toBuilder()
                        .setLimits(WorkLimits.newBuilder().setArtifactBytesMax(300))
                        .build(),
                ExecutorSettings.DEFAULT,
                "query-artifact-bytes-max");
        assertFails(
                good, new ExecutorSettings(1_000_000, 1_000, 5, 1 << 30, 1 << 20), "worker-executor-result-cells-max");
    }

    private void assertFails(WorkSpec spec, ExecutorSettings settings, String message) {
        assertThatThrownBy(() -> run(spec, settings))
                .isInstanceOfSatisfying(
                        WorkFailureException.class,
                        failure -> assertThat(failure.failureClass()).isEqualTo(FailureClass.LIMIT_EXCEEDED))
                .hasMessageContaining(message);
    }

    @Test
    void whatCannotBeBuiltIsRefused() throws Exception {
        List<Segment> segments = List.of(lake.write(content(new Random(4))));
        for (SketchLeaf.Builder bad : List.of(
                leaf(Kind.KIND_UNSPECIFIED),
                leaf(Kind.DDSKETCH).setRelativeAccuracy(2),
                leaf(Kind.HYPERLOGLOG).setPrecision(99),
                leaf(Kind.FREQUENCIES).setCandidatesMax(-1),
                leaf(Kind.DDSKETCH).setGranules(0),
                leaf(Kind.DDSKETCH).setGranuleMillis(0),
                leaf(Kind.DDSKETCH)
                        .setMatchers(MatcherSet.newBuilder()
                                .addMatchers(Matcher.newBuilder()
                                        .setType(Matcher.Type.REGEX)
                                        .setName("x")
                                        .setValue("("))))) {
            assertThatThrownBy(() -> run(spec(segments, bad).build(), ExecutorSettings.DEFAULT))
                    .isInstanceOfSatisfying(
                            WorkFailureException.class,
                            failure -> assertThat(failure.failureClass()).isEqualTo(FailureClass.BAD_QUERY));
        }
    }
}
