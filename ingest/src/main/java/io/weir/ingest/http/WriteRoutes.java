package io.weir.ingest.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.weir.ingest.error.IngestException;
import io.weir.ingest.otlp.OtlpReceiver;
import io.weir.ingest.remotewrite.RemoteWriteReceiver;
import io.weir.ingest.remotewrite.Tenants;
import io.weir.proto.http.UnreadBody;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The routes by which samples arrive, at an ingester as at a collector: {@code POST /api/v1/write} (remote write 1.0 and 2.0) and {@code POST
 * /api/v1/otlp/v1/metrics} (OTLP, where Prometheus has it). Errors are Prometheus' JSON envelope.
 */
public final class WriteRoutes {
    private static final Logger LOG = LoggerFactory.getLogger(WriteRoutes.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SAMPLES_WRITTEN = "X-Prometheus-Remote-Write-Samples-Written";
    private static final String HISTOGRAMS_WRITTEN = "X-Prometheus-Remote-Write-Histograms-Written";
    private static final String EXEMPLARS_WRITTEN = "X-Prometheus-Remote-Write-Exemplars-Written";
    private static final int RETRY_AFTER_SECONDS = 1;

    private final RemoteWriteReceiver remoteWrite;
    private final OtlpReceiver otlp;
    private final RequestMetrics metrics;

    public WriteRoutes(RemoteWriteReceiver remoteWrite, OtlpReceiver otlp, RequestMetrics metrics) {
        this.remoteWrite = remoteWrite;
        this.otlp = otlp;
        this.metrics = metrics;
    }

    public void register(JavalinConfig config) {
        // A sender that sees a broken connection instead of 413 would repeat the same request for ever.
        config.routes.after(UnreadBody::finish);
        config.routes.post("/api/v1/write", context -> guarded(context, this::write));
        config.routes.post("/api/v1/otlp/v1/metrics", this::writeOtlp);
    }

    @FunctionalInterface
    interface Handler {
        void handle(Context context) throws InterruptedException, IOException;
    }

    private void write(Context context) throws InterruptedException, IOException {
        // Remote write 2.0 wants them in every answer; senders of 1.0 do not mind.
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
                "stored " + outcome.storedSamples() + " samples and " + outcome.storedHistograms()
                        + " histograms of this request, not the others: "
                        + outcome.refusals().describe());
    }

    private static void written(Context context, int samples, int histograms) {
        context.header(SAMPLES_WRITTEN, Integer.toString(samples));
        context.header(HISTOGRAMS_WRITTEN, Integer.toString(histograms));
        context.header(EXEMPLARS_WRITTEN, "0");
    }

    /** Takes a request of OTLP, under whatever path. */
    public void writeOtlp(Context context) {
        guarded(context, this::receiveOtlp);
    }

    private void receiveOtlp(Context context) throws InterruptedException, IOException {
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

    /** Answers with the handler's result, or with what its failure means to the client. */
    void guarded(Context context, Handler handler) {
        try {
            handler.handle(context);
        } catch (IngestException e) {
            metrics.rejected(e.reason());
            error(context, e.reason(), String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            metrics.rejected(IngestException.Reason.UNAVAILABLE);
            error(context, IngestException.Reason.UNAVAILABLE, "this process is shutting down; send again later");
        } catch (IOException | RuntimeException e) {
            LOG.error("{} {} failed", context.method(), context.path(), e);
            envelope(context, 500, "internal", "internal error; the server's log has the details");
        }
    }

    private static void error(Context context, IngestException.Reason reason, String message) {
        if (reason.isTransient()) {
            context.header("Retry-After", Integer.toString(RETRY_AFTER_SECONDS));
        }
        envelope(context, reason.status(), reason.errorType(), message);
    }

    /** Answers with Prometheus' envelope of an error. */
    public static void envelope(Context context, int status, String errorType, String message) {
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
}
