package io.weir.ingest.http;

import io.javalin.Javalin;
import io.javalin.http.Context;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP server of an ingester that runs as its own process: its routes, {@code /metrics} and the probes. {@code /livez} and
 * {@code /healthz} answer 200 while the process works, {@code /readyz} while it takes writes.
 */
public final class IngestHttp implements AutoCloseable {
    private final Javalin server;
    private final AtomicBoolean draining = new AtomicBoolean();

    private IngestHttp(IngestServer ingest, PrometheusMeterRegistry meters, String host, int port) {
        server = Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.concurrency.useVirtualThreads = true;
            config.jetty.host = host;
            config.jetty.port = port;
            ingest.routes().register(config);
            config.routes.get(
                    "/metrics",
                    context -> context.contentType("text/plain; version=0.0.4; charset=utf-8")
                            .result(meters.scrape()));
            config.routes.get("/livez", IngestHttp::alive);
            config.routes.get("/healthz", IngestHttp::alive);
            config.routes.get("/readyz", context -> ready(context, ingest));
        });
    }

    /**
     * Starts a server for an ingester.
     *
     * @param port 0 for any free one
     */
    public static IngestHttp start(IngestServer ingest, PrometheusMeterRegistry meters, String host, int port) {
        IngestHttp http = new IngestHttp(ingest, meters, host, port);
        http.server.start();
        return http;
    }

    private static void alive(Context context) {
        context.result("ok\n");
    }

    private void ready(Context context, IngestServer ingest) {
        String reason = draining.get() ? "shutting down" : ingest.whyNotReady();
        answer(context, reason);
    }

    private static void answer(Context context, @Nullable String reason) {
        if (reason == null) {
            context.result("ok\n");
        } else {
            WriteRoutes.envelope(context, 503, "unavailable", reason);
        }
    }

    public int port() {
        return server.port();
    }

    /** Makes {@code /readyz} fail, so that senders go elsewhere before the server stops. */
    public void drain() {
        draining.set(true);
    }

    @Override
    public void close() {
        drain();
        server.stop();
    }
}
