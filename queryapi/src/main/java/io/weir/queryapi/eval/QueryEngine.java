package io.weir.queryapi.eval;

import io.weir.promql.annotation.Annotations;
import io.weir.promql.error.QueryException;
import io.weir.promql.plan.QueryPlan;
import io.weir.queryapi.eval.QuerySessions.Session;
import io.weir.queryapi.monitor.EngineMetrics;
import io.weir.queryapi.monitor.RunningQuery;
import io.weir.queryapi.plan.LeafWork;
import io.weir.queryapi.plan.PlannedQuery;
import io.weir.queryapi.plan.QueryPlanning;
import io.weir.queryapi.plan.QueryRequest;
import io.weir.queryapi.workmanager.WorkManager;
import io.weir.queryapi.workmanager.WorkManager.QueryWork;
import io.weir.queryapi.workmanager.WorkManager.Submission;
import io.weir.queryapi.workmanager.WorkUnit;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers queries: plans them, has their work done, evaluates the results into a sink. Thread-safe; a query runs on the thread that asks.
 *
 * <p>Work that fails because segments were replaced meanwhile (compaction), or because an object is missing or damaged, makes the query read the
 * catalog again and run again, so many times; the steps its sink has got already are not repeated.
 */
public final class QueryEngine {
    private static final Logger LOG = LoggerFactory.getLogger(QueryEngine.class);

    private final QueryPlanning planning;
    private final WorkManager workManager;
    private final ArtifactOpener opener;
    private final QueryLimits limits;
    private final EngineMetrics metrics;
    private final Reruns reruns;

    public QueryEngine(
            QueryPlanning planning,
            WorkManager workManager,
            ArtifactOpener opener,
            QueryLimits limits,
            EngineMetrics metrics) {
        this.planning = planning;
        this.workManager = workManager;
        this.opener = opener;
        this.limits = limits;
        this.metrics = metrics;
        this.reruns = new Reruns(planning, limits.runsMax());
    }

    /**
     * What a query cost.
     *
     * @param planningNanos until its work was submitted
     * @param samplesRead by all its work
     * @param peakValues the most values that the evaluation held at once
     */
    public record QueryStatistics(long planningNanos, long totalNanos, long samplesRead, long peakValues, int units) {}

    /**
     * Runs a planned query.
     *
     * @param earlyResults whether the sink wants its first steps before all work is done
     * @throws IOException if the sink does not take the result
     */
    public QueryStatistics run(
            Session session, QueryRequest request, QueryPlan plan, ResultSink sink, boolean earlyResults)
            throws IOException {
        session.running().phase(RunningQuery.Phase.PLANNING);
        Annotations annotations = new Annotations();
        EvalProgress progress = new EvalProgress(() -> metrics.firstResult(session.elapsedNanos()));
        sink.begin(plan);
        for (int run = 0; ; run++) {
            PlannedQuery planned = planning.work(request, plan, run, earlyResults);
            try {
                QueryStatistics statistics = runOnce(session, planned, sink, progress, annotations);
                sink.end(annotations.list());
                metrics.samplesRead(statistics.samplesRead());
                return statistics;
            } catch (QueryException e) {
                if (!reruns.isWorthAnother(e, run, request.tenant(), planned.segmentIds())) {
                    throw e;
                }
                metrics.rerun();
                LOG.info("the query reads the catalog again and runs again: {}", e.getMessage());
            }
        }
    }

    /** Whoever stops the query stops its work at once, whatever the query's thread is busy with. */
    static Runnable cancelWhenStopped(QueryControl control, QueryWork work) {
        return control.onStop(() -> {
            QueryException why = control.stopped();
            work.cancel(why == null ? "the query was stopped" : reason(why));
        });
    }

    private static String reason(QueryException why) {
        return String.valueOf(why.getMessage());
    }

    private QueryStatistics runOnce(
            Session session, PlannedQuery planned, ResultSink sink, EvalProgress progress, Annotations annotations)
            throws IOException {
        List<WorkUnit> units = planned.units();
        Map<Integer, List<List<WorkUnit>>> groupsByLeaf = new HashMap<>();
        for (LeafWork leaf : planned.leaves()) {
            groupsByLeaf.put(leaf.leaf().id(), leaf.groups());
        }
        long planningNanos = session.elapsedNanos();
        metrics.planned(planningNanos);
        session.control().check();
        QueryWork work = null;
        Runnable withdrawal = () -> {};
        String ended = "the query failed";
        try (WorkInbox inbox = new WorkInbox(groupsByLeaf, limits.samplesMax(), session.running(), session.control())) {
            if (!units.isEmpty()) {
                session.running().phase(RunningQuery.Phase.WORKING);
                work = workManager.submit(
                        new Submission(
                                session.question().queryId(),
                                session.question().tenant(),
                                session.control().deadlineNanos(),
                                units,
                                session.question().priority()),
                        inbox);
                withdrawal = cancelWhenStopped(session.control(), work);
            }
            EvalFlow flow =
                    new EvalFlow(planned, inbox, opener, limits, session.control(), session.running(), progress, sink);
            try {
                flow.run(annotations);
                ended = "the query is complete";
            } catch (QueryException e) {
                ended = reason(e);
                throw e;
            } catch (ResultSink.EnoughException e) {
                ended = "the client wants no more results";
                throw e;
            } catch (IOException e) {
                session.control().clientGone();
                ended = "the client closed the connection";
                throw e;
            } finally {
                withdrawal.run();
                if (work != null) {
                    work.cancel(ended);
                }
            }
            return new QueryStatistics(
                    planningNanos, session.elapsedNanos(), inbox.samplesRead(), flow.peakValues(), units.size());
        }
    }
}
