package io.weir.ingest.load;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Sends samples to a remote-write 1.0 endpoint. Connection failures, 5xx and 429 are repeated with growing pauses, or the pause
 * {@code Retry-After} asks for, for a bounded time; any other answer than 2xx is an error with the server's message. Thread-safe.
 */
public final class RemoteWriteSink implements SampleSink {
    private static final int ENCODERS_KEPT_MAX = 8;
    private static final int MESSAGE_LENGTH_MAX = 1_000;

    private final RemoteWriteSettings settings;
    private final HttpClient client;
    private final ConcurrentLinkedQueue<RemoteWriteEncoder> encoders = new ConcurrentLinkedQueue<>();
    private final AtomicInteger encodersKept = new AtomicInteger();

    public RemoteWriteSink(RemoteWriteSettings settings, HttpClient client) {
        this.settings = settings;
        this.client = client;
    }

    @Override
    public void write(SampleTable table) throws IOException, InterruptedException {
        if (table.isEmpty()) {
            return;
        }
        HttpRequest request = HttpRequest.newBuilder(settings.url())
                .timeout(Duration.ofMillis(settings.requestTimeoutMillis()))
                .header("Content-Type", "application/x-protobuf")
                .header("Content-Encoding", "snappy")
                .header("X-Prometheus-Remote-Write-Version", "0.1.0")
                .header("X-Scope-OrgID", settings.tenant())
                .POST(HttpRequest.BodyPublishers.ofByteArray(encode(table)))
                .build();
        long deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(settings.retryTotalMillisMax());
        long pauseMillis = settings.retryMillisMin();
        while (true) {
            String problem;
            long askedMillis = 0;
            IOException cause = null;
            try {
                HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
                int status = response.statusCode();
                if (status >= 200 && status < 300) {
                    return;
                }
                problem = settings.url() + " answered " + status + ": " + shorten(response.body());
                if (status != 429 && status < 500) {
                    throw new RefusedWriteException(problem);
                }
                askedMillis = retryAfterMillis(response);
            } catch (RefusedWriteException e) {
                throw e;
            } catch (IOException e) {
                problem = settings.url() + " cannot be reached: " + e;
                cause = e;
            }
            long waitMillis = Math.min(Math.max(pauseMillis, askedMillis), settings.retryMillisMax());
            if (System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMillis) > deadlineNanos) {
                throw new IOException(problem + " (given up after " + settings.retryTotalMillisMax() + " ms)", cause);
            }
            Thread.sleep(waitMillis);
            pauseMillis = Math.min(pauseMillis * 2, settings.retryMillisMax());
        }
    }

    private byte[] encode(SampleTable table) throws IOException {
        RemoteWriteEncoder pooled = encoders.poll();
        if (pooled != null) {
            encodersKept.decrementAndGet();
        }
        RemoteWriteEncoder encoder = pooled == null ? new RemoteWriteEncoder() : pooled;
        byte[] body = encoder.encode(table);
        if (encodersKept.incrementAndGet() <= ENCODERS_KEPT_MAX) {
            encoders.add(encoder);
        } else {
            encodersKept.decrementAndGet();
        }
        return body;
    }

    private static long retryAfterMillis(HttpResponse<String> response) {
        String header = response.headers().firstValue("Retry-After").orElse("");
        // The other form, a date, is answered with the own pause.
        return header.matches("[0-9]{1,6}") ? Long.parseLong(header) * 1000 : 0;
    }

    private static String shorten(@Nullable String body) {
        String text = body == null ? "" : body.trim();
        return text.length() <= MESSAGE_LENGTH_MAX ? text : text.substring(0, MESSAGE_LENGTH_MAX) + "...";
    }
}
