package io.weir.queryworker.exec;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.lake.Shards;
import io.weir.lake.artifact.ArtifactCursor;
import io.weir.lake.artifact.ArtifactTarget;
import io.weir.lake.artifact.ParquetArtifactCursor;
import io.weir.lake.segment.ParquetSeriesIndex;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.SampleBuffer;
import io.weir.proto.leaf.v1.ExpressionLeaf;
import io.weir.proto.leaf.v1.Grid;
import io.weir.proto.leaf.v1.Matcher;
import io.weir.proto.leaf.v1.MatcherSet;
import io.weir.proto.leaf.v1.Segment;
import io.weir.proto.leaf.v1.SketchLeaf;
import io.weir.proto.leaf.v1.WorkSpec;
import io.weir.proto.sketch.v1.Kind;
import io.weir.queryworker.cache.CacheSettings;
import io.weir.queryworker.cache.SegmentCache;
import io.weir.queryworker.cache.TestingCancellation;
import io.weir.queryworker.cache.TestingObjectStore;
import io.weir.queryworker.disk.DiskBudget;
import io.weir.queryworker.disk.DiskLimits;
import io.weir.sketch.Sketch;
import io.weir.sketch.codec.DecodeLimits;
import io.weir.sketch.codec.WireSketch;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * Measures leaves of sketches against the exact leaf they replace: 1,000 series, a sample a second, a window of 5 minutes in segments of one. A
 * program to be run by hand; its numbers go to docs/decisions/0022-sketches-of-the-lake.md.
 */
public final class SketchMeasurement {
    private static final long START = 19_000L * 86_400_000 + 3_600_000;
    private static final int SERIES = 1_000;
    private static final long MINUTE = 60_000;
    private static final int RUNS = 11;

    private SketchMeasurement() {}

    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createTempDirectory("weir-measurement");
        TestingObjectStore store = new TestingObjectStore();
        TestingLake lake = new TestingLake(folder, store);
        DiskBudget budget = new DiskBudget(
                DiskLimits.ofTotal(4L << 30),
                System::currentTimeMillis,
                () -> Long.MAX_VALUE,
                new SimpleMeterRegistry());
        try (SegmentCache cache = new SegmentCache(
                        folder.resolve("cache"),
                        store,
                        budget,
                        (segment, file) -> ParquetSeriesIndex.load(file, segment.getId()),
                        CacheSettings.DEFAULT,
                        System::currentTimeMillis,
                        new SimpleMeterRegistry());
                DuckDbPool duckDb = DuckDbPool.open(DuckDbSettings.of(folder.resolve("duckdb")));
                MappedBlockReaders mapped =
                        new MappedBlockReaders(64L << 20, duckDb::open, new SimpleMeterRegistry())) {
            List<Segment> segments = java.util.stream.IntStream.range(0, 5)
                    .mapToObj(minute -> write(lake, minute))
                    .toList();
            LeafExecutor executor =
                    new LeafExecutor(cache, mapped, ExecutorSettings.DEFAULT, new SimpleMeterRegistry());
            measure("exact quantile_over_time, 5 m", folder, executor, exact(segments));
            for (Kind kind : List.of(Kind.DDSKETCH, Kind.HYPERLOGLOG, Kind.FREQUENCIES)) {
                measure(kind + ", 5 granules of 1 m", folder, executor, sketches(segments, kind, 1, 5));
                measure(kind + ", the newest granule", folder, executor, sketches(segments, kind, 5, 1));
                measure(kind + ", one granule of 5 m", folder, executor, whole(segments, kind));
            }
        }
    }

    private static Segment write(TestingLake lake, int minute) {
        Random random = new Random(minute);
        Map<Labels, SampleBuffer> content = new HashMap<>();
        for (int series = 0; series < SERIES; series++) {
            SampleBuffer buffer = new SampleBuffer(60);
            for (int second = 1; second <= 60; second++) {
                buffer.add(
                        START + minute * MINUTE + second * 1_000L,
                        Math.rint(Math.exp(random.nextGaussian()) * 1e5) / 1e6);
            }
            content.put(Labels.of("__name__", "latency", "instance", "host-" + series), buffer);
        }
        try {
            return lake.writeBuffers(content);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static WorkSpec.Builder spec(List<Segment> segments) {
        return WorkSpec.newBuilder()
                .setTenant("tenant")
                .setShardFrom(0)
                .setShardTo(Shards.COUNT)
                .addAllSegments(segments);
    }

    private static WorkSpec exact(List<Segment> segments) {
        Grid grid = Grid.newBuilder()
                .setStartMillis(START + 5 * MINUTE)
                .setEndMillis(START + 5 * MINUTE)
                .build();
        return spec(segments)
                .setExpression(ExpressionLeaf.newBuilder()
                        .setQuery("quantile_over_time(0.99, latency[5m])")
                        .setQueryGrid(grid)
                        .setLeafGrid(grid)
                        .setLookbackMillis(300_000)
                        .setSubqueryStepMillis(60_000))
                .build();
    }

    private static WorkSpec sketches(List<Segment> segments, Kind kind, int first, int granules) {
        return spec(segments)
                .setSketches(leaf(kind, first * MINUTE, MINUTE, granules))
                .build();
    }

    private static WorkSpec whole(List<Segment> segments, Kind kind) {
        return spec(segments).setSketches(leaf(kind, 5 * MINUTE, 5 * MINUTE, 1)).build();
    }

    private static SketchLeaf.Builder leaf(Kind kind, long firstEnd, long length, int count) {
        return SketchLeaf.newBuilder()
                .setMatchers(MatcherSet.newBuilder()
                        .addMatchers(Matcher.newBuilder().setName("__name__").setValue("latency")))
                .setFirstGranuleEndMillis(START + firstEnd)
                .setGranuleMillis(length)
                .setGranules(count)
                .setKind(kind)
                .setRelativeAccuracy(0.01)
                .setPrecision(14)
                .setCandidatesMax(1_024);
    }

    private static void measure(String name, Path folder, LeafExecutor executor, WorkSpec spec) throws Exception {
        long[] nanos = new long[RUNS];
        long[] reading = new long[RUNS];
        long bytes = 0;
        long heap = 0;
        for (int run = 0; run < RUNS; run++) {
            Path file = Files.createTempDirectory(folder, "run").resolve("artifact");
            long before = cpuNanos();
            bytes = executor.execute(spec, "w", ArtifactTarget.of(file, Long.MAX_VALUE), new TestingCancellation())
                    .artifact()
                    .sizeBytes();
            nanos[run] = cpuNanos() - before;
            before = cpuNanos();
            heap = spec.hasSketches() ? read(file) : 0;
            reading[run] = cpuNanos() - before;
        }
        Arrays.sort(nanos);
        Arrays.sort(reading);
        System.out.printf(
                Locale.ROOT,
                "%-40s worker %.1f ms CPU, artifact %,d bytes, API reads it in %.1f ms CPU into %,d bytes of heap%n",
                name,
                nanos[RUNS / 2] / 1e6,
                bytes,
                reading[RUNS / 2] / 1e6,
                heap);
    }

    private static long read(Path file) throws Exception {
        DecodeLimits defaults = DecodeLimits.DEFAULT;
        WireSketch codec = new WireSketch(new DecodeLimits(
                defaults.bytesMax(),
                defaults.valuesMax(),
                defaults.cellsMax(),
                defaults.keysMax(),
                defaults.keyBytesMax(),
                1_024,
                defaults.bins(),
                defaults.matrixHashing()));
        long heap = 0;
        try (ArtifactCursor cursor = ParquetArtifactCursor.open(file)) {
            while (cursor.next()) {
                byte[] cell = cursor.cell();
                if (cell != null) {
                    Sketch sketch = codec.decode(io.weir.proto.sketch.v1.Sketch.parseFrom(cell), Optional.empty())
                            .sketch();
                    heap += sketch.retainedBytes();
                }
            }
        }
        return heap;
    }

    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
}
