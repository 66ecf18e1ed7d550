package io.weir.queryapi.eval;

import io.weir.queryapi.monitor.QueryMetrics;
import io.weir.queryapi.monitor.RunningQueries;
import io.weir.queryapi.monitor.RunningQuery;
import java.io.IOException;
import java.time.Clock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The frame around everything that asks workers: registered while it runs, admitted when there is a slot, measured when it ends. */
public final class QuerySessions {
    private static final Logger LOG = LoggerFactory.getLogger(QuerySessions.class);

    private final AdmissionControl admission;
    private final RunningQueries runningQueries;
    private final QueryMetrics metrics;
    private final Clock clock;
    private final Function<Throwable, String> errorType;

    /** @param errorType names a failure for the metrics */
    public QuerySessions(
            AdmissionControl admission,
            RunningQueries runningQueries,
            QueryMetrics metrics,
            Clock clock,
            Function<Throwable, String> errorType) {
        this.admission = admission;
        this.runningQueries = runningQueries;
        this.metrics = metrics;
        this.clock = clock;
        this.errorType = errorType;
    }

    /**
     * What is asked.
     *
     * @param text the query, for people
     * @param kind instant, range, stream, series or labels
     * @param clientGone see {@link QueryControl}
     */
    public record Question(
            String queryId, String tenant, String text, String kind, long timeoutMillis, BooleanSupplier clientGone) {}

    /** A running question. */
    public record Session(Question question, RunningQuery running, QueryControl control, long startNanos) {
        public long elapsedNanos() {
            return System.nanoTime() - startNanos;
        }
    }

    /** What is done while a session is open. */
    public interface Body<T> {
        T run(Session session) throws IOException;
    }

    /** Reads and plans what is asked, before there is a question to run; what is refused here counts as a failed query, too. */
    public <T> T prepare(Supplier<T> preparation) {
        try {
            return preparation.get();
        } catch (RuntimeException e) {
            metrics.failed(errorType.apply(e));
            throw e;
        }
    }

    public <T> T run(Question question, Body<T> body) throws IOException {
        long start = System.nanoTime();
        QueryControl control = new QueryControl(question.timeoutMillis(), question.clientGone());
        RunningQuery running = new RunningQuery(
                question.queryId(),
                question.tenant(),
                question.text(),
                question.kind(),
                clock.millis(),
                control::cancel);
        runningQueries.add(running);
        String outcome = "internal";
        try (AdmissionControl.Slot slot = admission.acquire(question.tenant())) {
            control.check();
            T answer = body.run(new Session(question, running, control, start));
            outcome = "success";
            return answer;
        } catch (IOException e) {
            outcome = "canceled";
            throw e;
        } catch (RuntimeException e) {
            outcome = errorType.apply(e);
            throw e;
        } finally {
            runningQueries.remove(running);
            long nanos = System.nanoTime() - start;
            metrics.finished(question.kind(), outcome, nanos);
            if (!outcome.equals("success")) {
                metrics.failed(outcome);
                LOG.info(
                        "query_id={} tenant={} kind={} outcome={} millis={}",
                        question.queryId(),
                        question.tenant(),
                        question.kind(),
                        outcome,
                        nanos / 1_000_000);
            }
        }
    }
}
