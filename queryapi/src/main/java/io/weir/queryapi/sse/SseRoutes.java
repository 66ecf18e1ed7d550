package io.weir.queryapi.sse;

import io.javalin.http.Context;
import io.weir.promql.error.QueryException;
import io.weir.promql.plan.QueryPlan;
import io.weir.promql.series.StepGrid;
import io.weir.queryapi.eval.Client;
import io.weir.queryapi.eval.MatrixResult;
import io.weir.queryapi.eval.QueryEngine;
import io.weir.queryapi.eval.QueryLimits;
import io.weir.queryapi.eval.QuerySessions;
import io.weir.queryapi.eval.QuerySessions.Question;
import io.weir.queryapi.eval.QuerySessions.Session;
import io.weir.queryapi.eval.ResultSink;
import io.weir.queryapi.http.ApiSettings;
import io.weir.queryapi.http.ClientWatch;
import io.weir.queryapi.http.ErrorMapping;
import io.weir.queryapi.http.Origins;
import io.weir.queryapi.http.RequestParameters;
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
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** {@code POST /api/v1/metrics/query}: results as server-sent events while the query runs. */
public final class SseRoutes {
    private final ApiSettings settings;
    private final QueryLimits limits;
    private final QuerySessions sessions;
    private final QueryPlanning planning;
    private final QueryEngine engine;
    private final PrecomputedAnswers precomputed;
    private final Clock clock;

    public SseRoutes(
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

    /** Answers a request; what is wrong with the request itself is a plain JSON error with its status. */
    public void query(Context context) throws IOException {
        Asked asked = sessions.prepare(
                () -> Origins.refused(context, SseRequest.queryOf(context.bodyAsBytes()), "stream", clock),
                () -> asked(context));
        SseWriter writer =
                new SseWriter(context.res(), settings.responseBufferBytes(), settings.ssePingIntervalMillis());
        stream(context, asked, writer);
    }

    /** A request that was understood. */
    private record Asked(
            QueryRequest query, Understood understood, SseRequest request, boolean bypass, QueryOrigin origin) {}

    private Asked asked(Context context) {
        String queryId = RequestParameters.queryId(context);
        String tenant = RequestParameters.tenant(context);
        SseRequest request = SseRequest.parse(context.bodyAsBytes(), clock.millis(), "e-1h");
        String parameter = SseRequest.text(request.body(), Bypass.PARAMETER, "");
        boolean bypass = Bypass.of(
                context, parameter.isEmpty() ? new RequestParameters(context).inUrl(Bypass.PARAMETER) : parameter);
        if (request.query().isBlank()) {
            throw new QueryException.BadData("missing query expression: field \"q\"");
        }
        if ((request.endMillis() - request.startMillis()) / request.stepMillis() > limits.pointsPerSeriesMax()) {
            throw new QueryException.BadData("the range has more than " + limits.pointsPerSeriesMax()
                    + " steps (setting query-points-per-series-max); use a larger step");
        }
        long timeout = request.timeoutMillis() == 0
                ? limits.timeoutMillisMax()
                : Math.min(request.timeoutMillis(), limits.timeoutMillisMax());
        StepGrid grid = request.grid();
        QueryRequest query = new QueryRequest(queryId, tenant, request.query(), grid, limits.lookbackMillis(), timeout);
        return new Asked(query, planning.understand(query), request, bypass, Origins.of(context));
    }

    private void stream(Context context, Asked asked, SseWriter writer) throws IOException {
        QueryRequest query = asked.query();
        SseRequest request = asked.request();
        SseFrames frames = new SseFrames(writer);
        Ticker ticker = new Ticker(writer, frames, ClientWatch.of(context), request.progress());
        Question question = new Question(
                query.queryId(),
                query.tenant(),
                query.query(),
                "stream",
                new AskedQuery.Range(request.startMillis(), request.endMillis(), request.stepMillis()),
                asked.origin(),
                query.timeoutMillis(),
                ticker);
        try {
            sessions.run(question, session -> computedBefore(session, context, asked, frames), session -> {
                ticker.running = session.running();
                frames.onFirstResult(session.running()::firstResult);
                run(session, query, asked.understood().plan(), request, frames);
                return query;
            });
        } catch (RuntimeException e) {
            if (!ticker.gone) {
                frames.failed(ErrorMapping.of(e));
            }
        }
    }

    private Optional<QueryRequest> computedBefore(Session session, Context context, Asked asked, SseFrames frames)
            throws IOException {
        QueryRequest query = asked.query();
        PrecomputedAnswers.Question question = new PrecomputedAnswers.Question(
                query.tenant(),
                asked.understood().expression(),
                query.grid(),
                true,
                query.lookbackMillis(),
                limits.lookbackMillis(),
                limits.precomputed());
        if (asked.bypass() || !(precomputed.answer(question) instanceof Hit hit)) {
            return Optional.empty();
        }
        session.running().precomputed();
        session.running().phase(RunningQuery.Phase.SENDING);
        frames.onFirstResult(session.running()::firstResult);
        PrecomputedAnswer answer = new PrecomputedAnswer(hit);
        answer.headers(context.res());
        send(
                asked.request(),
                query,
                frames,
                (sink, early) -> answer.into(sink, asked.understood().plan(), query.grid()));
        return Optional.of(query);
    }

    /** Where a result comes from. */
    private interface Results {
        /** @param early whether steps are wanted as soon as they are there */
        void into(ResultSink sink, boolean early) throws IOException;
    }

    private void run(Session session, QueryRequest query, QueryPlan plan, SseRequest request, SseFrames frames)
            throws IOException {
        send(request, query, frames, (sink, early) -> {
            engine.run(session, query, plan, sink, early);
            if (!early) {
                session.running().phase(RunningQuery.Phase.SENDING);
            }
        });
    }

    private void send(SseRequest request, QueryRequest query, SseFrames frames, Results results) throws IOException {
        if (request.reverse() || request.summary()) {
            MatrixResult result = new MatrixResult(limits);
            results.into(result, false);
            new SseBuffered(frames, request).send(result);
            return;
        }
        try {
            results.into(new SseResultSink(frames, request), true);
        } catch (SseResultSink.LimitReached e) {
            frames.done(List.of(), List.of(SseBuffered.TRUNCATED), query.query());
        }
    }

    /** What the query's thread does while it waits: flush, ping, progress, and look whether the client is still there. */
    private static final class Ticker implements Client {
        private static final long PROGRESS_INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

        private final SseWriter writer;
        private final SseFrames frames;
        private final Client watch;
        private final boolean progress;
        private @Nullable RunningQuery running;
        private long lastProgressNanos = System.nanoTime();
        private boolean gone;

        Ticker(SseWriter writer, SseFrames frames, Client watch, boolean progress) {
            this.writer = writer;
            this.frames = frames;
            this.watch = watch;
            this.progress = progress;
        }

        @Override
        public void cutOff() {
            watch.cutOff();
        }

        @Override
        public boolean isGone() {
            if (gone || watch.isGone()) {
                gone = true;
                return true;
            }
            try {
                RunningQuery query = running;
                long now = System.nanoTime();
                if (progress && query != null && now - lastProgressNanos >= PROGRESS_INTERVAL_NANOS) {
                    lastProgressNanos = now;
                    frames.progress(query);
                }
                writer.tick();
            } catch (IOException e) {
                gone = true;
            }
            return gone;
        }
    }
}
