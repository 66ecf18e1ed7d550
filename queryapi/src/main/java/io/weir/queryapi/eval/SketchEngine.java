package io.weir.queryapi.eval;

import com.google.protobuf.InvalidProtocolBufferException;
import io.weir.lake.artifact.ArtifactCursor;
import io.weir.lake.artifact.CorruptArtifactException;
import io.weir.lake.segment.SegmentMeta;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import io.weir.queryapi.eval.QuerySessions.Session;
import io.weir.queryapi.monitor.EngineMetrics;
import io.weir.queryapi.monitor.RunningQuery;
import io.weir.queryapi.plan.QueryPlanning;
import io.weir.queryapi.plan.SketchPlanning;
import io.weir.queryapi.spi.SketchQueries.Answer;
import io.weir.queryapi.spi.SketchQueries.Granules;
import io.weir.queryapi.spi.SketchQueries.Part;
import io.weir.queryapi.spi.SketchQueries.Question;
import io.weir.queryapi.spi.SketchQueries.SegmentSpan;
import io.weir.queryapi.workmanager.WorkManager;
import io.weir.queryapi.workmanager.WorkManager.QueryWork;
import io.weir.queryapi.workmanager.WorkManager.Submission;
import io.weir.queryapi.workmanager.WorkUnit;
import io.weir.sketch.DdSketchLimits;
import io.weir.sketch.Sketch;
import io.weir.sketch.codec.DecodeLimits;
import io.weir.sketch.codec.SketchFormatException;
import io.weir.sketch.codec.WireSketch;
import io.weir.sketch.hash.ColumnHashing;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Answers questions for sketches: has the work done and collects its results. Thread-safe; a question runs on the thread that asks. */
public final class SketchEngine {
    private final SketchPlanning planning;
    private final WorkManager workManager;
    private final ArtifactOpener opener;
    private final QueryLimits limits;
    private final EngineMetrics metrics;
    private final Reruns reruns;

    public SketchEngine(
            QueryPlanning planning,
            WorkManager workManager,
            ArtifactOpener opener,
            QueryLimits limits,
            EngineMetrics metrics) {
        this.planning = new SketchPlanning(planning);
        this.workManager = workManager;
        this.opener = opener;
        this.limits = limits;
        this.metrics = metrics;
        this.reruns = new Reruns(planning, limits.runsMax());
    }

    /** The segments that a question would read, by its plan. */
    public SketchPlanning planning() {
        return planning;
    }

    public static List<SegmentSpan> spans(List<SegmentMeta> segments) {
        return segments.stream()
                .map(segment -> new SegmentSpan(segment.id(), segment.minTimeMillis(), segment.maxTimeMillis()))
                .toList();
    }

    /** Runs a question. */
    public Answer run(Session session, Question question) {
        for (int run = 0; ; run++) {
            session.running().phase(RunningQuery.Phase.PLANNING);
            SketchPlanning.Planned planned = planning.work(session.question().queryId(), question, run);
            metrics.planned(session.elapsedNanos());
            if (planned.units().isEmpty()) {
                return new Answer(spans(planned.segments()), List.of());
            }
            try {
                return new Answer(spans(planned.segments()), runOnce(session, question, planned.units()));
            } catch (QueryException e) {
                Set<String> ids =
                        planned.segments().stream().map(SegmentMeta::id).collect(Collectors.toSet());
                if (!reruns.isWorthAnother(e, run, question.tenant(), ids)) {
                    throw e;
                }
                metrics.rerun();
            }
        }
    }

    private List<Part> runOnce(Session session, Question question, List<WorkUnit> units) {
        session.running().phase(RunningQuery.Phase.WORKING);
        session.control().check();
        QueryWork work = null;
        Runnable withdrawal = () -> {};
        try (WorkInbox inbox =
                new WorkInbox(Map.of(0, List.of(units)), limits.samplesMax(), session.running(), session.control())) {
            work = workManager.submit(
                    new Submission(
                            session.question().queryId(),
                            question.tenant(),
                            session.control().deadlineNanos(),
                            units,
                            session.question().priority()),
                    inbox);
            withdrawal = QueryEngine.cancelWhenStopped(session.control(), work);
            try (FetchedCursors cursors = new FetchedCursors(inbox.take(0), opener)) {
                session.running().phase(RunningQuery.Phase.EVALUATING);
                List<Part> parts = new Collection(question, session.control()).collect(cursors.list());
                metrics.samplesRead(inbox.samplesRead());
                return parts;
            }
        } finally {
            withdrawal.run();
            if (work != null) {
                work.cancel("the sketches are complete, or failed");
            }
        }
    }

    /** Reads the artifacts of one question. */
    private final class Collection {
        private final Question question;
        private final QueryControl control;
        private final WireSketch codec;
        private final List<Part> parts = new ArrayList<>();
        private long bytes;

        Collection(Question question, QueryControl control) {
            this.question = question;
            this.control = control;
            DecodeLimits defaults = DecodeLimits.DEFAULT;
            codec = new WireSketch(new DecodeLimits(
                    defaults.bytesMax(),
                    defaults.valuesMax(),
                    defaults.cellsMax(),
                    Math.max(defaults.keysMax(), question.form().candidatesMax()),
                    defaults.keyBytesMax(),
                    question.form().candidatesMax(),
                    DdSketchLimits.DEFAULT,
                    ColumnHashing.PACKED));
        }

        List<Part> collect(List<ArtifactCursor> cursors) {
            int series = 0;
            for (ArtifactCursor cursor : cursors) {
                series += cursor.series().size();
                if (series > limits.seriesMax()) {
                    throw new QueryException.LimitExceeded("the sketches are of more than " + limits.seriesMax()
                            + " series (setting query-series-max); narrow the selector");
                }
                while (cursor.next()) {
                    control.check();
                    add(cursor);
                }
            }
            return parts;
        }

        private void add(ArtifactCursor cursor) {
            Granules granules = question.granules();
            long past = cursor.stepMillis() - granules.firstEndMillis();
            byte[] cell = cursor.cell();
            if (cell == null
                    || past < 0
                    || past % granules.lengthMillis() != 0
                    || past / granules.lengthMillis() >= granules.count()) {
                throw new CorruptArtifactException("a row of sketches at " + cursor.stepMillis() + " is no granule's");
            }
            Sketch sketch = decode(cell);
            bytes += sketch.retainedBytes();
            if (bytes > question.heapBytesMax()) {
                throw new QueryException.LimitExceeded("the sketches take more than " + question.heapBytesMax()
                        + " bytes; select fewer series, or build smaller sketches");
            }
            Labels labels = cursor.series().get(cursor.seriesOrdinal());
            parts.add(new Part(labels, (int) (past / granules.lengthMillis()), sketch));
        }

        private Sketch decode(byte[] cell) {
            try {
                return codec.decode(
                                io.weir.proto.sketch.v1.Sketch.parseFrom(cell),
                                Optional.of(question.form().kind()))
                        .sketch();
            } catch (InvalidProtocolBufferException | SketchFormatException e) {
                throw new CorruptArtifactException("a sketch cannot be read: " + e.getMessage(), e);
            }
        }
    }
}
