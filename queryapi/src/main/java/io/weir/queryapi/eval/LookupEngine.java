package io.weir.queryapi.eval;

import io.weir.lake.artifact.ArtifactCursor;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import io.weir.proto.leaf.v1.Segment;
import io.weir.queryapi.eval.QuerySessions.Session;
import io.weir.queryapi.monitor.QueryMetrics;
import io.weir.queryapi.monitor.RunningQuery;
import io.weir.queryapi.plan.LookupPlanning;
import io.weir.queryapi.plan.LookupRequest;
import io.weir.queryapi.plan.QueryPlanning;
import io.weir.queryapi.workmanager.WorkManager;
import io.weir.queryapi.workmanager.WorkManager.QueryWork;
import io.weir.queryapi.workmanager.WorkManager.Submission;
import io.weir.queryapi.workmanager.WorkUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Answers questions about series through the same work path as queries. Thread-safe. */
public final class LookupEngine {
    private final LookupPlanning planning;
    private final WorkManager workManager;
    private final ArtifactOpener opener;
    private final QueryLimits limits;
    private final QueryMetrics metrics;
    private final Reruns reruns;

    public LookupEngine(
            LookupPlanning planning,
            QueryPlanning catalog,
            WorkManager workManager,
            ArtifactOpener opener,
            QueryLimits limits,
            QueryMetrics metrics) {
        this.planning = planning;
        this.workManager = workManager;
        this.opener = opener;
        this.limits = limits;
        this.metrics = metrics;
        this.reruns = new Reruns(catalog, limits.runsMax());
    }

    /**
     * An answer.
     *
     * @param series label sets, sorted and unique; for names and values each has one label with the name or value
     * @param truncated whether there are more than the limit
     */
    public record Answer(List<Labels> series, boolean truncated) {
        /** The values of the only label of each element. */
        public List<String> strings() {
            return series.stream().map(labels -> labels.value(0)).toList();
        }
    }

    public Answer run(Session session, LookupRequest request) {
        if (request.endMillis() < request.startMillis()) {
            // No error in Prometheus; no sample lies there.
            return new Answer(List.of(), false);
        }
        for (int run = 0; ; run++) {
            session.running().phase(RunningQuery.Phase.PLANNING);
            List<WorkUnit> units = planning.work(request, run);
            if (units.isEmpty()) {
                return new Answer(List.of(), false);
            }
            try {
                return runOnce(session, request, units);
            } catch (QueryException e) {
                Set<String> ids = units.getFirst().spec().getSegmentsList().stream()
                        .map(Segment::getId)
                        .collect(Collectors.toSet());
                if (!reruns.isWorthAnother(e, run, request.tenant(), ids)) {
                    throw e;
                }
                metrics.rerun();
            }
        }
    }

    private Answer runOnce(Session session, LookupRequest request, List<WorkUnit> units) {
        session.running().phase(RunningQuery.Phase.WORKING);
        session.control().check();
        QueryWork work = null;
        Runnable withdrawal = () -> {};
        try (WorkInbox inbox =
                new WorkInbox(Map.of(0, List.of(units)), limits.samplesMax(), session.running(), session.control())) {
            work = workManager.submit(
                    new Submission(
                            request.queryId(),
                            request.tenant(),
                            session.control().deadlineNanos(),
                            units),
                    inbox);
            withdrawal = QueryEngine.cancelWhenStopped(session.control(), work);
            try (FetchedCursors cursors = new FetchedCursors(inbox.take(0), opener)) {
                session.running().phase(RunningQuery.Phase.EVALUATING);
                return merge(cursors.list(), request.limit(), session.control());
            }
        } finally {
            withdrawal.run();
            if (work != null) {
                work.cancel("the lookup ended");
            }
        }
    }

    private Answer merge(List<ArtifactCursor> cursors, int limit, QueryControl control) {
        TreeSet<Labels> union = new TreeSet<>();
        for (ArtifactCursor cursor : cursors) {
            control.check();
            union.addAll(cursor.series());
            // One more than the limit tells that there is more.
            while (limit > 0 && union.size() - 1 > limit) {
                union.pollLast();
            }
            if (union.size() - (limit > 0 ? 1 : 0) > limits.seriesMax()) {
                throw new QueryException.LimitExceeded("the answer has more than " + limits.seriesMax()
                        + " elements (setting query-series-max); narrow the selector or use the parameter limit");
            }
        }
        List<Labels> series = new ArrayList<>(union);
        return limit > 0 && series.size() > limit
                ? new Answer(series.subList(0, limit), true)
                : new Answer(series, false);
    }
}
