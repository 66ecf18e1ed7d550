package io.weir.collector.server;

import io.javalin.Javalin;
import io.javalin.http.Context;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.ingest.http.WriteRoutes;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The HTTP server of a collector: {@code POST /api/v1/write} (remote write 1.0 and 2.0), {@code POST /v1/metrics} (OTLP), {@code /metrics} and the
 * probes. Errors are Prometheus' JSON envelope.
 */
final class CollectorHttp implements AutoCloseable {
    private final AtomicBoolean draining = new AtomicBoolean();
    private final Javalin server;

    CollectorHttp(WriteRoutes writes, PrometheusMeterRegistry meters, String host, int port) {
        server = Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.concurrency.useVirtualThreads = true;
            config.jetty.host = host;
            config.jetty.port = port;
            writes.register(config);
            // Where OTLP's own exporters send it.
            config.routes.post("/v1/metrics", writes::writeOtlp);
            config.routes.get(
                    "/metrics",
                    context -> context.contentType("text/plain; version=0.0.4; charset=utf-8")
                            .result(meters.scrape()));
            config.routes.get("/livez", context -> context.result("ok\n"));
            config.routes.get("/healthz", context -> context.result("ok\n"));
            config.routes.get("/readyz", this::ready);
        });
    }

    void start() {
        server.start();
    }

    int port() {
        return server.port();
    }

    private void ready(Context context) {
        if (draining.get()) {
            WriteRoutes.envelope(context, 503, "unavailable", "shutting down");
        } else {
            context.result("ok\n");
        }
    }

    /** Makes {@code /readyz} fail, so that senders go elsewhere before the server stops. */
    void drain() {
        draining.set(true);
    }

    @Override
    public void close() {
        drain();
        server.stop();
    }
}
