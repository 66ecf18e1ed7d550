package io.weir.queryapi.http;

import io.javalin.http.Context;
import io.weir.promql.ast.Expr;
import io.weir.promql.error.QueryException;
import io.weir.promql.series.StepGrid;
import io.weir.proto.trace.Trace;
import io.weir.queryapi.eval.MatrixResult;
import io.weir.queryapi.eval.QueryEngine;
import io.weir.queryapi.eval.QueryEngine.QueryStatistics;
import io.weir.queryapi.eval.QueryLimits;
import io.weir.queryapi.eval.QuerySessions;
import io.weir.queryapi.eval.QuerySessions.Question;
import io.weir.queryapi.eval.QuerySessions.Session;
import io.weir.queryapi.monitor.RunningQuery;
import io.weir.queryapi.plan.QueryPlanning;
import io.weir.queryapi.plan.QueryPlanning.Understood;
import io.weir.queryapi.plan.QueryRequest;
import io.weir.queryapi.precomputed.Bypass;
import io.weir.queryapi.precomputed.PrecomputedAnswer;
import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.PrecomputedAnswers;
import io.weir.queryapi.spi.PrecomputedAnswers.Hit;
import io.weir.queryapi.spi.QueryOrigin;
import java.io.IOException;
import java.time.Clock;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/** {@code /api/v1/query} and {@code /api/v1/query_range} (web/api/v1/api.go, query and queryRange). */
final class QueryRoutes {
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final ApiSettings settings;
    private final QueryLimits limits;
    private final QuerySessions sessions;
    private final QueryPlanning planning;
    private final QueryEngine engine;
    private final PrecomputedAnswers precomputed;
    private final Clock clock;

    QueryRoutes(
            ApiSettings settings,
            QuerySessions sessions,
            QueryPlanning planning,
            QueryEngine engine,
            PrecomputedAnswers precomputed,
            Clock clock) {
        this.settings = settings;
        this.limits = settings.limits();
        this.sessions = sessions;
        this.planning = planning;
        this.engine = engine;
        this.precomputed = precomputed;
        this.clock = clock;
    }

    void query(Context context) throws IOException {
        RequestParameters parameters = new RequestParameters(context);
        Asked asked = sessions.prepare(
                () -> Origins.refused(context, parameters.get("query"), "instant", clock),
                () -> asked(context, parameters, () -> instantRequest(context, parameters)));
        answer(context, parameters, asked, false);
    }

    void queryRange(Context context) throws IOException {
        RequestParameters parameters = new RequestParameters(context);
        Asked asked = sessions.prepare(
                () -> Origins.refused(context, parameters.get("query"), "range", clock),
                () -> asked(context, parameters, () -> rangeRequest(context, parameters)));
        answer(context, parameters, asked, true);
    }

    /** A request that was understood. */
    private record Asked(QueryRequest request, Understood understood, int limit, boolean bypass, QueryOrigin origin) {}

    private Asked asked(Context context, RequestParameters parameters, Supplier<QueryRequest> rest) {
        // Prometheus looks at the limit first, and names the first wrong parameter.
        int limit = parameters.limit("limit");
        QueryRequest request = rest.get();
        boolean bypass = Bypass.of(context, parameters.get(Bypass.PARAMETER));
        return new Asked(request, understand(request), limit, bypass, Origins.of(context));
    }

    /** The request of an instant query; also for explain. */
    QueryRequest instantRequest(Context context, RequestParameters parameters) {
        long time = parameters.time("time", clock.millis());
        return request(context, parameters, StepGrid.instant(time));
    }

    /** The request of a range query; also for explain. */
    QueryRequest rangeRequest(Context context, RequestParameters parameters) {
        long start = parameters.time("start");
        long end = parameters.time("end");
        if (end < start) {
            throw RequestParameters.invalid("end", "end timestamp must not be before start time");
        }
        long stepNanos = stepNanos(parameters);
        checkPoints(start, end, stepNanos, limits);
        return request(context, parameters, new StepGrid(start, end, stepNanos / NANOS_PER_MILLI));
    }

    private static long stepNanos(RequestParameters parameters) {
        long step = parameters.durationNanos("step");
        if (step <= 0) {
            throw RequestParameters.invalid(
                    "step", "zero or negative query resolution step widths are not accepted. Try a positive integer");
        }
        if (step < NANOS_PER_MILLI) {
            throw RequestParameters.invalid("step", "steps of less than a millisecond are not accepted");
        }
        return step;
    }

    /** Prometheus' rule: the integer division of range by step, both in ns, must not exceed the limit. */
    static void checkPoints(long startMillis, long endMillis, long stepNanos, QueryLimits limits) {
        long span = endMillis - startMillis;
        long points = span > Long.MAX_VALUE / NANOS_PER_MILLI
                ? span / (stepNanos / NANOS_PER_MILLI)
                : span * NANOS_PER_MILLI / stepNanos;
        if (points > limits.pointsPerSeriesMax()) {
            throw new QueryException.BadData("exceeded maximum resolution of "
                    + String.format(Locale.ROOT, "%,d", limits.pointsPerSeriesMax())
                    + " points per timeseries. Try decreasing the query resolution (?step=XX)");
        }
    }

    private QueryRequest request(Context context, RequestParameters parameters, StepGrid grid) {
        long timeout = parameters.timeoutMillis(limits.timeoutMillisMax());
        long lookback = parameters.lookbackMillis(limits.lookbackMillis());
        return new QueryRequest(
                RequestParameters.queryId(context),
                RequestParameters.tenant(context),
                parameters.get("query"),
                grid,
                lookback,
                timeout);
    }

    private void answer(Context context, RequestParameters parameters, Asked asked, boolean range) throws IOException {
        QueryRequest request = asked.request();
        Question question = new Question(
                request.queryId(),
                request.tenant(),
                request.query(),
                range ? "range" : "instant",
                new AskedQuery.Range(
                        request.grid().startMillis(),
                        request.grid().endMillis(),
                        range ? request.grid().stepMillis() : 0),
                asked.origin(),
                request.timeoutMillis(),
                ClientWatch.of(context));
        sessions.run(question, session -> computedBefore(session, context, parameters, asked, range), session -> {
            long queuedNanos = session.elapsedNanos();
            MatrixResult result = new MatrixResult(limits);
            QueryStatistics statistics =
                    engine.run(session, request, asked.understood().plan(), result, false);
            session.running().phase(RunningQuery.Phase.SENDING);
            session.running().firstResult();
            String stats = parameters.get("stats");
            StatisticsJson shown = stats.isEmpty() ? null : new StatisticsJson(statistics, queuedNanos);
            ResultJson json = new ResultJson(result, request.query(), range, asked.limit(), shown);
            try (Trace span = Trace.current().child("send")) {
                Reply.json(context, settings.responseBufferBytes(), json::write);
            }
            return statistics;
        });
    }

    private Optional<QueryStatistics> computedBefore(
            Session session, Context context, RequestParameters parameters, Asked asked, boolean range)
            throws IOException {
        QueryRequest request = asked.request();
        if (asked.bypass()
                || !(precomputed.answer(question(request, asked.understood().expression(), range))
                        instanceof Hit hit)) {
            return Optional.empty();
        }
        session.running().precomputed();
        session.running().phase(RunningQuery.Phase.SENDING);
        session.running().firstResult();
        QueryStatistics statistics = new QueryStatistics(0, session.elapsedNanos(), 0, 0, 0);
        PrecomputedAnswer.Member shown =
                parameters.get("stats").isEmpty() ? null : new StatisticsJson(statistics, 0)::write;
        PrecomputedAnswer answer = new PrecomputedAnswer(hit);
        answer.headers(context.res());
        try (Trace span = Trace.current().child("send")) {
            Reply.json(
                    context,
                    settings.responseBufferBytes(),
                    json -> answer.write(json, request.query(), request.grid(), range, asked.limit(), shown));
        }
        return Optional.of(statistics);
    }

    /** What is asked of answers that were computed before; also for explain. */
    PrecomputedAnswers.Question question(QueryRequest request, Expr expression, boolean range) {
        return new PrecomputedAnswers.Question(
                request.tenant(),
                expression,
                request.grid(),
                range,
                request.lookbackMillis(),
                limits.lookbackMillis(),
                limits.precomputed());
    }

    /** Plans a request; what is wrong with the query is said as Prometheus says it. */
    Understood understand(QueryRequest request) {
        try {
            return planning.understand(request);
        } catch (QueryException.BadData e) {
            throw RequestParameters.invalid("query", String.valueOf(e.getMessage()));
        }
    }
}
