package io.weir.queryapi.http;

import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.config.JavalinConfig;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import io.javalin.http.HandlerType;
import io.javalin.http.HttpResponseException;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.lake.artifact.ParquetArtifactCursor;
import io.weir.lake.catalog.SegmentCatalog;
import io.weir.promql.parser.Feature;
import io.weir.proto.http.UnreadBody;
import io.weir.proto.log.LogContext;
import io.weir.proto.trace.Tracing;
import io.weir.queryapi.background.BackgroundRunner;
import io.weir.queryapi.eval.AdmissionControl;
import io.weir.queryapi.eval.ArtifactOpener;
import io.weir.queryapi.eval.LookupEngine;
import io.weir.queryapi.eval.QueryEngine;
import io.weir.queryapi.eval.QuerySessions;
import io.weir.queryapi.monitor.QueryMetrics;
import io.weir.queryapi.monitor.RunningQueries;
import io.weir.queryapi.monitor.SafeListener;
import io.weir.queryapi.plan.LookupPlanning;
import io.weir.queryapi.plan.QueryPlanning;
import io.weir.queryapi.spi.BackgroundQueries;
import io.weir.queryapi.spi.PrecomputedAnswers;
import io.weir.queryapi.spi.QueryListener;
import io.weir.queryapi.spi.RouteContributor;
import io.weir.queryapi.spi.SketchQueries;
import io.weir.queryapi.spi.WorkerCount;
import io.weir.queryapi.sse.SeriesRoutes;
import io.weir.queryapi.sse.SseRoutes;
import io.weir.queryapi.workmanager.WorkLoad;
import io.weir.queryapi.workmanager.WorkManager;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP server of an API process, and the place where the parts of the query path are put together. Each request runs on a virtual
 * thread of its own.
 */
public final class ApiServer implements AutoCloseable {
    static final String STOPPING = "this API process is stopping; ask again, another one will answer";

    private static final Logger LOG = LoggerFactory.getLogger(ApiServer.class);
    /** Cancelled queries still say so to their clients. */
    private static final long ANSWERS_MILLIS_MIN = 1_000;

    private final ApiSettings settings;
    private final Tracing tracing;
    private final QuerySessions sessions;
    private final RunningQueries runningQueries = new RunningQueries();
    private final AtomicBoolean stopping = new AtomicBoolean();
    private final AtomicReference<@Nullable ServerConnector> connector = new AtomicReference<>();
    private final BackgroundRunner background;
    private final GracefulHandler answers = new GracefulHandler();
    private final List<RouteContributor> extraRoutes;
    private final Javalin javalin;

    private ApiServer(
            ApiSettings settings,
            SegmentCatalog catalog,
            WorkManager workManager,
            MeterRegistry registry,
            Surroundings surroundings) {
        this.settings = settings;
        this.tracing = surroundings.tracing();
        this.extraRoutes = surroundings.extraRoutes();
        ArtifactOpener opener = surroundings.opener();
        Clock clock = surroundings.clock();
        AdmissionControl admission = new AdmissionControl(settings.limits());
        QueryMetrics metrics = new QueryMetrics(registry);
        metrics.gauge("weir.queries.running", "Queries that run now", admission::running);
        metrics.gauge("weir.queries.waiting", "Queries that wait for a slot now", admission::waiting);
        sessions = new QuerySessions(
                admission,
                runningQueries,
                metrics,
                clock,
                cause -> ErrorMapping.of(cause).errorType(),
                settings.cancelGraceMillis(),
                new SafeListener(surroundings.listener(), registry));
        QueryPlanning planning = new QueryPlanning(catalog, settings.limits(), Feature.parse(settings.features()));
        QueryEngine engine = new QueryEngine(planning, workManager, opener, settings.limits(), metrics);
        LookupEngine lookups = new LookupEngine(
                new LookupPlanning(planning), planning, workManager, opener, settings.limits(), metrics);
        background = new BackgroundRunner(
                settings.background(), admission, settings.limits(), planning, workManager, opener, registry, clock);
        QueryRoutes queries = new QueryRoutes(settings, sessions, planning, engine, surroundings.answers(), clock);
        LookupRoutes lookupRoutes = new LookupRoutes(settings, sessions, lookups, catalog, clock);
        StatusRoutes status = new StatusRoutes(settings, workManager, runningQueries, registry, clock, stopping::get);
        LanguageRoutes language = new LanguageRoutes(settings, planning);
        ExplainRoute explain = new ExplainRoute(settings, queries, planning, workManager, surroundings.answers());
        SseRoutes stream = new SseRoutes(settings, sessions, planning, engine, surroundings.answers(), clock);
        SeriesRoutes series = new SeriesRoutes(settings, sessions, planning, lookups, catalog, clock);
        surroundings.listener().watch(() -> {
            WorkLoad load = workManager.load();
            return new WorkerCount(load.workers(), load.accepting());
        });
        javalin = Javalin.create(config -> {
            configure(config);
            prometheusRoutes(config.routes, queries, lookupRoutes, status);
            languageRoutes(config.routes, language);
            monitoringRoutes(config.routes, new MonitoringRoutes(settings));
            weirRoutes(config.routes, status, explain, stream, series);
            extraRoutes.forEach(extra -> extra.contribute(config));
        });
    }

    /**
     * What a server works with beside its settings, catalog and workers.
     *
     * @param opener opens fetched artifacts
     * @param listener told of every query
     * @param answers asked before a query runs
     * @param extraRoutes served beside the API's own
     */
    public record Surroundings(
            ArtifactOpener opener,
            Clock clock,
            Tracing tracing,
            QueryListener listener,
            PrecomputedAnswers answers,
            List<RouteContributor> extraRoutes) {
        /** Nobody is told of anything. */
        public static final Surroundings DEFAULT = new Surroundings(
                ParquetArtifactCursor::open,
                Clock.systemUTC(),
                Tracing.OFF,
                QueryListener.NONE,
                PrecomputedAnswers.NONE,
                List.of());

        public Surroundings {
            extraRoutes = List.copyOf(extraRoutes);
        }

        public Surroundings withTracing(Tracing other) {
            return new Surroundings(opener, clock, other, listener, answers, extraRoutes);
        }

        public Surroundings withClock(Clock other) {
            return new Surroundings(opener, other, tracing, listener, answers, extraRoutes);
        }

        public Surroundings withListener(QueryListener other) {
            return new Surroundings(opener, clock, tracing, other, answers, extraRoutes);
        }

        public Surroundings withAnswers(PrecomputedAnswers other) {
            return new Surroundings(opener, clock, tracing, listener, other, extraRoutes);
        }

        public Surroundings withRoutes(List<RouteContributor> other) {
            return new Surroundings(opener, clock, tracing, listener, answers, other);
        }
    }

    /** As the other one, with routes beside the API's own. */
    public static ApiServer start(
            ApiSettings settings,
            SegmentCatalog catalog,
            WorkManager workManager,
            MeterRegistry registry,
            List<RouteContributor> extraRoutes) {
        return start(settings, catalog, workManager, registry, Surroundings.DEFAULT.withRoutes(extraRoutes));
    }

    /**
     * Starts a server.
     *
     * @throws IllegalArgumentException if a feature flag is unknown
     * @throws io.javalin.util.JavalinBindException if the port is taken
     */
    public static ApiServer start(
            ApiSettings settings,
            SegmentCatalog catalog,
            WorkManager workManager,
            MeterRegistry registry,
            Surroundings surroundings) {
        ApiServer server = new ApiServer(settings, catalog, workManager, registry, surroundings);
        server.javalin.start();
        LOG.info("API listens on http://{}:{}", settings.host(), server.port());
        return server;
    }

    /** Runs queries that no user waits for, until this is closed. */
    public BackgroundQueries background() {
        return background;
    }

    /** Makes sketches that no user waits for, until this is closed. */
    public SketchQueries sketches() {
        return background;
    }

    /** The port the server listens on. */
    public int port() {
        return Objects.requireNonNull(connector.get()).getLocalPort();
    }

    private void configure(JavalinConfig config) {
        config.startup.showJavalinBanner = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.concurrency.useVirtualThreads = true;
        config.http.prefer405over404 = true;
        config.http.maxRequestSize = settings.requestBytesMax();
        config.http.compressionStrategy = CompressionStrategy.NONE;
        config.jetty.modifyHttpConfiguration(http -> {
            http.setSendServerVersion(false);
            http.setRequestHeaderSize(settings.requestHeaderBytesMax());
            http.setOutputBufferSize(settings.responseBufferBytes());
        });
        config.jetty.modifyServer(server -> {
            server.setErrorHandler(new ServerErrors(settings.requestHeaderBytesMax()));
            server.setHandler(answers);
        });
        config.router.javaLangErrorHandler(ServerErrors::answer);
        config.jetty.addConnector((server, http) -> {
            ServerConnector listener = connector(server, http);
            connector.set(listener);
            return listener;
        });
        config.routes.before(this::cors);
        config.routes.after(UnreadBody::finish);
        config.routes.exception(Exception.class, ApiServer::failed);
        config.routes.exception(HttpResponseException.class, ApiServer::failed);
    }

    private ServerConnector connector(Server server, HttpConfiguration http) {
        ServerConnector listener =
                new BoundedWriteConnector(server, settings.idleTimeoutMillis(), new HttpConnectionFactory(http));
        listener.setHost(settings.host());
        listener.setPort(settings.port());
        listener.setIdleTimeout(settings.idleTimeoutMillis());
        return listener;
    }

    private void cors(Context context) {
        if (!settings.corsOrigin().isEmpty()) {
            context.header("Access-Control-Allow-Origin", settings.corsOrigin())
                    .header("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE, OPTIONS")
                    .header(
                            "Access-Control-Allow-Headers",
                            "Accept, Authorization, bearer, Content-Type, If-None-Match, Last-Event-ID, Origin,"
                                    + " traceparent, tracestate, X-Client-Surface, X-Correlation-ID, X-Precompute,"
                                    + " X-Query-Id, X-Run-Id, X-Scope-OrgID, X-Tenant-Id")
                    .header(
                            "Access-Control-Expose-Headers",
                            "Age, Cache-Status, Date, ETag, X-FirstSignal-Source, X-Precompute-Error-Bound,"
                                    + " X-Precompute-Job, X-Query-Id, X-Query-Source");
        }
        if (context.method().equals(HandlerType.OPTIONS)) {
            context.status(204).skipRemainingHandlers();
        }
    }

    private static void failed(Exception cause, Context context) {
        try (LogContext ids = Followed.logContext(context)) {
            answer(ErrorMapping.of(cause), cause, context);
        }
    }

    private static void answer(ErrorMapping.ApiError error, Exception cause, Context context) {
        if (cause instanceof IOException) {
            LOG.debug("{} {}: the client is gone: {}", context.method(), context.path(), cause.toString());
            return;
        }
        if (error.status() == 500) {
            LOG.error("{} {} failed", context.method(), context.path(), cause);
        }
        try {
            Reply.error(context, error);
        } catch (IOException e) {
            LOG.debug("{} {}: the client is gone: {}", context.method(), context.path(), e.toString());
        }
    }

    private Handler followed(String route, Handler handler) {
        return new Followed(route, tracing, handler);
    }

    private void prometheusRoutes(RoutesConfig routes, QueryRoutes queries, LookupRoutes lookups, StatusRoutes status) {
        routes.get("/api/v1/query", followed("/api/v1/query", queries::query));
        routes.post("/api/v1/query", followed("/api/v1/query", queries::query));
        routes.get("/api/v1/query_range", followed("/api/v1/query_range", queries::queryRange));
        routes.post("/api/v1/query_range", followed("/api/v1/query_range", queries::queryRange));
        routes.get("/api/v1/labels", followed("/api/v1/labels", lookups::labels));
        routes.post("/api/v1/labels", followed("/api/v1/labels", lookups::labels));
        routes.get("/api/v1/label/{name}/values", followed("/api/v1/label/{name}/values", lookups::labelValues));
        routes.get("/api/v1/series", followed("/api/v1/series", lookups::series));
        routes.post("/api/v1/series", followed("/api/v1/series", lookups::series));
        routes.get("/api/v1/metadata", lookups::metadata);
        routes.get("/api/v1/status/buildinfo", status::buildInformation);
        routes.get("/api/v1/status/flags", status::flags);
    }

    private static void languageRoutes(RoutesConfig routes, LanguageRoutes language) {
        routes.get("/api/v1/format_query", language::formatQuery);
        routes.post("/api/v1/format_query", language::formatQuery);
        routes.get("/api/v1/parse_query", language::parseQuery);
        routes.post("/api/v1/parse_query", language::parseQuery);
        routes.get("/api/v1/query_exemplars", language::exemplars);
        routes.post("/api/v1/query_exemplars", language::exemplars);
    }

    private static void monitoringRoutes(RoutesConfig routes, MonitoringRoutes monitoring) {
        routes.get("/api/v1/rules", monitoring::rules);
        routes.get("/api/v1/alerts", monitoring::alerts);
        routes.get("/api/v1/targets", monitoring::targets);
        routes.get("/api/v1/targets/metadata", monitoring::targetMetadata);
        routes.get("/api/v1/scrape_pools", monitoring::scrapePools);
        routes.get("/api/v1/alertmanagers", monitoring::alertmanagers);
    }

    private void weirRoutes(
            RoutesConfig routes, StatusRoutes status, ExplainRoute explain, SseRoutes stream, SeriesRoutes series) {
        routes.get("/api/v1/explain", followed("/api/v1/explain", explain::explain));
        routes.post("/api/v1/explain", followed("/api/v1/explain", explain::explain));
        routes.get("/api/v1/workers", status::workers);
        routes.get("/api/v1/monitor/queue", status::queue);
        routes.get("/api/v1/queries", status::queries);
        routes.delete("/api/v1/queries/{queryId}", status::cancelQuery);
        routes.get("/api/v1/features", status::features);
        routes.post("/api/v1/features", status::features);
        routes.get("/api/v1/ping", status::ping);
        routes.post("/api/v1/metrics/query", followed("/api/v1/metrics/query", stream::query));
        routes.post("/api/v1/metrics/metadata", followed("/api/v1/metrics/metadata", series::metadata));
        routes.post("/api/v1/metrics/tags", followed("/api/v1/metrics/tags", series::tags));
        routes.post("/api/v1/metrics/tagvalues", followed("/api/v1/metrics/tagvalues", series::tagValues));
        routes.post("/api/v1/promql/validate", series::validate);
        routes.get("/metrics", status::metrics);
        routes.get("/healthz", status::alive);
        routes.get("/livez", status::alive);
        routes.get("/readyz", status::ready);
        routes.get("/", context -> context.html(FrontPage.HTML));
    }

    /** Stops: says not ready, gives running queries a while, cancels the rest. */
    @Override
    public void close() {
        if (stopping.getAndSet(true)) {
            return;
        }
        background.close();
        runningQueries.refuse(STOPPING);
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(settings.shutdownMillisMax());
        try {
            while (runningQueries.size() > 0 && System.nanoTime() - deadline < 0) {
                Thread.sleep(10);
            }
            runningQueries.cancelAll("the API process is stopping");
            for (RouteContributor extra : extraRoutes) {
                extra.stopping();
            }
            awaitAnswers(deadline);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            // Of those that an interrupted wait has left; once more changes nothing.
            runningQueries.cancelAll("the API process is stopping");
            javalin.stop();
            sessions.close();
        }
    }

    /** Waits until every request that has begun is answered: the server cuts connections when it stops. */
    private void awaitAnswers(long deadlineNanos) throws InterruptedException {
        long millis = Math.max(ANSWERS_MILLIS_MIN, TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime()));
        try {
            answers.shutdown().get(millis, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            LOG.warn(
                    "stopping with {} requests unanswered, after {} ms for them (setting http-shutdown-millis-max)",
                    answers.getCurrentRequestCount(),
                    millis);
        } catch (ExecutionException e) {
            LOG.error("requests that run cannot be waited for", e.getCause());
        }
    }
}
