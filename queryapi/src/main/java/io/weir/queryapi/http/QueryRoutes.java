package io.weir.queryapi.http;

import io.javalin.http.Context;
import io.weir.promql.error.QueryException;
import io.weir.promql.plan.QueryPlan;
import io.weir.promql.series.StepGrid;
import io.weir.queryapi.eval.MatrixResult;
import io.weir.queryapi.eval.QueryEngine;
import io.weir.queryapi.eval.QueryEngine.QueryStatistics;
import io.weir.queryapi.eval.QueryLimits;
import io.weir.queryapi.eval.QuerySessions;
import io.weir.queryapi.eval.QuerySessions.Question;
import io.weir.queryapi.monitor.RunningQuery;
import io.weir.queryapi.plan.QueryPlanning;
import io.weir.queryapi.plan.QueryRequest;
import java.io.IOException;
import java.time.Clock;
import java.util.Locale;

/** {@code /api/v1/query} and {@code /api/v1/query_range} (web/api/v1/api.go, query and queryRange). */
final class QueryRoutes {
    private final ApiSettings settings;
    private final QueryLimits limits;
    private final QuerySessions sessions;
    private final QueryPlanning planning;
    private final QueryEngine engine;
    private final Clock clock;

    QueryRoutes(
            ApiSettings settings, QuerySessions sessions, QueryPlanning planning, QueryEngine engine, Clock clock) {
        this.settings = settings;
        this.limits = settings.limits();
        this.sessions = sessions;
        this.planning = planning;
        this.engine = engine;
        this.clock = clock;
    }

    void query(Context context) throws IOException {
        RequestParameters parameters = new RequestParameters(context);
        answer(context, parameters, instantRequest(context, parameters), false);
    }

    void queryRange(Context context) throws IOException {
        RequestParameters parameters = new RequestParameters(context);
        answer(context, parameters, rangeRequest(context, parameters), true);
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
        long step = stepMillis(parameters);
        checkPoints(start, end, step, limits);
        return request(context, parameters, new StepGrid(start, end, step));
    }

    private static long stepMillis(RequestParameters parameters) {
        String text = parameters.get("step");
        long step = parameters.duration("step");
        boolean zero = text.matches("[+-]?[0.]*") || text.startsWith("-");
        if (step <= 0 && zero) {
            throw RequestParameters.invalid(
                    "step", "zero or negative query resolution step widths are not accepted. Try a positive integer");
        }
        if (step <= 0) {
            throw RequestParameters.invalid("step", "steps of less than a millisecond are not accepted");
        }
        return step;
    }

    /** Prometheus' rule: the integer division of range by step must not exceed the limit. */
    static void checkPoints(long startMillis, long endMillis, long stepMillis, QueryLimits limits) {
        if ((endMillis - startMillis) / stepMillis > limits.pointsPerSeriesMax()) {
            throw new QueryException.BadData("exceeded maximum resolution of "
                    + String.format(Locale.ROOT, "%,d", limits.pointsPerSeriesMax())
                    + " points per timeseries. Try decreasing the query resolution (?step=XX)");
        }
    }

    private QueryRequest request(Context context, RequestParameters parameters, StepGrid grid) {
        return new QueryRequest(
                RequestParameters.queryId(context),
                RequestParameters.tenant(context),
                parameters.get("query"),
                grid,
                parameters.lookbackMillis(limits.lookbackMillis()),
                parameters.timeoutMillis(limits.timeoutMillisMax()));
    }

    private void answer(Context context, RequestParameters parameters, QueryRequest request, boolean range)
            throws IOException {
        int limit = parameters.limit("limit");
        QueryPlan plan = plan(request);
        Question question = new Question(
                request.queryId(),
                request.tenant(),
                request.query(),
                range ? "range" : "instant",
                request.timeoutMillis(),
                ClientWatch.of(context));
        sessions.run(question, session -> {
            MatrixResult result = new MatrixResult(limits);
            QueryStatistics statistics = engine.run(session, request, plan, result, false);
            session.running().phase(RunningQuery.Phase.SENDING);
            QueryStatistics shown = parameters.get("stats").isEmpty() ? null : statistics;
            ResultJson json = new ResultJson(result, request.query(), range, limit, shown);
            Reply.json(context, settings.responseBufferBytes(), json::write);
            return statistics;
        });
    }

    /** Plans a request; what is wrong with the query is said as Prometheus says it. */
    QueryPlan plan(QueryRequest request) {
        try {
            return planning.plan(request);
        } catch (QueryException.BadData e) {
            throw RequestParameters.invalid("query", String.valueOf(e.getMessage()));
        }
    }
}
