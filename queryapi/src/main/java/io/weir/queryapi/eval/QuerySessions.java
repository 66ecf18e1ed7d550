package io.weir.queryapi.eval;

import io.weir.promql.error.QueryException;
import io.weir.proto.log.LogContext;
import io.weir.proto.trace.Trace;
import io.weir.queryapi.monitor.QueryMetrics;
import io.weir.queryapi.monitor.QueryTelling;
import io.weir.queryapi.monitor.RunningQueries;
import io.weir.queryapi.monitor.RunningQuery;
import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.QueryEvent;
import io.weir.queryapi.spi.QueryEvent.Cause;
import io.weir.queryapi.spi.QueryListener;
import io.weir.queryapi.spi.QueryOrigin;
import io.weir.workcoord.coordinator.Priority;
import java.io.IOException;
import java.time.Clock;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The frame around everything that asks workers: registered while it runs, admitted when there is a slot, stopped when its time is up, measured
 * and logged when it ends.
 *
 * <p>A query that was stopped has a short while to tell its client; then the connection is broken, so that a client that does not read holds
 * neither the query's thread nor its files.
 */
public final class QuerySessions implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(QuerySessions.class);

    private final AdmissionControl admission;
    private final RunningQueries runningQueries;
    private final QueryMetrics metrics;
    private final Clock clock;
    private final Function<Throwable, String> errorType;
    private final long cancelGraceMillis;
    private final QueryListener listener;
    private final ScheduledThreadPoolExecutor timers;

    /**
     * @param errorType names a failure for the metrics
     * @param cancelGraceMillis between a query's stop and the end of its connection, if the query has not ended before
     * @param listener neither blocks nor throws
     */
    public QuerySessions(
            AdmissionControl admission,
            RunningQueries runningQueries,
            QueryMetrics metrics,
            Clock clock,
            Function<Throwable, String> errorType,
            long cancelGraceMillis,
            QueryListener listener) {
        this.admission = admission;
        this.runningQueries = runningQueries;
        this.metrics = metrics;
        this.clock = clock;
        this.errorType = errorType;
        this.cancelGraceMillis = cancelGraceMillis;
        this.listener = listener;
        // Two timers at most for each query that is admitted or waits, so the queue is bounded by those limits.
        this.timers = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("weir-query-timers").factory());
        this.timers.setRemoveOnCancelPolicy(true);
    }

    /**
     * What is asked.
     *
     * @param text the query, for people
     * @param kind instant, range, stream, series or labels
     * @param range null if it has no bounds
     */
    public record Question(
            String queryId,
            String tenant,
            String text,
            String kind,
            AskedQuery.@Nullable Range range,
            QueryOrigin origin,
            long timeoutMillis,
            Client client,
            Priority priority) {
        /** A user asks. */
        public Question(
                String queryId,
                String tenant,
                String text,
                String kind,
                AskedQuery.@Nullable Range range,
                QueryOrigin origin,
                long timeoutMillis,
                Client client) {
            this(queryId, tenant, text, kind, range, origin, timeoutMillis, client, Priority.INTERACTIVE);
        }
    }

    /** A running question. */
    public record Session(
            Question question, RunningQuery running, QueryControl control, QueryTelling telling, long startNanos) {
        public long elapsedNanos() {
            return System.nanoTime() - startNanos;
        }
    }

    /** What is done while a session is open. */
    public interface Body<T> {
        T run(Session session) throws IOException;
    }

    /** Answers what needs no slot: what asks neither the catalog nor workers, and never blocks but in sending. */
    public interface Shortcut<T> {
        /** The answer, already sent; empty if the question has to run. */
        Optional<T> answer(Session session) throws IOException;
    }

    /**
     * Reads and plans what is asked, before there is a question to run; what is refused here counts as a failed query, too.
     *
     * @param asked what can be said of a question that is refused; empty if not even whose it is
     */
    public <T> T prepare(Supplier<Optional<AskedQuery>> asked, Supplier<T> preparation) {
        try {
            return preparation.get();
        } catch (RuntimeException e) {
            metrics.failed(errorType.apply(e));
            asked.get().ifPresent(query -> refused(query, e));
            throw e;
        }
    }

    /** A query that runs keeps its id: another one that is refused is told of under a new one. */
    private void refused(AskedQuery query, RuntimeException why) {
        AskedQuery told = runningQueries.isRunning(query.queryId())
                ? new AskedQuery(
                        UUID.randomUUID().toString(),
                        query.tenant(),
                        query.text(),
                        query.kind(),
                        query.range(),
                        query.origin(),
                        query.startMillis(),
                        query.startNanos())
                : query;
        new QueryTelling(listener, told)
                .ended(
                        errorType.apply(why),
                        EndCauses.of(why, StopCause.FAILURE),
                        text(why),
                        QueryEvent.Phase.PLANNING,
                        QueryEvent.Progress.NONE);
    }

    private static String text(Throwable failure) {
        return Objects.requireNonNullElse(
                failure.getMessage(), failure.getClass().getSimpleName());
    }

    private void add(RunningQuery running, AskedQuery asked) {
        try {
            runningQueries.add(running);
        } catch (QueryException e) {
            metrics.failed(errorType.apply(e));
            refused(asked, e);
            throw e;
        }
    }

    /** Runs what is asked, when there is a slot. */
    public <T> T run(Question question, Body<T> body) throws IOException {
        return run(question, session -> Optional.empty(), body);
    }

    /**
     * Runs what is asked: the shortcut if it answers, else the body, when there is a slot.
     *
     * @param shortcut asked once, before a slot is
     */
    public <T> T run(Question question, Shortcut<T> shortcut, Body<T> body) throws IOException {
        long start = System.nanoTime();
        QueryControl control = new QueryControl(question.timeoutMillis(), question.client());
        AskedQuery asked = new AskedQuery(
                question.queryId(),
                question.tenant(),
                question.text(),
                question.kind(),
                question.range(),
                question.origin(),
                clock.millis(),
                start);
        QueryTelling telling = new QueryTelling(listener, asked);
        RunningQuery running = new RunningQuery(asked, question.timeoutMillis(), control::cancel, telling);
        try (Trace span = Trace.current()
                        .child("query")
                        .set("query_id", question.queryId())
                        .set("tenant", question.tenant())
                        .set("kind", question.kind());
                LogContext ids = LogContext.ofQuery(question.queryId(), span)) {
            add(running, asked);
            Session session = new Session(question, running, control, telling, start);
            telling.queued();
            ScheduledFuture<?> deadline =
                    timers.schedule(() -> timeOut(session), question.timeoutMillis(), TimeUnit.MILLISECONDS);
            Runnable withdrawal = control.onStop(() -> cutOffLater(session));
            try {
                return span.call(() -> measured(session, span, shortcut, body));
            } finally {
                deadline.cancel(false);
                withdrawal.run();
            }
        }
    }

    /** The time limit is the computation's; how fast a client reads a complete answer is bounded by the connection's own limit. */
    private static void timeOut(Session session) {
        if (session.running().phase() != RunningQuery.Phase.SENDING) {
            session.control().timeOut();
        }
    }

    private <T> T measured(Session session, Trace span, Shortcut<T> shortcut, Body<T> body) throws IOException {
        String outcome = "internal";
        Throwable failure = null;
        try {
            T answer = answered(session, span, shortcut, body);
            outcome = "success";
            return answer;
        } catch (ResultSink.EnoughException e) {
            throw new IllegalStateException("whoever wants no more ends the answer itself", e);
        } catch (IOException e) {
            session.control().clientGone();
            failure = e;
            outcome = "canceled";
            span.fail(e);
            throw e;
        } catch (QueryException e) {
            session.control().stop(e);
            failure = e;
            outcome = errorType.apply(e);
            span.fail(e);
            throw e;
        } catch (RuntimeException e) {
            failure = e;
            outcome = errorType.apply(e);
            span.fail(e);
            throw e;
        } finally {
            ended(session, span, outcome, failure);
        }
    }

    private <T> T answered(Session session, Trace span, Shortcut<T> shortcut, Body<T> body) throws IOException {
        session.control().check();
        Optional<T> known = shortcut.answer(session);
        if (known.isPresent()) {
            return known.get();
        }
        try (AdmissionControl.Slot slot =
                admission.acquire(session.question().tenant(), session.control(), session.telling()::waiting)) {
            span.event("admitted");
            session.control().check();
            return body.run(session);
        }
    }

    private void ended(Session session, Trace span, String outcome, @Nullable Throwable failure) {
        RunningQuery running = session.running();
        QueryControl control = session.control();
        boolean success = outcome.equals("success");
        Cause cause = success ? Cause.DONE : failure == null ? Cause.INTERNAL : EndCauses.of(failure, control.cause());
        // Before its id is free again.
        session.telling()
                .ended(
                        outcome,
                        cause,
                        success ? null : failure == null ? "internal error" : text(failure),
                        RunningQuery.told(running.phase()),
                        running.progress());
        runningQueries.remove(running);
        long nanos = session.elapsedNanos();
        metrics.finished(running.kind(), outcome, nanos);
        QueryException why = success ? null : control.stopped();
        String reason = "";
        if (!success) {
            metrics.failed(outcome);
        }
        if (why != null) {
            metrics.stopped(control.cause().text(), System.nanoTime() - control.stoppedNanos());
            reason = " cause=" + control.cause().text() + " reason=\"" + why.getMessage() + '"';
        }
        span.set("outcome", outcome).set("units", running.unitsTotal()).set("samples", running.samplesRead());
        if (running.progress().precomputed()) {
            span.set("precomputed", "true");
        }
        LOG.info(
                "query ended: tenant={} kind={} outcome={} millis={} units={}/{} workers={} samples={}{}{}",
                running.tenant(),
                running.kind(),
                outcome,
                nanos / 1_000_000,
                running.unitsDone(),
                running.unitsTotal(),
                running.workers(),
                running.samplesRead(),
                running.progress().precomputed() ? " precomputed" : "",
                reason);
    }

    /** The query's own thread tells the client; if that takes too long, it is stuck in writing to it. */
    private void cutOffLater(Session session) {
        if (!timers.isShutdown()) {
            var ignored = timers.schedule(
                    () -> {
                        if (!session.running().hasEnded()) {
                            session.question().client().cutOff();
                        }
                    },
                    cancelGraceMillis,
                    TimeUnit.MILLISECONDS);
        }
    }

    /** Stops the timers: queries that still run are not stopped at their deadlines any more. */
    @Override
    public void close() {
        timers.shutdownNow();
    }
}
