package io.weir.queryworker.exec;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.lake.artifact.ArtifactMeta;
import io.weir.lake.artifact.ArtifactTarget;
import io.weir.lake.artifact.ArtifactWriter;
import io.weir.lake.segment.CorruptSegmentException;
import io.weir.lake.segment.SeriesIndex;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.promql.leaf.LeafEvaluator;
import io.weir.promql.leaf.LeafLimits;
import io.weir.promql.leaf.LeafPlan;
import io.weir.promql.leaf.RawSelection;
import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.proto.control.v1.WorkStatistics;
import io.weir.proto.leaf.v1.Segment;
import io.weir.proto.leaf.v1.WorkLimits;
import io.weir.proto.leaf.v1.WorkSpec;
import io.weir.proto.trace.Trace;
import io.weir.queryworker.cache.CacheUse;
import io.weir.queryworker.cache.SegmentCache;
import io.weir.queryworker.workmanager.WorkExecutor;
import io.weir.queryworker.workmanager.WorkFailureException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Executes work: selects the series in the segments' indexes, reads their blocks, stitches and de-duplicates the segments, runs the leaf's
 * kernels series by series, and writes the artifact. Thread-safe; every call uses the caller's thread.
 *
 * <p>The result depends on the data alone: series are evaluated in the order (metric name, shard, labels), whatever segments they come from, and of
 * samples with the same time the one of the segment with the greatest id counts.
 */
public final class LeafExecutor implements WorkExecutor {
    private static final Logger LOGGER = LoggerFactory.getLogger(LeafExecutor.class);
    private static final long NANOS_PER_MICRO = 1_000;

    private final SegmentCache cache;
    private final BlockReaders readers;
    private final ExecutorSettings settings;
    private final Counter samplesCounter;
    private final Map<FailureClass, Counter> failureCounters = new EnumMap<>(FailureClass.class);

    public LeafExecutor(SegmentCache cache, BlockReaders readers, ExecutorSettings settings, MeterRegistry registry) {
        this.cache = cache;
        this.readers = readers;
        this.settings = settings;
        this.samplesCounter = Counter.builder("weir_task_samples_total")
                .description("Samples read by work")
                .register(registry);
        for (FailureClass failure : FailureClass.values()) {
            if (failure != FailureClass.UNRECOGNIZED) {
                failureCounters.put(
                        failure,
                        Counter.builder("weir_task_failures_total")
                                .description("Pieces of work that failed, by class")
                                .tag("class", failure.name())
                                .register(registry));
            }
        }
    }

    /** The limits of a piece of work: what it was sent, if anything, but no more than this worker's settings. */
    private record Limits(long samplesMax, long seriesMax, long artifactBytesMax) {
        static Limits of(WorkLimits sent, ExecutorSettings settings) {
            return new Limits(
                    tighter(sent.getSamplesMax(), settings.samplesMax()),
                    tighter(sent.getSeriesMax(), settings.seriesMax()),
                    tighter(sent.getArtifactBytesMax(), settings.artifactBytesMax()));
        }

        private static long tighter(long sent, long own) {
            return sent > 0 ? Math.min(sent, own) : own;
        }
    }

    @Override
    public Result execute(WorkSpec spec, String workId, ArtifactTarget target, Cancellation cancellation)
            throws WorkFailureException {
        long startNanos = System.nanoTime();
        WorkStatistics.Builder statistics = WorkStatistics.newBuilder();
        try (var use = new CacheUse(cancellation)) {
            ArtifactMeta artifact = run(spec, workId, target, cancellation, use, statistics);
            long nanos = System.nanoTime() - startNanos;
            samplesCounter.increment(statistics.getSamplesRead());
            return new Result(
                    artifact,
                    statistics
                            .setDownloadBytes(use.downloadedBytes())
                            .setExecutionMicros(nanos / NANOS_PER_MICRO)
                            .build());
        } catch (WorkFailureException e) {
            throw counted(e);
        } catch (QueryException e) {
            throw counted(Failures.of(e));
        } catch (CancellationException e) {
            throw counted(Failures.canceled(cancellation, e));
        } catch (IOException e) {
            throw counted(Failures.writing(e));
        } catch (DuckDbException e) {
            throw counted(Failures.of(e));
        } catch (OutOfMemoryError e) {
            throw counted(Failures.outOfMemory("the worker ran out of memory", e));
        } catch (RuntimeException e) {
            LOGGER.error("work failed by a defect", e);
            throw counted(new WorkFailureException(FailureClass.INTERNAL, "the worker failed: " + e, e));
        }
    }

    private WorkFailureException counted(WorkFailureException failure) {
        Counter counter = failureCounters.get(failure.failureClass());
        if (counter != null) {
            counter.increment();
        }
        return failure;
    }

    private ArtifactMeta run(
            WorkSpec spec,
            String workId,
            ArtifactTarget target,
            Cancellation cancellation,
            CacheUse use,
            WorkStatistics.Builder statistics)
            throws WorkFailureException, IOException {
        Limits limits = Limits.of(spec.getLimits(), settings);
        return switch (spec.getKindCase()) {
            case EXPRESSION -> expression(spec, workId, target, cancellation, use, statistics, limits);
            case SKETCHES -> sketches(spec, workId, target, cancellation, use, statistics, limits);
            case SERIES, LABEL_NAMES, LABEL_VALUES ->
                lookup(spec, workId, target, cancellation, use, statistics, limits);
            case KIND_NOT_SET ->
                throw new WorkFailureException(
                        FailureClass.INTERNAL,
                        "this worker does not know the kind of work it was sent; run API and workers of the same"
                                + " release");
        };
    }

    private ArtifactMeta lookup(
            WorkSpec spec,
            String workId,
            ArtifactTarget target,
            Cancellation cancellation,
            CacheUse use,
            WorkStatistics.Builder statistics,
            Limits limits)
            throws WorkFailureException, IOException {
        var scan = new LookupScan(cache, cancellation, use, limits.seriesMax());
        List<Labels> found = switch (spec.getKindCase()) {
            case SERIES -> {
                var leaf = spec.getSeries();
                yield scan.series(
                        spec,
                        LeafSpecs.matcherSets(leaf.getMatcherSetsList()),
                        leaf.getStartMillis(),
                        leaf.getEndMillis(),
                        leaf.getLimit());
            }
            case LABEL_NAMES -> {
                var leaf = spec.getLabelNames();
                yield scan.names(
                        spec,
                        LeafSpecs.matcherSets(leaf.getMatcherSetsList()),
                        leaf.getStartMillis(),
                        leaf.getEndMillis(),
                        leaf.getLimit());
            }
            case LABEL_VALUES -> {
                var leaf = spec.getLabelValues();
                yield scan.values(
                        spec,
                        leaf.getLabel(),
                        LeafSpecs.matcherSets(leaf.getMatcherSetsList()),
                        leaf.getStartMillis(),
                        leaf.getEndMillis(),
                        leaf.getLimit());
            }
            case EXPRESSION, SKETCHES, KIND_NOT_SET ->
                throw new IllegalStateException("no lookup: " + spec.getKindCase());
        };
        statistics.setSeriesMatched(scan.seriesMatched());
        return ArtifactWriter.writeSeries(target.withBytesMax(limits.artifactBytesMax()), workId, found, List.of());
    }

    private ArtifactMeta expression(
            WorkSpec spec,
            String workId,
            ArtifactTarget target,
            Cancellation cancellation,
            CacheUse use,
            WorkStatistics.Builder statistics,
            Limits limits)
            throws WorkFailureException, IOException {
        LeafPlan plan = LeafSpecs.plan(spec.getExpression());
        Reading reading = new Reading(plan.selector().matchers(), plan.dataStartMillis(), plan.dataEndMillis());
        return read(
                spec,
                reading,
                cancellation,
                use,
                statistics,
                limits,
                (scan, selected) -> evaluate(plan, workId, target, limits, scan, selected));
    }

    private ArtifactMeta sketches(
            WorkSpec spec,
            String workId,
            ArtifactTarget target,
            Cancellation cancellation,
            CacheUse use,
            WorkStatistics.Builder statistics,
            Limits limits)
            throws WorkFailureException, IOException {
        var first = new SketchSeries(spec.getSketches(), settings.sketchBytesMax(), settings.resultCellsMax());
        Reading reading = new Reading(
                LeafSpecs.matchers(spec.getSketches().getMatchers()), first.afterMillis(), first.untilMillis());
        return read(spec, reading, cancellation, use, statistics, limits, (scan, selected) -> {
            var sketches = new SketchSeries(spec.getSketches(), settings.sketchBytesMax(), settings.resultCellsMax());
            scan(scan, selected, (labels, samples) -> {
                if (scan.samplesRead() > limits.samplesMax()) {
                    throw new QueryException.LimitExceeded("one piece of work reads more samples than "
                            + limits.samplesMax() + ", the smaller of the settings query-samples-max and"
                            + " worker-executor-samples-max; select fewer series or a shorter range");
                }
                sketches.accept(labels, samples);
            });
            try (Trace span = Trace.current().child("write artifact")) {
                return sketches.write(target.withBytesMax(limits.artifactBytesMax()), workId);
            }
        });
    }

    /**
     * What is read.
     *
     * @param afterMillis not of it
     * @param untilMillis of it
     */
    private record Reading(List<LabelMatcher> matchers, long afterMillis, long untilMillis) {}

    /** Makes an artifact of what a scan finds; begins anew when it is called again. */
    private interface Evaluation {
        ArtifactMeta run(LeafScan scan, List<SelectedSeries> selected) throws WorkFailureException, IOException;
    }

    private ArtifactMeta read(
            WorkSpec spec,
            Reading reading,
            Cancellation cancellation,
            CacheUse use,
            WorkStatistics.Builder statistics,
            Limits limits,
            Evaluation evaluation)
            throws WorkFailureException, IOException {
        List<SelectedSeries> selected = select(spec, reading, use);
        for (boolean again = true; ; again = false) {
            LeafScan scan = new LeafScan(
                    cache,
                    readers,
                    settings,
                    limits.seriesMax(),
                    cancellation,
                    use,
                    reading.afterMillis(),
                    reading.untilMillis());
            try (AutoCloseable registration = cancellation.onCancel(scan::cancel)) {
                ArtifactMeta artifact = evaluation.run(scan, selected);
                statistics
                        .setSamplesRead(scan.samplesRead())
                        .setBlocksRead(scan.blocksRead())
                        .setSeriesMatched(scan.seriesMatched());
                return artifact;
            } catch (CorruptSegmentException e) {
                if (cancellation.isCanceled()) {
                    // An interrupted read looks like a damaged file.
                    throw new CancellationException("canceled while reading");
                }
                Segment segment = scan.current();
                if (!again || segment == null || !cache.dropBlocksIfDamaged(segment)) {
                    throw corrupt(segment, e);
                }
                LOGGER.warn("reading again after a damaged local copy: segment {}", segment.getId());
            } catch (WorkFailureException | IOException | RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException("withdrawing a cancellation action failed", e);
            }
        }
    }

    private ArtifactMeta evaluate(
            LeafPlan plan,
            String workId,
            ArtifactTarget target,
            Limits limits,
            LeafScan scan,
            List<SelectedSeries> selected)
            throws WorkFailureException, IOException {
        if (RawSelection.isRaw(plan)) {
            var samples =
                    new RawSamples(new RawSelection(plan), Math.min(limits.samplesMax(), settings.resultCellsMax()));
            scan(scan, selected, samples);
            try (Trace span = Trace.current().child("write artifact")) {
                return samples.write(target.withBytesMax(limits.artifactBytesMax()), workId);
            }
        }
        LeafEvaluator evaluator = new LeafEvaluator(
                plan, new LeafLimits(limits.samplesMax(), settings.resultCellsMax()), scan::checkCanceled);
        scan(scan, selected, evaluator::add);
        try (Trace span = Trace.current().child("write artifact")) {
            return ArtifactWriter.write(target.withBytesMax(limits.artifactBytesMax()), workId, evaluator.finish());
        }
    }

    private static void scan(LeafScan scan, List<SelectedSeries> selected, SeriesConsumer consumer)
            throws WorkFailureException {
        try (Trace span = Trace.current().child("scan and evaluate")) {
            scan.read(selected, consumer);
            if (span.isRecording()) {
                span.set("segments", selected.size())
                        .set("samples", scan.samplesRead())
                        .set("series", scan.seriesMatched());
            }
        }
    }

    private List<SelectedSeries> select(WorkSpec spec, Reading reading, CacheUse use) throws WorkFailureException {
        List<Segment> segments = new ArrayList<>();
        for (Segment segment : spec.getSegmentsList()) {
            if (segment.getMinTimeMillis() <= reading.untilMillis()
                    && segment.getMaxTimeMillis() > reading.afterMillis()) {
                segments.add(segment);
            }
        }
        segments.sort(Comparator.comparing(Segment::getId));
        List<SeriesIndex> indexes = cache.indexes(segments, use);
        List<SelectedSeries> selected = new ArrayList<>();
        for (int i = 0; i < segments.size(); i++) {
            SelectedSeries series = SelectedSeries.select(
                    segments.get(i),
                    indexes.get(i),
                    reading.matchers(),
                    spec.getShardFrom(),
                    spec.getShardTo(),
                    reading.afterMillis() + 1,
                    reading.untilMillis());
            if (series.size() > 0) {
                selected.add(series);
            }
        }
        return selected;
    }

    private static WorkFailureException corrupt(@Nullable Segment segment, CorruptSegmentException cause) {
        String id = segment == null ? "unknown" : segment.getId();
        return new WorkFailureException(
                FailureClass.CORRUPT_OBJECT, "segment " + id + " cannot be read: " + cause.getMessage(), cause);
    }
}
