package io.weir.collector.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.Javalin;
import io.javalin.http.Context;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.ingest.error.IngestException;
import io.weir.ingest.otlp.OtlpReceiver;
import io.weir.ingest.remotewrite.RemoteWriteReceiver;
import io.weir.ingest.remotewrite.Tenants;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP server of a collector: {@code POST /api/v1/write} (remote write 1 and 2), {@code POST /v1/metrics} (OTLP), {@code /metrics} and the
 * probes. Errors are Prometheus' JSON envelope.
 */
final class CollectorHttp implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CollectorHttp.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String RETRY_AFTER_SECONDS = "1";

    private final RemoteWriteReceiver remoteWrite;
    private final OtlpReceiver otlp;
    private final CollectorMetrics metrics;
    private final AtomicBoolean draining = new AtomicBoolean();
    private final Javalin server;

    CollectorHttp(
            RemoteWriteReceiver remoteWrite,
            OtlpReceiver otlp,
            CollectorMetrics metrics,
            PrometheusMeterRegistry meters,
            String host,
            int port) {
        this.remoteWrite = remoteWrite;
        this.otlp = otlp;
        this.metrics = metrics;
        server = Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.concurrency.useVirtualThreads = true;
            config.jetty.host = host;
            config.jetty.port = port;
            config.routes.post("/api/v1/write", context -> guarded(context, this::write));
            config.routes.post("/v1/metrics", context -> guarded(context, this::writeOtlp));
            // Where Prometheus, and so an ingester, has it.
            config.routes.post("/api/v1/otlp/v1/metrics", context -> guarded(context, this::writeOtlp));
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
            envelope(context, 503, "unavailable", "shutting down");
        } else {
            context.result("ok\n");
        }
    }

    @FunctionalInterface
    private interface Handler {
        void handle(Context context) throws InterruptedException, IOException;
    }

    private void write(Context context) throws InterruptedException, IOException {
        // Remote write 2.0 wants them in every answer.
        written(context, 0, 0);
        RemoteWriteReceiver.Outcome outcome = remoteWrite.receive(
                Tenants.of(context.header(Tenants.HEADER)),
                context.header("Content-Type"),
                context.header("Content-Encoding"),
                context.req().getContentLengthLong(),
                context.req().getInputStream());
        written(context, outcome.storedSamples(), outcome.storedHistograms());
        metrics.droppedExemplars(outcome.exemplars());
        if (outcome.refusals().isEmpty()) {
            context.status(204);
            return;
        }
        metrics.rejected(outcome.refusals());
        error(
                context,
                IngestException.Reason.BAD_DATA,
                "took " + outcome.storedSamples() + " samples of this request, not the others: "
                        + outcome.refusals().describe());
    }

    private static void written(Context context, int samples, int histograms) {
        context.header("X-Prometheus-Remote-Write-Samples-Written", Integer.toString(samples));
        context.header("X-Prometheus-Remote-Write-Histograms-Written", Integer.toString(histograms));
        context.header("X-Prometheus-Remote-Write-Exemplars-Written", "0");
    }

    private void writeOtlp(Context context) throws InterruptedException, IOException {
        OtlpReceiver.Outcome outcome = otlp.receive(
                Tenants.of(context.header(Tenants.HEADER)),
                context.header("Content-Type"),
                context.header("Content-Encoding"),
                context.req().getContentLengthLong(),
                context.req().getInputStream());
        metrics.droppedExemplars(outcome.exemplars());
        metrics.rejected(outcome.refusals());
        context.status(200).contentType(outcome.contentType()).result(outcome.body());
    }

    private void guarded(Context context, Handler handler) {
        try {
            handler.handle(context);
        } catch (IngestException e) {
            metrics.rejected(e.reason());
            error(context, e.reason(), String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            metrics.rejected(IngestException.Reason.UNAVAILABLE);
            error(context, IngestException.Reason.UNAVAILABLE, "this collector is shutting down; send again later");
        } catch (IOException | RuntimeException e) {
            LOG.error("{} {} failed", context.method(), context.path(), e);
            envelope(context, 500, "internal", "internal error; the collector's log has the details");
        }
    }

    private static void error(Context context, IngestException.Reason reason, String message) {
        if (reason.isTransient()) {
            context.header("Retry-After", RETRY_AFTER_SECONDS);
        }
        envelope(context, reason.status(), reason.errorType(), message);
    }

    private static void envelope(Context context, int status, String errorType, String message) {
        Map<String, String> body = new LinkedHashMap<>();
        body.put("status", "error");
        body.put("errorType", errorType);
        body.put("error", message);
        try {
            context.status(status).contentType("application/json").result(JSON.writeValueAsString(body));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("three strings are JSON", e);
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
