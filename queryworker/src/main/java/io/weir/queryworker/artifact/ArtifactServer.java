package io.weir.queryworker.artifact;

import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.opentelemetry.api.trace.SpanKind;
import io.weir.proto.log.LogContext;
import io.weir.proto.trace.Trace;
import io.weir.proto.trace.Tracing;
import io.weir.queryworker.artifact.FileArtifactSpool.Lookup;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The worker's HTTP port: artifacts, metrics and health.
 *
 * <p>{@code GET} and {@code HEAD /api/v1/artifacts/{work_id}?attempt&api&expires&token} answer 200 with {@code X-Artifact-Checksum} (SHA-256,
 * hexadecimal), 400 when a parameter is missing, 403 when the token is wrong, 410 when the artifact was there and is no longer, 404 when this
 * incarnation of the worker never had it, 503 when too many are being sent. An artifact is sent whole or not at all: parts ({@code Range}) are not
 * offered, since the checksum is of the whole.
 */
public final class ArtifactServer implements AutoCloseable {
    /** Header with the artifact's lower-case hexadecimal SHA-256. */
    public static final String CHECKSUM_HEADER = "X-Artifact-Checksum";

    private static final Logger LOGGER = LoggerFactory.getLogger(ArtifactServer.class);
    private static final int COPY_BUFFER_BYTES = 128 * 1024;
    private static final String QUERY_ID_HEADER = "X-Query-Id";
    private static final Pattern QUERY_ID = Pattern.compile("[0-9A-Za-z-]{1,64}");
    private static final Pattern LOGGED_WORK_ID = Pattern.compile("[0-9A-Za-z./:_-]{1,128}");

    private final FileArtifactSpool spool;
    private final MeterRegistry registry;
    private final Supplier<Health> health;
    private final SpoolSettings settings;
    private final Semaphore sends;
    private final Tracing tracing;
    private final Timer sendTimer;
    private final Counter busyCounter;
    private final Counter slowCounter;
    private final ScheduledExecutorService deadlines = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("artifact-deadlines").factory());
    private final Javalin server;

    /** What the health endpoints say; FAILED asks for a restart. */
    public enum Health {
        STARTING,
        READY,
        DISK_FULL,
        DRAINING,
        FAILED
    }

    private ArtifactServer(
            FileArtifactSpool spool,
            SpoolSettings settings,
            MeterRegistry registry,
            Supplier<Health> health,
            Tracing tracing,
            String host,
            int port) {
        this.settings = settings;
        this.sends = new Semaphore(settings.sendsMax(), true);
        this.tracing = tracing;
        this.spool = spool;
        this.registry = registry;
        this.health = health;
        this.sendTimer = Timer.builder("weir_artifact_send")
                .description("Sending of artifacts to APIs")
                .publishPercentileHistogram()
                .register(registry);
        this.busyCounter = Counter.builder("weir_artifact_send_refused_total")
                .description("Requests for artifacts that were told to come again, because too many are being sent")
                .register(registry);
        this.slowCounter = Counter.builder("weir_artifact_send_aborted_total")
                .description("Artifacts whose reader went away or was too slow")
                .register(registry);
        Gauge.builder("weir_artifact_sends_active", sends, free -> settings.sendsMax() - free.availablePermits())
                .description("Artifacts being sent")
                .register(registry);
        this.server = Javalin.create(config -> {
            config.jetty.host = host;
            config.jetty.port = port;
            config.concurrency.useVirtualThreads = true;
            config.startup.showJavalinBanner = false;
            config.startup.showOldJavalinVersionWarning = false;
            config.http.compressionStrategy = CompressionStrategy.NONE;
            config.routes.get("/api/v1/artifacts/{work_id}", context -> followed(context, true));
            config.routes.head("/api/v1/artifacts/{work_id}", context -> followed(context, false));
            config.routes.exception(SendEndedException.class, (ended, context) -> {});
            config.routes.get("/metrics", this::metrics);
            config.routes.get("/livez", this::live);
            config.routes.get("/readyz", this::ready);
            config.routes.get("/healthz", this::healthState);
        });
    }

    /** Starts the server; port 0 takes a free one. */
    public static ArtifactServer start(
            FileArtifactSpool spool,
            SpoolSettings settings,
            MeterRegistry registry,
            Supplier<Health> health,
            String host,
            int port) {
        return start(spool, settings, registry, health, Tracing.OFF, host, port);
    }

    /** Starts the server, traced; port 0 takes a free one. */
    public static ArtifactServer start(
            FileArtifactSpool spool,
            SpoolSettings settings,
            MeterRegistry registry,
            Supplier<Health> health,
            Tracing tracing,
            String host,
            int port) {
        ArtifactServer server = new ArtifactServer(spool, settings, registry, health, tracing, host, port);
        server.server.start();
        return server;
    }

    public int port() {
        return server.port();
    }

    private void metrics(Context context) {
        if (registry instanceof PrometheusMeterRegistry prometheus) {
            context.contentType("text/plain; version=0.0.4; charset=utf-8").result(prometheus.scrape());
        } else {
            context.status(HttpStatus.NOT_FOUND).result("this worker's metrics are served by the process it runs in\n");
        }
    }

    private void live(Context context) {
        boolean failed = health.get() == Health.FAILED;
        context.status(failed ? HttpStatus.SERVICE_UNAVAILABLE : HttpStatus.OK).result(failed ? "failed\n" : "ok\n");
    }

    private void ready(Context context) {
        Health state = health.get();
        context.status(state == Health.READY ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE)
                .result(state.name() + "\n");
    }

    private void healthState(Context context) {
        context.contentType("application/json").result("{\"status\":\"" + health.get() + "\"}\n");
    }

    /** Answers with the ids of the query and the work in the log, and as a part of the trace of the fetch. */
    private void followed(Context context, boolean withBody) throws IOException {
        String workId = context.pathParam("work_id");
        String queryId = Objects.requireNonNullElse(context.header(QUERY_ID_HEADER), "");
        if (!QUERY_ID.matcher(queryId).matches()) {
            // Not to be repeated in a log.
            queryId = "";
        }
        try (Trace span = tracing.enter(
                                "send artifact",
                                SpanKind.SERVER,
                                Objects.requireNonNullElse(context.header("traceparent"), ""),
                                Objects.requireNonNullElse(context.header("tracestate"), ""))
                        .set("query_id", queryId)
                        .set("work_id", workId);
                LogContext ids = LogContext.ofWork(
                        queryId, LOGGED_WORK_ID.matcher(workId).matches() ? workId : "", span)) {
            artifact(context, withBody);
            span.set("http.response.status_code", context.statusCode());
            if (context.statusCode() >= 400) {
                span.fail("status " + context.statusCode());
                LOGGER.info("artifact refused: status {}", context.statusCode());
            } else {
                LOGGER.debug("artifact sent");
            }
        }
    }

    private void artifact(Context context, boolean withBody) throws IOException {
        String workId = context.pathParam("work_id");
        String apiId = context.queryParam("api");
        String token = context.queryParam("token");
        long attempt = number(context.queryParam("attempt"));
        long expiresAtMillis = number(context.queryParam("expires"));
        if (apiId == null || token == null || attempt < 0 || attempt > Integer.MAX_VALUE || expiresAtMillis < 0) {
            refuse(
                    context,
                    HttpStatus.BAD_REQUEST,
                    "attempt, api, expires and token are needed; use the URL of WorkReady as it is");
            return;
        }
        switch (spool.open(workId, (int) attempt, apiId, expiresAtMillis, token)) {
            case Lookup.Forbidden forbidden ->
                refuse(context, HttpStatus.FORBIDDEN, "the token does not fit; use the URL of WorkReady as it is");
            case Lookup.Gone gone -> refuse(context, HttpStatus.GONE, "the artifact was deleted; run the work again");
            case Lookup.Unknown unknown ->
                refuse(
                        context,
                        HttpStatus.NOT_FOUND,
                        "no artifact of this work here; the worker may have restarted, run the work again");
            case Lookup.Found found -> {
                try (found) {
                    if (withBody) {
                        sendInTurn(context, found);
                    } else {
                        head(context, found);
                    }
                }
            }
        }
    }

    private static void refuse(Context context, HttpStatus status, String reason) {
        context.status(status).contentType("text/plain; charset=utf-8").result(reason + "\n");
    }

    private static long number(@Nullable String text) {
        try {
            return text == null ? -1 : Long.parseLong(text);
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    private void sendInTurn(Context context, Lookup.Found found) {
        if (!takeTurn()) {
            busyCounter.increment();
            context.header("Retry-After", "1");
            refuse(
                    context,
                    HttpStatus.SERVICE_UNAVAILABLE,
                    settings.sendsMax() + " artifacts are being sent (setting worker-spool-sends-max); try again");
            return;
        }
        try {
            send(context, found);
        } finally {
            sends.release();
        }
    }

    private boolean takeTurn() {
        if (sends.tryAcquire()) {
            return true;
        }
        try {
            return sends.getQueueLength() < settings.sendsQueuedMax()
                    && sends.tryAcquire(settings.sendWaitMillisMax(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static void head(Context context, Lookup.Found found) {
        context.header(CHECKSUM_HEADER, found.meta().checksum());
        context.header("Accept-Ranges", "none");
        context.contentType("application/vnd.apache.parquet");
        context.res().setContentLengthLong(found.meta().sizeBytes());
    }

    private void send(Context context, Lookup.Found found) {
        head(context, found);
        Timer.Sample sample = Timer.start(registry);
        try (SendDeadline ignored = new SendDeadline()) {
            copy(found.channel(), context.outputStream(), found.meta().sizeBytes());
        } catch (IOException e) {
            // The client went away or was too slow; the artifact stays for another try.
            slowCounter.increment();
            LOGGER.info("sending artifact ended early: {}", e.toString());
            throw new SendEndedException(e);
        } finally {
            sample.stop(sendTimer);
        }
    }

    /** The rest of an artifact is not sent; the connection is closed short of the announced length, and that is all there is to do. */
    private static final class SendEndedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        SendEndedException(IOException cause) {
            super(cause);
        }
    }

    /** Interrupts the thread that made it when the time for one artifact is over: a reader that takes a byte now and then would hold its turn for ever. */
    private final class SendDeadline implements AutoCloseable {
        private final Thread sender = Thread.currentThread();
        private final Future<?> timer =
                deadlines.schedule(this::expire, settings.sendMillisMax(), TimeUnit.MILLISECONDS);
        private final ReentrantLock lock = new ReentrantLock();
        private boolean over;
        private boolean expired;

        private void expire() {
            lock.lock();
            try {
                if (!over) {
                    expired = true;
                    sender.interrupt();
                }
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            timer.cancel(false);
            lock.lock();
            try {
                over = true;
                if (expired) {
                    // Whatever this thread does next is not meant.
                    boolean ignored = Thread.interrupted();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    private static void copy(FileChannel channel, OutputStream output, long sizeBytes) throws IOException {
        byte[] buffer = new byte[(int) Math.min(COPY_BUFFER_BYTES, sizeBytes)];
        ByteBuffer view = ByteBuffer.wrap(buffer);
        long left = sizeBytes;
        while (left > 0) {
            view.clear();
            int length = channel.read(view);
            if (length < 0) {
                throw new IOException("the artifact file is " + left + " bytes shorter than announced");
            }
            output.write(buffer, 0, length);
            left -= length;
        }
    }

    @Override
    public void close() {
        server.stop();
        deadlines.shutdownNow();
    }
}
