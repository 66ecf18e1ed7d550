package io.weir.queryworker.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.lake.Shards;
import io.weir.lake.artifact.ArtifactCursor;
import io.weir.lake.artifact.ArtifactTarget;
import io.weir.lake.artifact.ParquetArtifactCursor;
import io.weir.lake.segment.ParquetBlockReader;
import io.weir.lake.segment.ParquetSeriesIndex;
import io.weir.promql.aggregate.HistogramCell;
import io.weir.promql.histogram.CounterResetHint;
import io.weir.promql.histogram.Histogram;
import io.weir.promql.histogram.HistogramCodec;
import io.weir.promql.labels.Labels;
import io.weir.promql.leaf.LeafColumns;
import io.weir.promql.leaf.LeafEvaluator;
import io.weir.promql.leaf.LeafLimits;
import io.weir.promql.leaf.LeafPlan;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.proto.leaf.v1.ExpressionLeaf;
import io.weir.proto.leaf.v1.Grid;
import io.weir.proto.leaf.v1.LabelNamesLeaf;
import io.weir.proto.leaf.v1.LabelValuesLeaf;
import io.weir.proto.leaf.v1.Matcher;
import io.weir.proto.leaf.v1.MatcherSet;
import io.weir.proto.leaf.v1.PartialAggregate;
import io.weir.proto.leaf.v1.Segment;
import io.weir.proto.leaf.v1.SeriesLeaf;
import io.weir.proto.leaf.v1.WorkLimits;
import io.weir.proto.leaf.v1.WorkSpec;
import io.weir.queryworker.cache.CacheSettings;
import io.weir.queryworker.cache.SegmentCache;
import io.weir.queryworker.cache.TestingCancellation;
import io.weir.queryworker.cache.TestingObjectStore;
import io.weir.queryworker.disk.DiskBudget;
import io.weir.queryworker.disk.DiskLimits;
import io.weir.queryworker.workmanager.WorkExecutor;
import io.weir.queryworker.workmanager.WorkFailureException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With the mapped reader; {@link DuckDbLeafExecutorTest} runs the same with DuckDB. */
class LeafExecutorTest {
    /** Midnight UTC of some day; segments are of one day. */
    private static final long DAY = 19_000L * 86_400_000;

    private static final long HOUR = 3_600_000;

    @TempDir
    Path folder;

    private final TestingObjectStore store = new TestingObjectStore();
    private final TestingCancellation cancellation = new TestingCancellation();
    private TestingLake lake;
    private SegmentCache cache;
    private DuckDbPool duckDb;
    private MappedBlockReaders mapped;
    private LeafExecutor executor;
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
        executor = executor(ExecutorSettings.DEFAULT);
    }

    BlockReaders readers(DuckDbPool duckDbPool, MappedBlockReaders mappedReaders) {
        return mappedReaders;
    }

    private LeafExecutor executor(ExecutorSettings settings) {
        return new LeafExecutor(cache, readers(duckDb, mapped), settings, new SimpleMeterRegistry());
    }

    @AfterEach
    void stop() {
        cache.close();
        mapped.close();
        duckDb.close();
    }

    private static Labels labels(String metric, int instance) {
        return Labels.of("__name__", metric, "instance", "host-" + instance, "zone", "z" + instance % 3);
    }

    private static TreeMap<Long, Double> samples(Random random, long from, long to, long interval) {
        TreeMap<Long, Double> samples = new TreeMap<>();
        double value = random.nextInt(1000);
        for (long time = from + random.nextInt(1000); time < to; time += interval) {
            value = random.nextInt(50) == 0 ? 0 : value + random.nextInt(100) / 10.0;
            switch (random.nextInt(40)) {
                case 0 -> samples.put(time, StaleMarker.VALUE);
                case 1 -> samples.put(time, Double.NaN);
                case 2 -> {}
                default -> samples.put(time, value);
            }
        }
        return samples;
    }

    private static ExpressionLeaf.Builder leaf(String query, int ordinal, long start, long end, long step) {
        Grid grid = Grid.newBuilder()
                .setStartMillis(start)
                .setEndMillis(end)
                .setStepMillis(step)
                .build();
        return ExpressionLeaf.newBuilder()
                .setQuery(query)
                .setExprOrdinal(ordinal)
                .setQueryGrid(grid)
                .setLeafGrid(grid)
                .setLookbackMillis(300_000)
                .setSubqueryStepMillis(60_000);
    }

    private static WorkSpec.Builder spec(List<Segment> segments) {
        return WorkSpec.newBuilder()
                .setTenant("tenant")
                .setShardFrom(0)
                .setShardTo(Shards.COUNT)
                .addAllSegments(segments);
    }

    private static ExpressionLeaf.Builder aggregated(ExpressionLeaf.Builder leaf, String operator, String... by) {
        return leaf.setAggregate(PartialAggregate.newBuilder()
                .setOperator(operator)
                .addAllGrouping(List.of(by))
                .setParameter(operator.endsWith("k") ? 2 : 0));
    }

    private record Cell(Labels labels, long time, long v, long c, long n) {}

    private record Answer(List<Cell> cells, WorkExecutor.Result result) {}

    private Answer run(WorkExecutor target, WorkSpec spec) throws WorkFailureException {
        Path file = folder.resolve("artifact-" + artifacts++);
        WorkExecutor.Result result = target.execute(spec, "w", ArtifactTarget.of(file, Long.MAX_VALUE), cancellation);
        List<Cell> cells = new ArrayList<>();
        try (ArtifactCursor cursor = ParquetArtifactCursor.open(file)) {
            while (cursor.next()) {
                cells.add(new Cell(
                        cursor.series().get(cursor.seriesOrdinal()),
                        cursor.stepMillis(),
                        Double.doubleToRawLongBits(cursor.v()),
                        cursor.layout().hasC() ? Double.doubleToRawLongBits(cursor.c()) : 0,
                        cursor.layout().hasN() ? cursor.n() : 0));
            }
        }
        assertThat(result.artifact().rowCount()).isEqualTo(cells.size());
        return new Answer(cells, result);
    }

    /** The same leaf on the de-duplicated samples themselves. */
    private static List<Cell> expected(
            ExpressionLeaf leaf, List<Map<Labels, TreeMap<Long, Double>>> contents, int shardFrom, int shardTo) {
        LeafPlan plan = LeafSpecs.plan(leaf);
        var evaluator = new LeafEvaluator(plan, new LeafLimits(Long.MAX_VALUE, Long.MAX_VALUE));
        for (Map.Entry<Labels, TreeMap<Long, Double>> series : TestingLake.union(contents)) {
            int shard = Shards.of(series.getKey());
            if (shard >= shardFrom
                    && shard < shardTo
                    && plan.selector().matchers().stream().allMatch(matcher -> matcher.matches(series.getKey()))) {
                evaluator.add(
                        series.getKey(),
                        TestingLake.buffer(new TreeMap<>(
                                series.getValue().subMap(plan.dataStartMillis(), false, plan.dataEndMillis(), true))));
            }
        }
        LeafColumns columns = evaluator.finish();
        List<Cell> cells = new ArrayList<>();
        for (int step = 0; step < columns.grid().count(); step++) {
            for (int series = 0; series < columns.series().size(); series++) {
                double v = columns.v()[series][step];
                if (!StaleMarker.is(v)) {
                    cells.add(new Cell(
                            columns.series().get(series),
                            columns.grid().at(step),
                            Double.doubleToRawLongBits(v),
                            columns.layout().hasC() ? Double.doubleToRawLongBits(columns.c()[series][step]) : 0,
                            columns.layout().hasN() ? columns.n()[series][step] : 0));
                }
            }
        }
        return cells;
    }

    private static final List<String> QUERIES = List.of(
            "rate(requests_total[5m])",
            "requests_total",
            "{__name__=~\"requests_total|load\",zone!=\"z1\"}",
            "max_over_time(load{instance=~\"host-[0-4]\"}[20m] offset 7m)",
            "last_over_time({__name__=~\".+\"}[1h])",
            "timestamp(load)");

    @Test
    void anyOverlapOfSegmentsIsTheSameAsTheSamplesThemselves() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        var random = new Random(seed);
        for (int round = 0; round < 12; round++) {
            List<Map<Labels, TreeMap<Long, Double>>> contents = new ArrayList<>();
            List<Segment> segments = new ArrayList<>();
            for (int i = 1 + random.nextInt(5); i > 0; i--) {
                Map<Labels, TreeMap<Long, Double>> content = randomContent(random, contents);
                contents.add(content);
                segments.add(lake.write(content));
            }
            java.util.Collections.shuffle(segments, random);
            for (String query : QUERIES) {
                long start = DAY + random.nextInt(10) * HOUR;
                long step = 30_000 + random.nextInt(600_000);
                ExpressionLeaf.Builder leaf = leaf(query, 0, start, start + step * random.nextInt(60), step);
                int shardFrom = random.nextInt(Shards.COUNT);
                int shardTo =
                        random.nextBoolean() ? Shards.COUNT : shardFrom + 1 + random.nextInt(Shards.COUNT - shardFrom);
                int shardStart = random.nextBoolean() ? 0 : shardFrom;
                WorkSpec spec = spec(segments)
                        .setShardFrom(shardStart)
                        .setShardTo(shardTo)
                        .setExpression(leaf)
                        .build();
                List<Cell> expected = expected(leaf.build(), contents, shardStart, shardTo);
                assertThat(run(executor, spec).cells()).as(query).isEqualTo(expected);
                LeafExecutor other = new LeafExecutor(
                        cache, ParquetBlockReader::new, ExecutorSettings.DEFAULT, new SimpleMeterRegistry());
                assertThat(run(other, spec).cells())
                        .as("with parquet-java: " + query)
                        .isEqualTo(expected);
                // A batch of blocks so small that series are read in several runs.
                var small = new ExecutorSettings(1_000_000, 1000, 1_000_000, 1 << 30, 120_000);
                assertThat(run(executor(small), spec).cells())
                        .as("in batches: " + query)
                        .isEqualTo(expected);
            }
        }
    }

    private static Map<Labels, TreeMap<Long, Double>> randomContent(
            Random random, List<Map<Labels, TreeMap<Long, Double>>> others) {
        Map<Labels, TreeMap<Long, Double>> content = new HashMap<>();
        long from = DAY + random.nextInt(8) * HOUR;
        long to = from + (1 + random.nextInt(5)) * HOUR;
        for (String metric : List.of("requests_total", "load")) {
            for (int instance = 0; instance < 6; instance++) {
                if (random.nextInt(4) > 0) {
                    content.put(labels(metric, instance), samples(random, from, to, 15_000));
                }
            }
        }
        content.values().removeIf(TreeMap::isEmpty);
        if (!others.isEmpty() && random.nextBoolean()) {
            // Exact duplicates, and the same times with other values.
            Map<Labels, TreeMap<Long, Double>> other = others.get(random.nextInt(others.size()));
            other.forEach((labels, samples) -> {
                TreeMap<Long, Double> changed = content.computeIfAbsent(labels, key -> new TreeMap<>());
                samples.forEach((time, value) -> {
                    if (random.nextInt(3) == 0) {
                        changed.put(time, random.nextBoolean() ? value : -1.0);
                    }
                });
                if (changed.isEmpty()) {
                    content.remove(labels);
                }
            });
        }
        return content.isEmpty() ? Map.of(labels("load", 0), new TreeMap<>(Map.of(DAY, 1.0))) : content;
    }

    @Test
    void aggregationStateIsTheEvaluatorsState() throws Exception {
        var random = new Random(5);
        List<Map<Labels, TreeMap<Long, Double>>> contents = new ArrayList<>();
        List<Segment> segments = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            contents.add(randomContent(random, contents));
            segments.add(lake.write(contents.getLast()));
        }
        for (String operator : List.of("sum", "avg", "min", "count", "stddev", "topk")) {
            String query = operator + (operator.equals("topk") ? " by (zone) (2, " : " by (zone) (")
                    + "rate(requests_total[10m]))";
            ExpressionLeaf leaf = aggregated(leaf(query, 0, DAY, DAY + 12 * HOUR, 600_000), operator, "zone")
                    .build();
            Answer answer = run(executor, spec(segments).setExpression(leaf).build());
            assertThat(answer.cells())
                    .as(query)
                    .isEqualTo(expected(leaf, contents, 0, Shards.COUNT))
                    .isNotEmpty();
            assertThat(answer.result().statistics().getSamplesRead()).isPositive();
            assertThat(answer.result().statistics().getSeriesMatched()).isBetween(1L, 6L);
            assertThat(answer.result().statistics().getBlocksRead()).isPositive();
        }
    }

    @Test
    void rawSamplesWithoutStalenessMarkers() throws Exception {
        var random = new Random(6);
        List<Map<Labels, TreeMap<Long, Double>>> contents = new ArrayList<>();
        List<Segment> segments = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            contents.add(randomContent(random, contents));
            segments.add(lake.write(contents.getLast()));
        }
        long end = DAY + 6 * HOUR;
        ExpressionLeaf leaf = leaf("{__name__=~\".+\"}[4h]", 0, end, end, 0).build();
        List<Cell> expected = new ArrayList<>();
        TestingLake.union(contents)
                .forEach(series -> series.getValue()
                        .subMap(end - 4 * HOUR, false, end, true)
                        .forEach((time, value) -> {
                            if (!StaleMarker.is(value)) {
                                expected.add(new Cell(series.getKey(), time, Double.doubleToRawLongBits(value), 0, 0));
                            }
                        }));
        expected.sort(java.util.Comparator.comparingLong(Cell::time).thenComparing(Cell::labels));
        assertThat(run(executor, spec(segments).setExpression(leaf).build()).cells())
                .isEqualTo(expected)
                .isNotEmpty();
    }

    /** A histogram series in two segments, which overlap: sum and number of buckets say from which one a sample is. */
    private static SampleBuffer histograms(long from, int count, int segment) {
        var buffer = new SampleBuffer(count);
        for (int i = 0; i < count; i++) {
            long time = from + i * 60_000L;
            if (i % 10 == 9) {
                buffer.add(time, i % 20 == 9 ? StaleMarker.VALUE : i);
            } else {
                buffer.addHistogram(
                        time,
                        HistogramCodec.encodeInteger(
                                CounterResetHint.UNKNOWN,
                                1,
                                0,
                                0,
                                10L * i,
                                segment,
                                new int[] {0, 2},
                                new long[] {5L * i, 0},
                                new int[0],
                                new long[0],
                                new double[0]));
            }
            buffer.setStartTimestamp(buffer.size() - 1, from);
        }
        return buffer;
    }

    private static String text(long time, double value, @Nullable Histogram histogram) {
        return time + " "
                + (histogram == null
                        ? Double.toString(value)
                        : histogram.count() + " in " + histogram.positiveBuckets().length + " of " + histogram.sum());
    }

    @Test
    void histogramsOfSeveralSegmentsAreStitched() throws Exception {
        Labels labels = labels("latency", 1);
        SampleBuffer first = histograms(DAY, 300, 1);
        SampleBuffer second = histograms(DAY + 250 * 60_000L, 300, 2);
        List<Segment> segments =
                List.of(lake.writeBuffers(Map.of(labels, first)), lake.writeBuffers(Map.of(labels, second)));
        TreeMap<Long, String> expected = new TreeMap<>();
        for (SampleBuffer buffer : List.of(first, second)) {
            for (int i = 0; i < buffer.size(); i++) {
                boolean stale = StaleMarker.is(buffer.values()[i]);
                expected.put(
                        buffer.timestamps()[i],
                        stale ? "" : text(buffer.timestamps()[i], buffer.values()[i], buffer.histogram(i)));
            }
        }
        long end = DAY + 9 * HOUR;
        WorkSpec spec = spec(segments)
                .setExpression(leaf("latency[6h]", 0, end, end, 0))
                .build();
        Path file = folder.resolve("artifact-" + artifacts++);
        WorkExecutor.Result result = executor.execute(spec, "w", ArtifactTarget.of(file, Long.MAX_VALUE), cancellation);
        List<String> found = new ArrayList<>();
        try (ArtifactCursor cursor = ParquetArtifactCursor.open(file)) {
            while (cursor.next()) {
                HistogramCell cell = cursor.h();
                found.add(text(cursor.stepMillis(), cursor.v(), cell == null ? null : cell.value()));
            }
        }
        assertThat(found)
                .isEqualTo(expected.subMap(end - 6 * HOUR, false, end, true).values().stream()
                        .filter(text -> !text.isEmpty())
                        .toList())
                .hasSizeGreaterThan(300);
        // (168 + 8 + a span + two buckets) / 16 bytes: as many samples as Prometheus counts.
        assertThat(result.statistics().getSamplesRead()).isBetween(300L * 12, 360L * 12);
        ExecutorSettings small = ExecutorSettings.DEFAULT.withSeriesHistogramBytesMax(1_000);
        assertFails(executor(small), spec, FailureClass.LIMIT_EXCEEDED, "worker-executor-series-histogram-bytes-max");
        assertFails(
                executor(small),
                spec.toBuilder()
                        .clearSegments()
                        .addSegments(segments.getFirst())
                        .build(),
                FailureClass.LIMIT_EXCEEDED,
                "worker-executor-series-histogram-bytes-max");
        assertFails(limited(spec, WorkLimits.newBuilder().setSamplesMax(400)), FailureClass.LIMIT_EXCEEDED, "400");
    }

    private static MatcherSet set(String name, String value) {
        return MatcherSet.newBuilder()
                .addMatchers(Matcher.newBuilder()
                        .setType(Matcher.Type.EQUAL)
                        .setName(name)
                        .setValue(value))
                .build();
    }

    private List<Labels> lookup(WorkSpec spec) throws WorkFailureException {
        Path file = folder.resolve("artifact-" + artifacts++);
        executor.execute(spec, "w", ArtifactTarget.of(file, Long.MAX_VALUE), cancellation);
        try (ArtifactCursor cursor = ParquetArtifactCursor.open(file)) {
            return cursor.series();
        }
    }

    @Test
    void seriesNamesAndValuesComeFromTheIndexes() throws Exception {
        TreeMap<Long, Double> early = new TreeMap<>(Map.of(DAY, 1.0, DAY + HOUR, 1.0));
        TreeMap<Long, Double> late = new TreeMap<>(Map.of(DAY + 10 * HOUR, 1.0));
        Segment first = lake.write(Map.of(labels("a", 1), early, labels("b", 2), late));
        Segment second = lake.write(Map.of(labels("a", 1), late, labels("c", 3), early));
        WorkSpec base = spec(List.of(first, second)).build();
        SeriesLeaf.Builder series = SeriesLeaf.newBuilder()
                .addMatcherSets(set("__name__", "a"))
                .addMatcherSets(set("zone", "z2"))
                .setStartMillis(DAY)
                .setEndMillis(DAY + 24 * HOUR);
        assertThat(lookup(base.toBuilder().setSeries(series).build())).containsExactly(labels("a", 1), labels("b", 2));
        assertThat(lookup(base.toBuilder()
                        .setSeries(series.clone().setEndMillis(DAY + 2 * HOUR))
                        .build()))
                .containsExactly(labels("a", 1));
        assertThat(lookup(base.toBuilder().setSeries(series.clone().setLimit(1)).build()))
                .containsExactly(labels("a", 1));
        assertThat(lookup(base.toBuilder()
                        .setLabelNames(
                                LabelNamesLeaf.newBuilder().setStartMillis(DAY).setEndMillis(DAY + HOUR))
                        .build()))
                .containsExactly(
                        Labels.of("name", "__name__"), Labels.of("name", "instance"), Labels.of("name", "zone"));
        assertThat(lookup(base.toBuilder()
                        .setLabelValues(LabelValuesLeaf.newBuilder()
                                .setLabel("__name__")
                                .setStartMillis(DAY)
                                .setEndMillis(DAY + HOUR))
                        .build()))
                .containsExactly(Labels.of("value", "a"), Labels.of("value", "c"));
        assertThatThrownBy(() -> lookup(base.toBuilder()
                        .setSeries(series)
                        .setLimits(WorkLimits.newBuilder().setSeriesMax(1))
                        .build()))
                .isInstanceOf(WorkFailureException.class)
                .hasMessageContaining("query-series-max");
    }

    /** With a limit no more than that is kept, so that a part larger than query-series-max is no trouble. */
    @Test
    void aLimitedLookupDoesNotCountWhatItLeavesOut() throws Exception {
        TreeMap<Long, Double> samples = new TreeMap<>(Map.of(DAY, 1.0));
        Map<Labels, TreeMap<Long, Double>> many = new TreeMap<>();
        for (int i = 9; i >= 0; i--) {
            many.put(Labels.of("__name__", "m" + i, "l" + i, "x"), samples);
        }
        WorkSpec base = spec(List.of(lake.write(many))).build().toBuilder()
                .setLimits(WorkLimits.newBuilder().setSeriesMax(2))
                .build();
        MatcherSet all = MatcherSet.newBuilder()
                .addMatchers(Matcher.newBuilder()
                        .setType(Matcher.Type.REGEX)
                        .setName("__name__")
                        .setValue(".+"))
                .build();
        // The API asks for one more than the limit, to know whether there are more.
        assertThat(lookup(base.toBuilder()
                        .setSeries(SeriesLeaf.newBuilder()
                                .addMatcherSets(all)
                                .setStartMillis(DAY)
                                .setEndMillis(DAY)
                                .setLimit(3))
                        .build()))
                .containsExactly(
                        Labels.of("__name__", "m0", "l0", "x"),
                        Labels.of("__name__", "m1", "l1", "x"),
                        Labels.of("__name__", "m2", "l2", "x"));
        assertThat(lookup(base.toBuilder()
                        .setLabelNames(LabelNamesLeaf.newBuilder()
                                .setStartMillis(DAY)
                                .setEndMillis(DAY)
                                .setLimit(2))
                        .build()))
                .containsExactly(Labels.of("name", "__name__"), Labels.of("name", "l0"));
        assertThat(lookup(base.toBuilder()
                        .setLabelValues(LabelValuesLeaf.newBuilder()
                                .setLabel("__name__")
                                .setStartMillis(DAY)
                                .setEndMillis(DAY)
                                .setLimit(1))
                        .build()))
                .containsExactly(Labels.of("value", "m0"));
        assertThatThrownBy(() -> lookup(base.toBuilder()
                        .setLabelNames(LabelNamesLeaf.newBuilder()
                                .setStartMillis(DAY)
                                .setEndMillis(DAY)
                                .setLimit(5))
                        .build()))
                .isInstanceOf(WorkFailureException.class)
                .hasMessageContaining("query-series-max");
    }

    private void assertFails(WorkSpec spec, FailureClass expected, String text) throws IOException {
        assertFails(executor, spec, expected, text);
    }

    private void assertFails(WorkExecutor target, WorkSpec spec, FailureClass expected, String text)
            throws IOException {
        Path file = folder.resolve("failed-artifact");
        assertThatThrownBy(() -> target.execute(spec, "w", ArtifactTarget.of(file, Long.MAX_VALUE), cancellation))
                .isInstanceOfSatisfying(
                        WorkFailureException.class,
                        e -> assertThat(e.failureClass()).isEqualTo(expected))
                .hasMessageContaining(text);
        assertThat(file).doesNotExist();
    }

    @Test
    void failuresHaveTheirClassAndNameTheirCause() throws Exception {
        Map<Labels, TreeMap<Long, Double>> content = new HashMap<>();
        for (int i = 0; i < 5; i++) {
            content.put(labels("load", i), samples(new Random(i), DAY, DAY + 2 * HOUR, 15_000));
        }
        List<Segment> segments = List.of(lake.write(content), lake.write(content));
        WorkSpec good = spec(segments)
                .setExpression(leaf("rate(load[5m])", 0, DAY, DAY + 2 * HOUR, 60_000))
                .build();
        assertThat(run(executor, good).cells()).isNotEmpty();
        assertFails(limited(good, WorkLimits.newBuilder().setSeriesMax(4)), FailureClass.LIMIT_EXCEEDED, "more than 4");
        assertFails(limited(good, WorkLimits.newBuilder().setSamplesMax(10)), FailureClass.LIMIT_EXCEEDED, "10");
        assertFails(
                limited(good, WorkLimits.newBuilder().setArtifactBytesMax(500)),
                FailureClass.LIMIT_EXCEEDED,
                "query-artifact-bytes-max");
        assertFails(
                executor(new ExecutorSettings(1_000_000, 1000, 1_000_000, 1 << 30, 100)),
                good,
                FailureClass.LIMIT_EXCEEDED,
                "worker-executor-encoded-batch-bytes-max = 100");
        assertFails(
                good.toBuilder().setExpression(leaf("rate(", 0, DAY, DAY, 0)).build(),
                FailureClass.BAD_QUERY,
                "parse error");
        assertFails(good.toBuilder().clearKind().build(), FailureClass.INTERNAL, "kind of work");
        assertFails(
                good.toBuilder()
                        .setExpression(leaf("load", 0, DAY, DAY, 0).addFeatures("time-travel"))
                        .build(),
                FailureClass.BAD_QUERY,
                "time-travel");
        Segment gone = segments.get(1).toBuilder()
                .setId("gone")
                .setBlocksKey("nowhere")
                .setBlocksChecksum("0".repeat(64))
                .build();
        assertFails(good.toBuilder().setSegments(1, gone).build(), FailureClass.MISSING_OBJECT, "gone");
        cancellation.setRemainingMillis(0);
        assertFails(good, FailureClass.DEADLINE_EXCEEDED, "deadline");
        cancellation.cancel();
        assertFails(good, FailureClass.CANCELED, "canceled");
    }

    private static WorkSpec limited(WorkSpec spec, WorkLimits.Builder limits) {
        return spec.toBuilder().setLimits(limits).build();
    }

    @Test
    void aLocalCopyThatRotsIsFetchedAgain() throws Exception {
        Segment segment = lake.write(Map.of(labels("load", 1), samples(new Random(1), DAY, DAY + 2 * HOUR, 15_000)));
        WorkSpec spec = spec(List.of(segment))
                .setExpression(leaf("load", 0, DAY, DAY + 2 * HOUR, 60_000))
                .build();
        List<Cell> before = run(executor, spec).cells();
        try (Stream<Path> files = Files.list(folder.resolve("cache"))) {
            for (Path file : files.toList()) {
                byte[] content = Files.readAllBytes(file);
                java.util.Arrays.fill(content, 4, content.length - 8, (byte) 0x55);
                Files.write(file, content);
            }
        }
        assertThat(run(executor, spec).cells()).isEqualTo(before);
        assertThat(store.gets).hasValue(3);
    }

    @Test
    void aSegmentBrokenAtItsSourceIsNamed() throws Exception {
        Segment segment = lake.write(Map.of(labels("load", 1), samples(new Random(1), DAY, DAY + 2 * HOUR, 15_000)));
        byte[] text = "no parquet at all".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        store.put("broken", text);
        Segment broken = segment.toBuilder()
                .setBlocksKey("broken")
                .setBlocksSizeBytes(text.length)
                .setBlocksChecksum(java.util.HexFormat.of()
                        .formatHex(java.security.MessageDigest.getInstance("SHA-256")
                                .digest(text)))
                .build();
        assertFails(
                spec(List.of(broken))
                        .setExpression(leaf("load", 0, DAY, DAY + 2 * HOUR, 60_000))
                        .build(),
                FailureClass.CORRUPT_OBJECT,
                segment.getId());
    }
}
