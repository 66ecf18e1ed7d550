package io.weir.queryapi.background;

import io.micrometer.core.instrument.MeterRegistry;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.plan.PlanNode;
import io.weir.promql.plan.QueryPlan;
import io.weir.promql.series.StepGrid;
import io.weir.proto.log.LogContext;
import io.weir.proto.trace.Trace;
import io.weir.queryapi.background.BackgroundMetrics.Outcome;
import io.weir.queryapi.eval.AdmissionControl;
import io.weir.queryapi.eval.ArtifactOpener;
import io.weir.queryapi.eval.Client;
import io.weir.queryapi.eval.MatrixResult;
import io.weir.queryapi.eval.QueryControl;
import io.weir.queryapi.eval.QueryEngine;
import io.weir.queryapi.eval.QueryLimits;
import io.weir.queryapi.eval.QuerySessions;
import io.weir.queryapi.eval.QuerySessions.Session;
import io.weir.queryapi.eval.SketchEngine;
import io.weir.queryapi.monitor.QueryTelling;
import io.weir.queryapi.monitor.RunningQuery;
import io.weir.queryapi.plan.QueryPlanning;
import io.weir.queryapi.plan.QueryRequest;
import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.BackgroundQueries;
import io.weir.queryapi.spi.QueryListener;
import io.weir.queryapi.spi.QueryOrigin;
import io.weir.queryapi.spi.SketchQueries;
import io.weir.queryapi.workmanager.WorkManager;
import io.weir.workcoord.coordinator.Priority;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Runs queries that no user waits for, each on the thread that asks, in its turn, and where it can one by one in the gaps between users' queries: on a
 * machine with few processors what runs beside them would slow down the slowest. Thread-safe.
 */
public final class BackgroundRunner implements BackgroundQueries, SketchQueries, AutoCloseable {
    private final QueryPlanning planning;
    private final QueryEngine engine;
    private final SketchEngine sketches;
    private final QueryLimits limits;
    private final Clock clock;
    private final BackgroundTurns turns;
    private final BackgroundMetrics metrics;
    /** What runs. */
    private final Set<QueryControl> controls = ConcurrentHashMap.newKeySet();

    private volatile boolean closed;

    public BackgroundRunner(
            BackgroundSettings settings,
            AdmissionControl users,
            QueryLimits limits,
            QueryPlanning planning,
            WorkManager workManager,
            ArtifactOpener opener,
            MeterRegistry registry,
            Clock clock) {
        this.planning = planning;
        this.limits = limits;
        this.clock = clock;
        turns = new BackgroundTurns(settings, users::isIdle);
        users.onIdle(turns::usersAreIdle);
        metrics = new BackgroundMetrics(registry);
        engine = new QueryEngine(planning, workManager, opener, limits, metrics);
        sketches = new SketchEngine(planning, workManager, opener, limits, metrics);
        metrics.gauge("weir.background.running", "Queries that no user waits for that run now", turns::running);
        metrics.gauge(
                "weir.background.waiting", "Queries that no user waits for that wait for their turn", turns::waiting);
    }

    /** A query in its turn. */
    private interface Body<T> {
        T run(Session session) throws IOException;
    }

    /** The caller's thread is the query's, and its interruption is the client's going away. */
    private static final class InterruptibleClient implements Client {
        @Override
        public boolean isGone() {
            return Thread.currentThread().isInterrupted();
        }

        @Override
        public void cutOff() {
            // There is no connection.
        }
    }

    @Override
    public Evaluated evaluate(String tenant, String query, long timeMillis, long deadlineNanos)
            throws InterruptedException {
        return run(tenant, query, timeMillis, deadlineNanos, session -> {
            QueryRequest request = new QueryRequest(
                    session.question().queryId(),
                    tenant,
                    query,
                    StepGrid.instant(timeMillis),
                    limits.lookbackMillis(),
                    session.question().timeoutMillis());
            QueryPlan plan = planning.plan(request);
            MatrixResult result = new MatrixResult(limits);
            engine.run(session, request, plan, result, false);
            return new Evaluated(samples(result), result.annotations());
        });
    }

    @Override
    public List<SegmentSpan> segments(String tenant, List<LabelMatcher> matchers, long afterMillis, long untilMillis) {
        return SketchEngine.spans(sketches.planning().segments(tenant, matchers, afterMillis, untilMillis));
    }

    @Override
    public Answer sketches(SketchQueries.Question question, long deadlineNanos) throws InterruptedException {
        return run(
                question.tenant(),
                "sketches of " + question.matchers(),
                question.granules().untilMillis(),
                deadlineNanos,
                session -> sketches.run(session, question));
    }

    private static List<Sample> samples(MatrixResult result) {
        PlanNode root = result.plan().root();
        if (root instanceof PlanNode.RawRead || root instanceof PlanNode.Text) {
            throw new QueryException.BadData("the query is a "
                    + result.plan().type().text() + "; only instant vectors and scalars have a value at a time");
        }
        List<Sample> samples = new ArrayList<>();
        for (MatrixResult.Row row : result.rowsInOrder()) {
            if (row.column().histogram(0) != null) {
                throw new QueryException.Unsupported(
                        "the query's result has native histograms, which cannot be kept between ticks");
            }
            samples.add(new Sample(row.labels(), row.values()[0]));
        }
        return samples;
    }

    private <T> T run(String tenant, String text, long timeMillis, long deadlineNanos, Body<T> body)
            throws InterruptedException {
        long start = System.nanoTime();
        Outcome outcome = Outcome.REFUSED;
        try {
            if (closed) {
                throw new QueryException.Unavailable("this API process is stopping");
            }
            turns.enter(deadlineNanos);
            try {
                metrics.waited(System.nanoTime() - start);
                outcome = Outcome.FAILED;
                T answer = inTurn(tenant, text, timeMillis, deadlineNanos, body);
                outcome = Outcome.SUCCESS;
                return answer;
            } finally {
                turns.leave();
            }
        } catch (InterruptedException e) {
            outcome = Outcome.CANCELED;
            throw e;
        } catch (QueryException | DatabaseUnavailableException e) {
            if (Thread.interrupted()) {
                outcome = Outcome.CANCELED;
                throw interrupted(e);
            }
            throw e;
        } finally {
            metrics.ended(outcome, System.nanoTime() - start);
        }
    }

    private static InterruptedException interrupted(RuntimeException cause) {
        InterruptedException interruption = new InterruptedException("the background query was interrupted");
        interruption.initCause(cause);
        return interruption;
    }

    private <T> T inTurn(String tenant, String text, long timeMillis, long deadlineNanos, Body<T> body) {
        long start = System.nanoTime();
        long timeoutMillis =
                Math.min(limits.timeoutMillisMax(), Math.max(0, TimeUnit.NANOSECONDS.toMillis(deadlineNanos - start)));
        if (timeoutMillis == 0) {
            throw new QueryException.Timeout("the deadline of a background query passed before it began");
        }
        Client client = new InterruptibleClient();
        QueryControl control = new QueryControl(timeoutMillis, client);
        String queryId = UUID.randomUUID().toString();
        AskedQuery asked = new AskedQuery(
                queryId,
                tenant,
                text,
                "background",
                new AskedQuery.Range(timeMillis, timeMillis, 0),
                QueryOrigin.UNKNOWN,
                clock.millis(),
                start);
        QueryTelling telling = new QueryTelling(QueryListener.NONE, asked);
        RunningQuery running = new RunningQuery(asked, timeoutMillis, control::cancel, telling);
        QuerySessions.Question question = new QuerySessions.Question(
                queryId,
                tenant,
                text,
                asked.kind(),
                asked.range(),
                asked.origin(),
                timeoutMillis,
                client,
                Priority.BACKGROUND);
        Session session = new Session(question, running, control, telling, start);
        controls.add(control);
        try (LogContext ids = LogContext.ofQuery(queryId, Trace.current())) {
            if (closed) {
                throw new QueryException.Unavailable("this API process is stopping");
            }
            return body.run(session);
        } catch (IOException e) {
            throw new QueryException.Internal("a background query could not keep its result: " + e.getMessage(), e);
        } finally {
            controls.remove(control);
        }
    }

    /** Refuses further queries and stops those that run. */
    @Override
    public void close() {
        closed = true;
        controls.forEach(control -> control.cancel("the API process is stopping"));
    }
}
