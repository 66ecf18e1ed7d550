package io.weir.queryapi.fetch;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.opentelemetry.api.trace.SpanKind;
import io.weir.lake.artifact.ArtifactContract;
import io.weir.lake.artifact.ArtifactMeta;
import io.weir.lake.artifact.CorruptArtifactException;
import io.weir.proto.log.LogContext;
import io.weir.proto.trace.Trace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Downloads artifacts into the API's spool directory and verifies their SHA-256 while the bytes come in. A file is handed
 * over only when everything about it is as announced: size, checksum, schema version, whose work it is, rows and times.
 * The spool never takes more than its limit: downloads wait for room in the order they came. Thread-safe.
 */
public final class ArtifactFetcher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ArtifactFetcher.class);
    private static final String SUFFIX = ".artifact";
    private static final int DOUBLINGS_MAX = 10;

    /**
     * What to download, as its worker announced it.
     *
     * @param trace the span that the download belongs to
     */
    public record Request(String queryId, String workId, int attempt, String url, ArtifactMeta announced, Trace trace) {
        /** An untraced request. */
        public Request(String queryId, String workId, int attempt, String url, ArtifactMeta announced) {
            this(queryId, workId, attempt, url, announced, Trace.OFF);
        }
    }

    /** Why a download failed. */
    public enum Failure {
        /** No connection, a time-out, another status than 200, another size. */
        UNAVAILABLE,
        /** The bytes, or the server's own header, are not of the announced checksum. */
        CHECKSUM_MISMATCH,
        /** The checksum fits, but the content is not what was announced, or of a version that this release does not know. */
        NOT_AS_ANNOUNCED,
        /** It is larger than the limit for one artifact. */
        TOO_LARGE,
        /** The API's spool has no room for it. */
        SPOOL_FULL
    }

    /** Told the outcome, once, from a thread of the fetcher; nothing after an abort. */
    public interface Callback {
        /** The file is the caller's now, who deletes it. */
        void fetched(FetchedFile file);

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
    private final Counter retryCounter;
    private final SpoolSpace space;

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
        this.space = new SpoolSpace(settings.spoolBytesMax(), registry);
        this.retryCounter = Counter.builder("weir_artifact_fetch_retries_total")
                .description("Downloads of artifacts that were tried again before their work was given up")
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
        /** The download's thread while it waits for room, for its turn or for the next try, and may be interrupted. */
        private volatile @Nullable Thread waiting;

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
            Thread thread = waiting;
            if (thread != null) {
                thread.interrupt();
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
                            .set("bytes", request.announced().sizeBytes())) {
                run(span);
            }
        }

        private void run(Trace span) {
            try {
                Problem problem = admissible();
                if (problem == null) {
                    problem = inSpace(span);
                }
                if (problem != null) {
                    fail(span, problem);
                }
            } catch (InterruptedException interrupted) {
                fail(span, new Problem(Failure.UNAVAILABLE, "the API is shutting down", false));
            } finally {
                if (aborted) {
                    span.event("aborted");
                }
            }
        }

        /** Why it is not worth a download, or null. */
        private @Nullable Problem admissible() {
            ArtifactMeta announced = request.announced();
            if (!ArtifactContract.isKnownVersion(announced.schemaVersion())) {
                return new Problem(
                        Failure.NOT_AS_ANNOUNCED,
                        "the worker announced an artifact of "
                                + ArtifactContract.unknownVersion(announced.schemaVersion()),
                        false);
            }
            if (announced.sizeBytes() > settings.artifactBytesMax() || !space.canHold(announced.sizeBytes())) {
                return new Problem(
                        Failure.TOO_LARGE,
                        "the artifact of one piece of work has " + announced.sizeBytes() + " bytes, the limit is "
                                + settings.artifactBytesMax()
                                + " (setting fetch-artifact-bytes-max); select fewer series, a shorter range or a"
                                + " larger step",
                        false);
            }
            return null;
        }

        private @Nullable Problem inSpace(Trace span) throws InterruptedException {
            long sizeBytes = request.announced().sizeBytes();
            if (!interruptibly(() -> space.take(sizeBytes, settings.spoolWaitMillisMax()))) {
                return new Problem(
                        Failure.SPOOL_FULL,
                        "the API's spool of fetched artifacts had no room for " + sizeBytes + " bytes in "
                                + settings.spoolWaitMillisMax() + " ms: " + space.usedBytes() + " of "
                                + settings.spoolBytesMax()
                                + " bytes are taken (setting fetch-spool-bytes-max); try again, or run fewer queries"
                                + " at a time",
                        false);
            }
            Path path = settings.spoolDirectory().resolve(files.incrementAndGet() + SUFFIX);
            FetchedFile file = new FetchedFile(path, () -> space.giveBack(sizeBytes));
            boolean handedOver = false;
            try {
                interruptibly(() -> {
                    turns.acquire();
                    return true;
                });
                try {
                    Problem problem = fetch(path, span);
                    if (problem == null && !aborted) {
                        callback.fetched(file);
                        handedOver = true;
                    }
                    return problem;
                } finally {
                    turns.release();
                }
            } finally {
                if (!handedOver) {
                    file.delete();
                }
            }
        }

        private boolean interruptibly(Callable<Boolean> wait) throws InterruptedException {
            waiting = Thread.currentThread();
            try {
                if (aborted) {
                    throw new InterruptedException("aborted");
                }
                return wait.call();
            } catch (InterruptedException | RuntimeException e) {
                throw e;
            } catch (Exception impossible) {
                throw new IllegalStateException(impossible);
            } finally {
                waiting = null;
            }
        }

        /** Tries until it has the artifact; null then, or when it was aborted. */
        private @Nullable Problem fetch(Path file, Trace span) throws InterruptedException {
            readyToFetchTimer.record(System.nanoTime() - announcedNanos, TimeUnit.NANOSECONDS);
            for (int attempt = 1; ; attempt++) {
                Problem problem = fetchOnce(file, span);
                if (problem == null || aborted || !problem.again || attempt >= settings.attemptsMax()) {
                    return problem;
                }
                LOG.info("artifact of attempt {} is fetched again: {}", request.attempt(), problem.message);
                retryCounter.increment();
                deleteQuietly(file);
                long full = settings.retryMillis() << Math.min(attempt - 1, DOUBLINGS_MAX);
                long pauseMillis = full / 2 + ThreadLocalRandom.current().nextLong(full / 2 + 1);
                interruptibly(() -> {
                    Thread.sleep(pauseMillis);
                    return true;
                });
            }
        }

        private @Nullable Problem fetchOnce(Path file, Trace span) throws InterruptedException {
            long startedNanos = System.nanoTime();
            try {
                ArtifactBody.Result result = exchange(file, span);
                fetchTimer.record(System.nanoTime() - startedNanos, TimeUnit.NANOSECONDS);
                return verify(file, result);
            } catch (TimeoutException late) {
                return new Problem(
                        Failure.UNAVAILABLE, "not complete after " + settings.fetchMillisMax() + " ms", false);
            } catch (CancellationException stopped) {
                return null;
            } catch (ExecutionException failure) {
                return problem(failure.getCause() == null ? failure : failure.getCause());
            } catch (IllegalArgumentException failure) {
                return new Problem(
                        Failure.UNAVAILABLE,
                        "the worker announced the URL '" + request.url() + "': " + failure.getMessage(),
                        false);
            }
        }

        private Problem problem(Throwable cause) {
            String message = cause.getMessage() == null ? cause.toString() : cause.getMessage();
            return switch (cause) {
                case ArtifactBody.ChecksumException e -> new Problem(Failure.CHECKSUM_MISMATCH, message, false);
                case ArtifactBody.WriteException e -> new Problem(Failure.SPOOL_FULL, message, false);
                case ArtifactBody.StatusException e -> new Problem(Failure.UNAVAILABLE, message, e.status() >= 500);
                case HttpTimeoutException e -> new Problem(Failure.UNAVAILABLE, message, false);
                default -> new Problem(Failure.UNAVAILABLE, message, cause instanceof IOException);
            };
        }

        private @Nullable Problem verify(Path file, ArtifactBody.Result result) {
            ArtifactMeta announced = request.announced();
            if (!result.checksum().equals(announced.checksum())) {
                return new Problem(
                        Failure.CHECKSUM_MISMATCH,
                        "checksum " + result.checksum() + " of " + result.sizeBytes() + " bytes is not the announced "
                                + announced.checksum(),
                        false);
            }
            if (result.sizeBytes() != announced.sizeBytes()) {
                return new Problem(
                        Failure.UNAVAILABLE,
                        result.sizeBytes() + " bytes instead of the announced " + announced.sizeBytes(),
                        false);
            }
            ArtifactContract expected = new ArtifactContract(
                    request.workId(),
                    announced.rowCount(),
                    announced.minTimestampMillis(),
                    announced.maxTimestampMillis(),
                    announced.schemaVersion());
            try {
                ArtifactContract found = ArtifactContract.read(file);
                return found.equals(expected)
                        ? null
                        : new Problem(
                                Failure.NOT_AS_ANNOUNCED,
                                "the artifact says " + found + ", announced was " + expected,
                                false);
            } catch (CorruptArtifactException e) {
                return new Problem(Failure.NOT_AS_ANNOUNCED, String.valueOf(e.getMessage()), false);
            }
        }

        private ArtifactBody.Result exchange(Path file, Trace span)
                throws InterruptedException, ExecutionException, TimeoutException {
            HttpRequest.Builder get = HttpRequest.newBuilder(URI.create(request.url()))
                    .timeout(Duration.ofMillis(settings.fetchMillisMax()))
                    .header("X-Query-Id", request.queryId())
                    .GET();
            String traceParent = span.traceParent();
            if (!traceParent.isEmpty()) {
                get.header("traceparent", traceParent);
            }
            // Opened here and not when the answer begins: this thread deletes the file, and a late answer must not make
            // it anew.
            try (FileChannel channel = open(file)) {
                CompletableFuture<HttpResponse<ArtifactBody.Result>> running = client.sendAsync(
                        get.build(),
                        new ArtifactBody(
                                channel,
                                request.announced().sizeBytes(),
                                request.announced().checksum()));
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
            } catch (IOException failure) {
                throw new ExecutionException(failure);
            }
        }

        private static FileChannel open(Path file) throws ArtifactBody.WriteException {
            try {
                return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            } catch (IOException failure) {
                throw new ArtifactBody.WriteException(
                        "the artifact cannot be written to " + file + ": " + failure, failure);
            }
        }

        private void fail(Trace span, Problem problem) {
            if (aborted) {
                return;
            }
            (problem.failure == Failure.CHECKSUM_MISMATCH ? mismatchCounter : failureCounter).increment();
            span.fail(problem.message);
            LOG.warn("artifact of attempt {} not fetched: {}", request.attempt(), problem.message);
            callback.failed(problem.failure, problem.message);
        }
    }

    /** What went wrong, and whether the same download may go right soon. */
    private record Problem(Failure failure, String message, boolean again) {}

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException failure) {
            LOG.warn("what a failed download left in {} could not be deleted", file, failure);
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
