package io.weir.queryapi.fetch;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.opentelemetry.api.trace.SpanKind;
import io.weir.proto.log.LogContext;
import io.weir.proto.trace.Trace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Downloads artifacts into the API's spool directory and verifies their SHA-256 while the bytes come in. A file is handed
 * over only when size and checksum are the announced ones. Thread-safe.
 */
public final class ArtifactFetcher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ArtifactFetcher.class);
    private static final String SUFFIX = ".artifact";

    /**
     * What to download.
     *
     * @param checksum lower-case hexadecimal SHA-256
     * @param trace the span that the download belongs to
     */
    public record Request(
            String queryId, String workId, int attempt, String url, long sizeBytes, String checksum, Trace trace) {
        /** An untraced request. */
        public Request(String queryId, String workId, int attempt, String url, long sizeBytes, String checksum) {
            this(queryId, workId, attempt, url, sizeBytes, checksum, Trace.OFF);
        }
    }

    /** Why a download failed. */
    public enum Failure {
        /** No connection, a time-out, another status than 200, another size. */
        UNAVAILABLE,
        /** The bytes, or the server's own header, are not of the announced checksum. */
        CHECKSUM_MISMATCH
    }

    /** Told the outcome, once, from a thread of the fetcher; nothing after an abort. */
    public interface Callback {
        /** The file is the caller's now. */
        void fetched(Path file);

        void failed(Failure failure, String message);
    }

    /** A download under way. */
    public interface Fetch {
        /** Stops it and deletes what is there. Idempotent. */
        void abort();
    }

    private final FetchSettings settings;
    private final HttpClient client;
    private final ExecutorService threads;
    private final Semaphore turns;
    private final AtomicLong files = new AtomicLong();
    private final Timer readyToFetchTimer;
    private final Timer fetchTimer;
    private final Counter mismatchCounter;
    private final Counter failureCounter;

    /** @throws UncheckedIOException if the spool directory cannot be made or swept */
    public ArtifactFetcher(FetchSettings settings, MeterRegistry registry) {
        this.settings = settings;
        sweep(settings.spoolDirectory());
        this.threads = Executors.newVirtualThreadPerTaskExecutor();
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(Duration.ofMillis(settings.connectMillisMax()))
                .executor(threads)
                .build();
        this.turns = new Semaphore(settings.concurrentMax(), true);
        this.readyToFetchTimer = Timer.builder("weir_artifact_ready_to_fetch")
                .description("From an artifact's announcement to the start of its download")
                .publishPercentileHistogram()
                .register(registry);
        this.fetchTimer = Timer.builder("weir_artifact_fetch")
                .description("Downloads of artifacts")
                .publishPercentileHistogram()
                .register(registry);
        this.mismatchCounter = Counter.builder("weir_artifact_checksum_mismatch_total")
                .description("Artifacts whose bytes were not what their worker announced")
                .register(registry);
        this.failureCounter = Counter.builder("weir_artifact_fetch_failures_total")
                .description("Downloads of artifacts that failed for another reason")
                .register(registry);
    }

    private static void sweep(Path directory) {
        try {
            Files.createDirectories(directory);
            try (Stream<Path> files = Files.list(directory)) {
                for (Path file :
                        files.filter(path -> path.toString().endsWith(SUFFIX)).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("the API's artifact directory " + directory + " cannot be used", failure);
        }
    }

    /** Starts a download. Returns at once. */
    public Fetch fetch(Request request, Callback callback) {
        Download download = new Download(request, callback);
        try {
            threads.execute(download);
        } catch (RejectedExecutionException closed) {
            throw new IllegalStateException("the fetcher is closed", closed);
        }
        return download;
    }

    private final class Download implements Runnable, Fetch {
        private final Request request;
        private final Callback callback;
        private final long announcedNanos = System.nanoTime();
        private volatile boolean aborted;
        private volatile @Nullable CompletableFuture<HttpResponse<ArtifactBody.Result>> exchange;

        Download(Request request, Callback callback) {
            this.request = request;
            this.callback = callback;
        }

        @Override
        public void abort() {
            aborted = true;
            CompletableFuture<HttpResponse<ArtifactBody.Result>> running = exchange;
            if (running != null) {
                running.cancel(true);
            }
        }

        @Override
        public void run() {
            try (LogContext context = LogContext.ofWork(request.queryId(), request.workId(), request.trace());
                    Trace span = request.trace()
                            .child("fetch", SpanKind.CLIENT)
                            .set("query_id", request.queryId())
                            .set("work_id", request.workId())
                            .set("attempt", request.attempt())
                            .set("bytes", request.sizeBytes())) {
                run(span);
            }
        }

        private void run(Trace span) {
            Path file = settings.spoolDirectory().resolve(files.incrementAndGet() + SUFFIX);
            boolean handedOver = false;
            try {
                turns.acquire();
                try {
                    if (!aborted) {
                        readyToFetchTimer.record(System.nanoTime() - announcedNanos, TimeUnit.NANOSECONDS);
                        handedOver = download(file, span);
                    }
                } finally {
                    turns.release();
                }
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                fail(span, Failure.UNAVAILABLE, "the API is shutting down");
            } finally {
                if (!handedOver) {
                    delete(file);
                }
                if (aborted) {
                    span.event("aborted");
                }
            }
        }

        private boolean download(Path file, Trace span) throws InterruptedException {
            long startedNanos = System.nanoTime();
            String problem;
            Failure kind = Failure.UNAVAILABLE;
            try {
                ArtifactBody.Result result = exchange(file, span);
                fetchTimer.record(System.nanoTime() - startedNanos, TimeUnit.NANOSECONDS);
                if (!result.checksum().equals(request.checksum())) {
                    kind = Failure.CHECKSUM_MISMATCH;
                    problem = "checksum " + result.checksum() + " of " + result.sizeBytes()
                            + " bytes is not the announced " + request.checksum();
                } else if (result.sizeBytes() != request.sizeBytes()) {
                    problem = result.sizeBytes() + " bytes instead of the announced " + request.sizeBytes();
                } else if (aborted) {
                    return false;
                } else {
                    callback.fetched(file);
                    return true;
                }
            } catch (TimeoutException late) {
                problem = "not complete after " + settings.fetchMillisMax() + " ms";
            } catch (CancellationException stopped) {
                return false;
            } catch (ExecutionException failure) {
                Throwable cause = failure.getCause() == null ? failure : failure.getCause();
                if (cause instanceof ArtifactBody.ChecksumException) {
                    kind = Failure.CHECKSUM_MISMATCH;
                }
                problem = cause.getMessage() == null ? cause.toString() : cause.getMessage();
            } catch (IllegalArgumentException failure) {
                problem = "the worker announced the URL '" + request.url() + "': " + failure.getMessage();
            }
            fail(span, kind, problem);
            return false;
        }

        private ArtifactBody.Result exchange(Path file, Trace span)
                throws InterruptedException, ExecutionException, TimeoutException {
            if (request.sizeBytes() > settings.artifactBytesMax()) {
                throw new ExecutionException(new IOException("the artifact has " + request.sizeBytes()
                        + " bytes, the limit is " + settings.artifactBytesMax()));
            }
            HttpRequest.Builder get = HttpRequest.newBuilder(URI.create(request.url()))
                    .timeout(Duration.ofMillis(settings.fetchMillisMax()))
                    .header("X-Query-Id", request.queryId())
                    .GET();
            String traceParent = span.traceParent();
            if (!traceParent.isEmpty()) {
                get.header("traceparent", traceParent);
            }
            CompletableFuture<HttpResponse<ArtifactBody.Result>> running =
                    client.sendAsync(get.build(), new ArtifactBody(file, request.sizeBytes(), request.checksum()));
            exchange = running;
            if (aborted) {
                running.cancel(true);
            }
            try {
                return running.get(settings.fetchMillisMax(), TimeUnit.MILLISECONDS)
                        .body();
            } finally {
                running.cancel(true);
            }
        }

        private void fail(Trace span, Failure failure, String message) {
            if (aborted) {
                return;
            }
            (failure == Failure.CHECKSUM_MISMATCH ? mismatchCounter : failureCounter).increment();
            span.fail(message);
            LOG.warn("artifact of attempt {} not fetched: {}", request.attempt(), message);
            callback.failed(failure, message);
        }
    }

    static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException failure) {
            LOG.warn("the fetched artifact {} could not be deleted; the next start sweeps it", file, failure);
        }
    }

    /** Aborts all downloads. */
    @Override
    public void close() {
        threads.shutdownNow();
        client.shutdownNow();
        try {
            if (!threads.awaitTermination(2, TimeUnit.SECONDS)) {
                LOG.warn("downloads did not end within 2 s");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
