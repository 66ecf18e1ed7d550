package io.weir.ingest.load;

import com.google.protobuf.CodedOutputStream;
import io.weir.ingest.openmetrics.MetricType;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.xerial.snappy.Snappy;

/**
 * A client of remote write 1.0: protobuf, snappy block format, HTTP.
 *
 * <p>Safe for many threads; at most {@code inFlightRequestsMax} requests are on their way, further callers wait. I/O errors, 5xx and
 * 429 are retried with exponential backoff, at most {@code attemptsMax} times; any other status but 2xx fails at once with the receiver's
 * message (as Prometheus 3.14 does, storage/remote/client.go). A request that was retried may have been taken twice.
 */
public final class RemoteWriteClient implements AutoCloseable {
    private static final int METADATA_FIELD = 3;
    private static final int TOO_MANY_REQUESTS = 429;

    private final RemoteWriteSettings settings;
    private final HttpClient http;
    private final Sleeper sleeper;
    private final RandomGenerator random;
    private final BlockingQueue<RequestBuffers> buffers;

    public RemoteWriteClient(RemoteWriteSettings settings) {
        // A generator of each thread's own: several threads back off at the same time.
        this(settings, Thread::sleep, () -> ThreadLocalRandom.current().nextLong());
    }

    RemoteWriteClient(RemoteWriteSettings settings, Sleeper sleeper, RandomGenerator random) {
        this.settings = settings;
        this.sleeper = sleeper;
        this.random = random;
        this.http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofMillis(settings.connectTimeoutMillis()))
                .build();
        this.buffers = new ArrayBlockingQueue<>(settings.inFlightRequestsMax());
        for (int i = 0; i < settings.inFlightRequestsMax(); i++) {
            buffers.add(new RequestBuffers());
        }
    }

    /**
     * Sends the batch and returns when the receiver has acknowledged it; does nothing if it is empty.
     *
     * @throws RemoteWriteException if the receiver refuses it or the last attempt fails
     */
    public void send(SampleBatch batch) throws IOException, InterruptedException {
        if (!batch.isEmpty()) {
            send(batch.bytes(), batch::writeTo);
        }
    }

    /**
     * Sends types, helps and units of families; does nothing if there are none.
     *
     * @throws RemoteWriteException if the receiver refuses it or the last attempt fails
     */
    public void sendMetadata(List<FamilyMetadata> metadata) throws IOException, InterruptedException {
        if (metadata.isEmpty()) {
            return;
        }
        long bytes = 0;
        for (FamilyMetadata entry : metadata) {
            bytes += 6 + metadataBytes(entry);
        }
        send(bytes, out -> {
            for (FamilyMetadata entry : metadata) {
                out.writeTag(METADATA_FIELD, 2);
                out.writeUInt32NoTag(metadataBytes(entry));
                out.writeEnum(1, number(entry.type()));
                out.writeString(2, entry.family());
                out.writeString(4, entry.help());
                out.writeString(5, entry.unit());
            }
        });
    }

    /** Ends requests that are on their way and the client's threads. */
    @Override
    public void close() {
        http.shutdownNow();
    }

    private void send(long bytesAtMost, RequestWriter writer) throws IOException, InterruptedException {
        if (bytesAtMost > settings.requestBytesMax()) {
            throw new RemoteWriteException(
                    "a write request of " + bytesAtMost + " bytes is larger than the limit of "
                            + settings.requestBytesMax() + ": send smaller batches",
                    0,
                    0,
                    null);
        }
        RequestBuffers taken = buffers.take();
        boolean clean = false;
        try {
            int length = taken.encode((int) bytesAtMost, writer);
            clean = sendWithRetries(taken.compressed, length);
        } finally {
            // After a failed attempt the HTTP client may still be reading the array.
            buffers.add(clean ? taken : new RequestBuffers());
        }
    }

    /** Whether the first attempt succeeded. */
    private boolean sendWithRetries(byte[] body, int length) throws IOException, InterruptedException {
        HttpRequest request = request(body, length);
        for (int attempt = 1; ; attempt++) {
            @Nullable IOException failure = null;
            int status = 0;
            String problem;
            OptionalLong retryAfterMillis = OptionalLong.empty();
            try {
                HttpResponse<BoundedBody> response =
                        BoundedHttp.send(http, request, settings.requestTimeoutMillis(), settings.errorBodyBytesMax());
                status = response.statusCode();
                if (status / 100 == 2) {
                    return attempt == 1;
                }
                String text = new String(response.body().bytes(), StandardCharsets.UTF_8).strip();
                problem = "status " + status + (text.isEmpty() ? "" : ": " + text);
                retryAfterMillis = RetryAfter.millis(response.headers());
            } catch (IOException e) {
                failure = e;
                problem = e.getMessage() == null ? e.getClass().getSimpleName() : e.toString();
            }
            if (status != 0 && status != TOO_MANY_REQUESTS && status / 100 != 5) {
                throw new RemoteWriteException(
                        settings.endpoint() + " refused the write with " + problem, status, attempt, null);
            }
            if (attempt >= settings.attemptsMax()) {
                throw new RemoteWriteException(
                        "gave up writing to " + settings.endpoint() + " after " + attempt + " attempts, the last with "
                                + problem,
                        status,
                        attempt,
                        failure);
            }
            sleeper.sleep(waitMillis(attempt, retryAfterMillis));
        }
    }

    private HttpRequest request(byte[] body, int length) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(settings.uri())
                .header("Content-Type", "application/x-protobuf")
                .header("Content-Encoding", "snappy")
                .header("X-Prometheus-Remote-Write-Version", "0.1.0")
                .header("User-Agent", "weir")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body, 0, length));
        if (!settings.tenant().isEmpty()) {
            builder.header("X-Scope-OrgID", settings.tenant());
        }
        return builder.build();
    }

    /** Half of the backoff is random, so that clients which failed together do not come back together. */
    private long waitMillis(int attempt, OptionalLong retryAfterMillis) {
        if (retryAfterMillis.isPresent()) {
            return Math.min(retryAfterMillis.getAsLong(), settings.retryAfterMillisMax());
        }
        long backoff = settings.backoffInitialMillis() << Math.min(attempt - 1, 20);
        long bounded = Math.min(backoff, settings.backoffMillisMax());
        return bounded - random.nextLong(bounded / 2 + 1);
    }

    private static int metadataBytes(FamilyMetadata entry) {
        return CodedOutputStream.computeEnumSize(1, number(entry.type()))
                + CodedOutputStream.computeStringSize(2, entry.family())
                + CodedOutputStream.computeStringSize(4, entry.help())
                + CodedOutputStream.computeStringSize(5, entry.unit());
    }

    /** Numbers of prompb.MetricMetadata.MetricType. */
    private static int number(MetricType type) {
        return switch (type) {
            case UNKNOWN -> 0;
            case COUNTER -> 1;
            case GAUGE -> 2;
            case HISTOGRAM -> 3;
            case GAUGE_HISTOGRAM -> 4;
            case SUMMARY -> 5;
            case INFO -> 6;
            case STATE_SET -> 7;
        };
    }

    /** Waits; replaced in tests. */
    @FunctionalInterface
    interface Sleeper {
        void sleep(long millis) throws InterruptedException;
    }

    /** Writes a message into a stream that has enough space. */
    @FunctionalInterface
    private interface RequestWriter {
        void writeTo(CodedOutputStream out) throws IOException;
    }

    /** The two arrays of one request in flight. */
    private static final class RequestBuffers {
        private byte[] plain = new byte[0];
        private byte[] compressed = new byte[0];

        int encode(int bytesAtMost, RequestWriter writer) throws IOException {
            if (plain.length < bytesAtMost) {
                plain = new byte[Math.max(bytesAtMost, Math.min(plain.length * 2, 1 << 24))];
            }
            CodedOutputStream out = CodedOutputStream.newInstance(plain);
            writer.writeTo(out);
            out.flush();
            int length = out.getTotalBytesWritten();
            int compressedMax = Snappy.maxCompressedLength(length);
            if (compressed.length < compressedMax) {
                compressed = new byte[compressedMax];
            }
            return Snappy.compress(plain, 0, length, compressed, 0);
        }
    }
}
