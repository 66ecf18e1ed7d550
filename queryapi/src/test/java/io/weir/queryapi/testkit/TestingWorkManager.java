package io.weir.queryapi.testkit;

import io.weir.lake.Shards;
import io.weir.lake.artifact.ArtifactTarget;
import io.weir.lake.artifact.ArtifactWriter;
import io.weir.promql.aggregate.PartialAggregate;
import io.weir.promql.ast.AggregateOperator;
import io.weir.promql.ast.Expr;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.promql.leaf.LeafEvaluator;
import io.weir.promql.leaf.LeafLimits;
import io.weir.promql.leaf.LeafPlan;
import io.weir.promql.leaf.RawSelection;
import io.weir.promql.parser.Feature;
import io.weir.promql.plan.LeafPlans;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import io.weir.promql.series.StepGrid;
import io.weir.proto.control.v1.WorkStatistics;
import io.weir.proto.leaf.v1.ExpressionLeaf;
import io.weir.proto.leaf.v1.Grid;
import io.weir.proto.leaf.v1.Matcher;
import io.weir.proto.leaf.v1.MatcherSet;
import io.weir.proto.leaf.v1.SketchLeaf;
import io.weir.proto.leaf.v1.WorkSpec;
import io.weir.queryapi.fetch.FetchedFile;
import io.weir.queryapi.workmanager.WorkLoad;
import io.weir.queryapi.workmanager.WorkManager;
import io.weir.queryapi.workmanager.WorkUnit;
import io.weir.sketch.SampleSketches;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.Sketch;
import io.weir.sketch.codec.SketchFormatException;
import io.weir.sketch.codec.WireSketch;
import io.weir.workcoord.coordinator.Priority;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Runs leaves in this process over a {@link TestingLake}, with real artifacts, in an order that a seed shuffles. */
public final class TestingWorkManager implements WorkManager {
    private static final long CELLS_MAX = 1L << 24;

    private final TestingLake lake;
    private final Path folder;
    private final Random random;
    private final AtomicInteger files = new AtomicInteger();
    private final List<WorkUnit> units = new CopyOnWriteArrayList<>();
    private final List<Priority> priorities = new CopyOnWriteArrayList<>();
    private final List<String> cancellations = new CopyOnWriteArrayList<>();
    private volatile boolean workers = true;
    private volatile @Nullable CountDownLatch gate;
    private volatile Function<WorkUnit, @Nullable QueryException> failure = unit -> null;
    private volatile long samplesPerUnit = 1;
    private volatile WorkLoad load = new WorkLoad(1, 1, 0, 0, 0, 0, 4, 1);
    private volatile boolean failed;
    private volatile boolean mayHaveNoWorkers;

    public TestingWorkManager(TestingLake lake, Path folder, long seed) {
        this.lake = lake;
        this.folder = folder;
        this.random = new Random(seed);
    }

    public void setWorkers(boolean workers) {
        this.workers = workers;
    }

    /** Lets no work be done until the latch opens. */
    public void setGate(@Nullable CountDownLatch gate) {
        this.gate = gate;
    }

    /** Makes units fail. */
    public void setFailure(Function<WorkUnit, @Nullable QueryException> failure) {
        this.failure = failure;
    }

    /** What each unit says it read. */
    public void setSamplesPerUnit(long samples) {
        samplesPerUnit = samples;
    }

    public List<WorkUnit> units() {
        return units;
    }

    /** Of the submissions, in their order. */
    public List<Priority> priorities() {
        return priorities;
    }

    public List<String> cancellations() {
        return cancellations;
    }

    /** Artifacts that nobody deleted. */
    public List<Path> leftFiles() throws IOException {
        try (var list = Files.list(folder)) {
            return list.toList();
        }
    }

    @Override
    public QueryWork submit(Submission submission, Listener listener) {
        if (!workers) {
            throw new QueryException.Unavailable("no workers are connected; start one or check --workers");
        }
        units.addAll(submission.units());
        priorities.add(submission.priority());
        var canceled = new AtomicBoolean();
        List<WorkUnit> order = new ArrayList<>(submission.units());
        synchronized (random) {
            Collections.shuffle(order, random);
        }
        Thread.ofVirtual().start(() -> runAll(order, listener, canceled));
        return reason -> {
            if (!canceled.getAndSet(true)) {
                cancellations.add(reason);
            }
        };
    }

    private void runAll(List<WorkUnit> order, Listener listener, AtomicBoolean canceled) {
        try {
            CountDownLatch closed = gate;
            if (closed != null && !closed.await(30, TimeUnit.SECONDS)) {
                throw new QueryException.Internal("the gate stayed closed");
            }
            for (WorkUnit unit : order) {
                if (canceled.get()) {
                    return;
                }
                QueryException cause = failure.apply(unit);
                if (cause != null) {
                    listener.failed(cause);
                    return;
                }
                Path file = folder.resolve("artifact-" + files.incrementAndGet());
                run(unit, file);
                WorkStatistics statistics = WorkStatistics.newBuilder()
                        .setSamplesRead(samplesPerUnit)
                        .build();
                if (canceled.get()) {
                    Files.delete(file);
                    return;
                }
                listener.committed(
                        unit,
                        new FetchedArtifact(new FetchedFile(file, () -> {}), Files.size(file), "testing", statistics));
            }
        } catch (QueryException e) {
            listener.failed(e);
        } catch (IOException | RuntimeException e) {
            listener.failed(new QueryException.Internal("the testing worker failed: " + e, e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run(WorkUnit unit, Path file) throws IOException {
        WorkSpec spec = unit.spec();
        switch (spec.getKindCase()) {
            case EXPRESSION -> expression(unit, file);
            case SERIES -> lookup(unit, file, spec.getSeries().getMatcherSetsList(), labels -> Set.of(labels));
            case LABEL_NAMES ->
                lookup(
                        unit,
                        file,
                        spec.getLabelNames().getMatcherSetsList(),
                        labels -> labels.toMap().keySet().stream()
                                .map(name -> Labels.of("name", name))
                                .collect(Collectors.toSet()));
            case LABEL_VALUES ->
                lookup(unit, file, spec.getLabelValues().getMatcherSetsList(), labels -> {
                    Labels value =
                            Labels.of("value", labels.get(spec.getLabelValues().getLabel()));
                    return value.size() == 0 ? Set.of() : Set.of(value);
                });
            case SKETCHES -> sketches(unit, file);
            case KIND_NOT_SET -> throw new IllegalStateException("no kind");
        }
    }

    private static StepGrid grid(Grid grid) {
        return new StepGrid(grid.getStartMillis(), grid.getEndMillis(), grid.getStepMillis());
    }

    private void expression(WorkUnit unit, Path file) throws IOException {
        ExpressionLeaf leaf = unit.spec().getExpression();
        PartialAggregate aggregate = null;
        if (leaf.hasAggregate()) {
            aggregate = new PartialAggregate(
                    AggregateOperator.valueOf(leaf.getAggregate().getOperator().toUpperCase(Locale.ROOT)),
                    leaf.getAggregate().getWithout(),
                    leaf.getAggregate().getGroupingList(),
                    leaf.getAggregate().getParameter(),
                    leaf.getAggregate().getLabel());
        }
        Set<Feature> features = leaf.getFeaturesList().stream()
                .map(name -> Feature.byName(name).orElseThrow())
                .collect(Collectors.toSet());
        LeafPlan plan = LeafPlans.rebuild(
                leaf.getQuery(),
                grid(leaf.getQueryGrid()),
                grid(leaf.getLeafGrid()),
                leaf.getExprOrdinal(),
                aggregate,
                leaf.getLookbackMillis(),
                leaf.getSubqueryStepMillis(),
                features);
        long bytesMax = unit.spec().getLimits().getArtifactBytesMax();
        if (plan.expression() instanceof Expr.MatrixSelector) {
            raw(unit, file, plan, bytesMax);
            return;
        }
        LeafEvaluator evaluator =
                new LeafEvaluator(plan, new LeafLimits(unit.spec().getLimits().getSamplesMax(), CELLS_MAX));
        selected(unit, plan.selector().matchers())
                .forEach(entry -> evaluator.add(
                        entry.getKey(), window(entry.getValue(), plan.dataStartMillis(), plan.dataEndMillis(), true)));
        var ignored = ArtifactWriter.write(file, unit.workId(), evaluator.finish(), bytesMax);
        Objects.requireNonNull(ignored);
    }

    private void raw(WorkUnit unit, Path file, LeafPlan plan, long bytesMax) throws IOException {
        List<Labels> series = new ArrayList<>();
        List<SampleBuffer> samples = new ArrayList<>();
        RawSelection selection = new RawSelection(plan);
        selected(unit, plan.selector().matchers()).forEach(entry -> {
            SampleBuffer window =
                    selection.select(window(entry.getValue(), plan.dataStartMillis(), plan.dataEndMillis(), true));
            if (window.size() > 0) {
                series.add(entry.getKey());
                samples.add(window);
            }
        });
        Objects.requireNonNull(ArtifactWriter.writeSamples(file, unit.workId(), series, samples, List.of(), bytesMax));
    }

    /** As a worker does it, sample by sample. */
    private void sketches(WorkUnit unit, Path file) throws IOException {
        SketchLeaf leaf = unit.spec().getSketches();
        List<LabelMatcher> matchers = leaf.getMatchers().getMatchersList().stream()
                .map(TestingWorkManager::matcher)
                .toList();
        long[] ends = new long[leaf.getGranules()];
        for (int i = 0; i < ends.length; i++) {
            ends[i] = leaf.getFirstGranuleEndMillis() + i * leaf.getGranuleMillis();
        }
        List<Labels> series = new ArrayList<>();
        List<byte[] @Nullable []> cells = new ArrayList<>();
        for (Map.Entry<Labels, SampleBuffer> entry : selected(unit, matchers)) {
            byte[] @Nullable [] row = new byte[ends.length] @Nullable [];
            for (int i = 0; i < ends.length; i++) {
                SampleBuffer window = window(entry.getValue(), ends[i] - leaf.getGranuleMillis(), ends[i], false);
                row[i] = window.size() == 0 ? null : sketch(leaf, window);
            }
            if (Arrays.stream(row).anyMatch(Objects::nonNull)) {
                series.add(entry.getKey());
                cells.add(row);
            }
        }
        ArtifactTarget target = ArtifactTarget.of(file, unit.spec().getLimits().getArtifactBytesMax());
        Objects.requireNonNull(ArtifactWriter.writeCells(
                target,
                unit.workId(),
                series,
                ends,
                cells.toArray(byte[][][]::new),
                new double[series.size()][ends.length]));
    }

    private static byte[] sketch(SketchLeaf leaf, SampleBuffer samples) {
        Sketch sketch = switch (leaf.getKind()) {
            case DDSKETCH -> SampleSketches.quantiles(leaf.getRelativeAccuracy());
            case HYPERLOGLOG -> SampleSketches.distinct(leaf.getPrecision());
            case FREQUENCIES -> SampleSketches.frequencies(leaf.getCandidatesMax());
            case KIND_UNSPECIFIED, UNRECOGNIZED -> throw new IllegalStateException("no kind of sketch");
        };
        for (int i = 0; i < samples.size(); i++) {
            SampleSketches.record(sketch, samples.values()[i]);
        }
        try {
            return WireSketch.encode(SampledSketch.of(sketch)).toByteArray();
        } catch (SketchFormatException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<Map.Entry<Labels, SampleBuffer>> selected(WorkUnit unit, List<LabelMatcher> matchers) {
        return lake.series().entrySet().stream()
                .filter(entry -> inShards(unit.spec(), entry.getKey()))
                .filter(entry -> matchers.stream().allMatch(matcher -> matcher.matches(entry.getKey())))
                .toList();
    }

    private static boolean inShards(WorkSpec spec, Labels labels) {
        int shard = Shards.of(labels);
        return shard >= spec.getShardFrom() && shard < spec.getShardTo();
    }

    private static SampleBuffer window(SampleBuffer all, long afterMillis, long untilMillis, boolean withMarkers) {
        var window = new SampleBuffer(all.size());
        for (int i = 0; i < all.size(); i++) {
            long time = all.timestamps()[i];
            if (time > afterMillis && time <= untilMillis && (withMarkers || !StaleMarker.is(all.values()[i]))) {
                window.addFrom(all, i);
            }
        }
        return window;
    }

    private void lookup(WorkUnit unit, Path file, List<MatcherSet> sets, Function<Labels, Set<Labels>> projection)
            throws IOException {
        TreeSet<Labels> found = new TreeSet<>();
        for (Labels labels : lake.series().keySet()) {
            boolean matches = sets.isEmpty()
                    || sets.stream()
                            .anyMatch(set -> set.getMatchersList().stream()
                                    .allMatch(matcher -> matcher(matcher).matches(labels)));
            if (matches && inShards(unit.spec(), labels)) {
                found.addAll(projection.apply(labels));
            }
        }
        Objects.requireNonNull(
                ArtifactWriter.writeSeries(file, unit.workId(), List.copyOf(found), List.of(), 1L << 30));
    }

    private static LabelMatcher matcher(Matcher matcher) {
        LabelMatcher.Type type = switch (matcher.getType()) {
            case EQUAL -> LabelMatcher.Type.EQUAL;
            case NOT_EQUAL -> LabelMatcher.Type.NOT_EQUAL;
            case REGEX -> LabelMatcher.Type.REGEX;
            case NOT_REGEX -> LabelMatcher.Type.NOT_REGEX;
            case UNRECOGNIZED -> throw new IllegalStateException("matcher type");
        };
        return LabelMatcher.of(type, matcher.getName(), matcher.getValue());
    }

    /** What the manager says of its load. */
    public void setLoad(WorkLoad load) {
        this.load = load;
    }

    /** Makes the manager say that it has stopped. */
    public void setFailed(boolean failed) {
        this.failed = failed;
    }

    public void setMayHaveNoWorkers(boolean mayHaveNoWorkers) {
        this.mayHaveNoWorkers = mayHaveNoWorkers;
    }

    @Override
    public WorkLoad load() {
        return load;
    }

    @Override
    public boolean isFailed() {
        return failed;
    }

    @Override
    public boolean mayHaveNoWorkers() {
        return mayHaveNoWorkers;
    }

    @Override
    public List<WorkerView> workers() {
        return workers
                ? List.of(new WorkerView("worker-1", "127.0.0.1:1", "alive", true, false, 4, 0, 0, 0, Double.NaN, 5, 6))
                : List.of();
    }

    @Override
    public Optional<String> placement(String affinityKey) {
        return workers ? Optional.of("worker-1") : Optional.empty();
    }
}
