package io.weir.queryapi.http;

import io.javalin.http.Context;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.queryapi.encoding.JsonBytes;
import io.weir.queryapi.monitor.RunningQueries;
import io.weir.queryapi.monitor.RunningQuery;
import io.weir.queryapi.workmanager.WorkLoad;
import io.weir.queryapi.workmanager.WorkManager;
import io.weir.queryapi.workmanager.WorkManager.WorkerView;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** The state of this process: build information, settings, probes, metrics, workers and running queries. */
final class StatusRoutes {
    private static final String PLAIN = "text/plain; charset=utf-8";
    /** Characters of a query in the list of queries. */
    private static final int SHOWN_LENGTH_MAX = 2_000;

    private final ApiSettings settings;
    private final WorkManager workManager;
    private final RunningQueries runningQueries;
    private final MeterRegistry registry;
    private final Clock clock;
    private final BooleanSupplier stopping;

    StatusRoutes(
            ApiSettings settings,
            WorkManager workManager,
            RunningQueries runningQueries,
            MeterRegistry registry,
            Clock clock,
            BooleanSupplier stopping) {
        this.settings = settings;
        this.workManager = workManager;
        this.runningQueries = runningQueries;
        this.registry = registry;
        this.clock = clock;
        this.stopping = stopping;
    }

    private void data(Context context, Reply.Body body) throws IOException {
        Reply.data(context, settings.responseBufferBytes(), body);
    }

    void buildInformation(Context context) throws IOException {
        data(
                context,
                json -> json.ascii("{\"version\":")
                        .string(settings.version())
                        .ascii(",\"revision\":")
                        .string(settings.revision())
                        .ascii(",\"branch\":\"\",\"buildUser\":\"\",\"buildDate\":\"\",\"goVersion\":\"\"}"));
    }

    void flags(Context context) throws IOException {
        data(context, json -> {
            json.ascii("{\"enable-feature\":")
                    .string(String.join(
                            ",", settings.features().stream().sorted().toList()));
            json.ascii(",\"query.lookback-delta\":")
                    .string(settings.limits().lookbackMillis() + "ms")
                    .ascii(",\"query.max-concurrency\":")
                    .string(Integer.toString(settings.limits().concurrentMax()))
                    .ascii(",\"query.max-samples\":")
                    .string(Long.toString(settings.limits().samplesMax()))
                    .ascii(",\"query.timeout\":")
                    .string(settings.limits().timeoutMillisMax() + "ms")
                    .ascii('}');
        });
    }

    /** Lakerunner's shape: what the streaming endpoint can do. */
    void features(Context context) throws IOException {
        Reply.json(
                context,
                settings.responseBufferBytes(),
                json -> json.ascii("{\"features\":{\"metricsSummarySSE\":true}}"));
    }

    void ping(Context context) throws IOException {
        Reply.json(context, settings.responseBufferBytes(), json -> json.ascii("{\"status\":\"ok\"}"));
    }

    void workers(Context context) throws IOException {
        List<WorkerView> workers = workManager.workers();
        data(context, json -> {
            json.ascii('[');
            for (int i = 0; i < workers.size(); i++) {
                if (i > 0) {
                    json.ascii(',');
                }
                worker(json, workers.get(i));
            }
            json.ascii(']');
        });
    }

    private static void worker(JsonBytes json, WorkerView worker) throws IOException {
        json.ascii("{\"workerId\":").string(worker.workerId());
        json.ascii(",\"address\":").string(worker.address());
        json.ascii(",\"state\":").string(worker.state());
        json.ascii(",\"acceptingWork\":").ascii(Boolean.toString(worker.acceptingWork()));
        json.ascii(",\"draining\":").ascii(Boolean.toString(worker.draining()));
        json.ascii(",\"credits\":").number(worker.credits());
        json.ascii(",\"inFlight\":").number(worker.inFlight());
        json.ascii(",\"running\":").number(worker.running());
        json.ascii(",\"queued\":").number(worker.queued());
        json.ascii(",\"heartbeatRttMillis\":");
        if (Double.isFinite(worker.heartbeatRttMillis())) {
            json.value(worker.heartbeatRttMillis());
        } else {
            json.ascii("null");
        }
        json.ascii(",\"cacheBytes\":").number(worker.cacheBytes());
        json.ascii(",\"spoolBytes\":").number(worker.spoolBytes()).ascii('}');
    }

    /** The tenant's running queries, the oldest first; {@code limit} cuts the list. */
    void queries(Context context) throws IOException {
        String tenant = RequestParameters.tenant(context);
        int limit = new RequestParameters(context).limit("limit");
        List<RunningQuery> queries = runningQueries.list(tenant);
        List<RunningQuery> shown = limit > 0 && limit < queries.size() ? queries.subList(0, limit) : queries;
        long now = clock.millis();
        data(context, json -> {
            json.ascii('[');
            for (int i = 0; i < shown.size(); i++) {
                if (i > 0) {
                    json.ascii(',');
                }
                query(json, shown.get(i), now);
            }
            json.ascii(']');
        });
    }

    private static void query(JsonBytes json, RunningQuery query, long nowMillis) throws IOException {
        json.ascii("{\"queryId\":").string(query.queryId());
        json.ascii(",\"query\":").string(shortened(query.text()));
        json.ascii(",\"kind\":").string(query.kind());
        json.ascii(",\"tenant\":").string(query.tenant());
        json.ascii(",\"phase\":").string(query.phase().name().toLowerCase(Locale.ROOT));
        json.ascii(",\"start\":").timestamp(query.startMillis());
        json.ascii(",\"elapsedSeconds\":").timestamp(Math.max(0, nowMillis - query.startMillis()));
        json.ascii(",\"timeoutSeconds\":").timestamp(query.timeoutMillis());
        json.ascii(",\"unitsDone\":").number(query.unitsDone());
        json.ascii(",\"unitsTotal\":").number(query.unitsTotal());
        json.ascii(",\"stepsDone\":").number(query.stepsDone());
        json.ascii(",\"stepsTotal\":").number(query.stepsTotal());
        json.ascii(",\"samplesRead\":").number(query.samplesRead()).ascii('}');
    }

    /** A query may be as long as a hundred pages; a list of queries is read by people. */
    private static String shortened(String text) {
        if (text.length() <= SHOWN_LENGTH_MAX) {
            return text;
        }
        int end =
                Character.isHighSurrogate(text.charAt(SHOWN_LENGTH_MAX - 1)) ? SHOWN_LENGTH_MAX - 1 : SHOWN_LENGTH_MAX;
        return text.substring(0, end) + "…";
    }

    /**
     * Cancels a query of the tenant: 200 if it has ended when this is answered, 202 if its end takes longer, 404 if there is none of that id (it has
     * ended before, or belongs to somebody else). Cancelling twice is cancelling once.
     */
    void cancelQuery(Context context) throws IOException {
        String queryId = context.pathParam("queryId").toLowerCase(Locale.ROOT);
        Optional<RunningQuery> found = runningQueries.find(RequestParameters.tenant(context), queryId);
        if (found.isEmpty()) {
            Reply.error(context, new ErrorMapping.ApiError(404, "not_found", "no query " + queryId + " is running", 0));
            return;
        }
        RunningQuery query = found.get();
        query.cancel("canceled by a request");
        boolean ended;
        try {
            ended = query.awaitEnd(settings.cancelWaitMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            ended = false;
        }
        boolean over = ended;
        Reply.data(
                context,
                over ? 200 : 202,
                settings.responseBufferBytes(),
                json -> json.ascii("{\"canceled\":")
                        .string(queryId)
                        .ascii(",\"ended\":")
                        .ascii(Boolean.toString(over))
                        .ascii('}'));
    }

    /** For KEDA's metrics-api trigger: one flat object. An error status makes the autoscaler keep what it has. */
    void queue(Context context) throws IOException {
        if (stopping.getAsBoolean()) {
            Reply.error(context, new ErrorMapping.ApiError(503, "unavailable", "the process is stopping", 0));
            return;
        }
        if (workManager.isFailed()) {
            Reply.error(
                    context,
                    new ErrorMapping.ApiError(
                            500, "internal", "the work manager has stopped after a defect; restart the process", 0));
            return;
        }
        WorkLoad load = workManager.load();
        Reply.json(context, settings.responseBufferBytes(), json -> {
            json.ascii("{\"queueDepth\":").number(load.queued());
            json.ascii(",\"oldestAgeSeconds\":").timestamp(load.oldestQueuedMillis());
            json.ascii(",\"inFlight\":").number(load.inFlight());
            json.ascii(",\"capacity\":").number(load.capacity());
            json.ascii(",\"workers\":").number(load.accepting());
            json.ascii(",\"desiredWorkers\":").number(load.desiredWorkers()).ascii('}');
        });
    }

    void metrics(Context context) {
        if (!(registry instanceof PrometheusMeterRegistry prometheus)) {
            throw new IllegalStateException("the meter registry cannot write Prometheus' text format");
        }
        String accept = Objects.requireNonNullElse(context.header("Accept"), "");
        String type = accept.contains("application/openmetrics-text")
                ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                : "text/plain; version=0.0.4; charset=utf-8";
        context.contentType(type).result(prometheus.scrape(type).getBytes(StandardCharsets.UTF_8));
    }

    /** Alive means that a restart would not help. */
    void alive(Context context) {
        if (workManager.isFailed()) {
            context.status(503)
                    .contentType(PLAIN)
                    .result("failed: the work manager has stopped; restart the process\n");
        } else {
            context.contentType(PLAIN).result("ok\n");
        }
    }

    /**
     * Ready means that a query can be answered: a worker accepts work, and nobody is stopping this process. Where the last worker may be
     * stopped, the query that brings workers back must get in; it is told to try again.
     */
    void ready(Context context) {
        if (stopping.getAsBoolean()) {
            context.status(503).contentType(PLAIN).result("not ready: the process is stopping\n");
        } else if (workManager.isFailed()) {
            context.status(503).contentType(PLAIN).result("not ready: the work manager has stopped\n");
        } else if (!workManager.mayHaveNoWorkers()
                && workManager.workers().stream().noneMatch(WorkerView::acceptingWork)) {
            context.status(503).contentType(PLAIN).result("not ready: no worker accepts work\n");
        } else {
            context.contentType(PLAIN).result("ready\n");
        }
    }
}
