package io.weir.bench;

import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import org.xerial.snappy.Snappy;

/** Sends {@link SampleRounds} by remote write 1.0, some requests at a time, in time order. */
final class RemoteWriteSender {
    private static final int SAMPLES_PER_REQUEST = 10_000;
    private static final int SAMPLES_PER_SERIES = 10;
    private static final int CONNECTIONS = 4;
    private static final int ATTEMPTS_MAX = 100;

    /**
     * @param seconds wall time of sending, acknowledgements included
     */
    record Result(long samples, double seconds) {
        double samplesPerSecond() {
            return samples / seconds;
        }
    }

    private final URI target;
    private final int samplesPerSeries;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();

    RemoteWriteSender(URI target) {
        this(target, SAMPLES_PER_SERIES);
    }

    /**
     * @param samplesPerSeries how many samples of a series a request has: many where there are few series
     */
    RemoteWriteSender(URI target, int samplesPerSeries) {
        this.target = target;
        this.samplesPerSeries = samplesPerSeries;
    }

    /** Sends {@code intervals} rounds from {@code startMillis} on; each series' samples stay in order. */
    Result send(SampleRounds data, long startMillis, int intervals) throws IOException, InterruptedException {
        List<byte[]> labels = new ArrayList<>();
        for (Map<String, String> series : data.labels()) {
            labels.add(encodeLabels(series));
        }
        int seriesPerRequest = Math.max(1, SAMPLES_PER_REQUEST / samplesPerSeries);
        long samples = 0;
        long begin = System.nanoTime();
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            BlockingQueue<Future<?>> inFlight = new ArrayBlockingQueue<>(CONNECTIONS);
            double[][] values = new double[samplesPerSeries][];
            for (int interval = 0; interval < intervals; interval += samplesPerSeries) {
                int rounds = Math.min(samplesPerSeries, intervals - interval);
                for (int i = 0; i < rounds; i++) {
                    values[i] = data.next().clone();
                }
                long first = startMillis + data.phaseMillis() + interval * data.intervalMillis();
                for (int from = 0; from < labels.size(); from += seriesPerRequest) {
                    int to = Math.min(from + seriesPerRequest, labels.size());
                    byte[] body =
                            Snappy.compress(encode(labels, from, to, values, rounds, first, data.intervalMillis()));
                    if (inFlight.remainingCapacity() == 0) {
                        await(inFlight.take());
                    }
                    inFlight.put(pool.submit(() -> {
                        post(body);
                        return null;
                    }));
                    samples += (long) (to - from) * rounds;
                }
                // A round is acknowledged before the next begins: Prometheus refuses what is out of order.
                while (!inFlight.isEmpty()) {
                    await(inFlight.take());
                }
            }
        }
        return new Result(samples, (System.nanoTime() - begin) / 1e9);
    }

    private static void await(Future<?> future) throws IOException, InterruptedException {
        try {
            future.get();
        } catch (ExecutionException e) {
            Throwable cause = java.util.Objects.requireNonNullElse(e.getCause(), e);
            throw new IOException("remote write failed: " + cause.getMessage(), cause);
        }
    }

    private void post(byte[] body) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(target)
                .timeout(Duration.ofSeconds(60))
                .header("Content-Type", "application/x-protobuf")
                .header("Content-Encoding", "snappy")
                .header("X-Prometheus-Remote-Write-Version", "0.1.0")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
        for (int attempt = 1; ; attempt++) {
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() / 100 == 2) {
                return;
            }
            boolean overloaded = response.statusCode() == 429 || response.statusCode() == 503;
            if (!overloaded || attempt == ATTEMPTS_MAX) {
                throw new IOException(target + " answered " + response.statusCode() + ": " + response.body());
            }
            Thread.sleep(ThreadLocalRandom.current().nextInt(50, 200));
        }
    }

    private static byte[] encodeLabels(Map<String, String> labels) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        for (Map.Entry<String, String> label : labels.entrySet()) {
            byte[] name = label.getKey().getBytes(StandardCharsets.UTF_8);
            byte[] value = label.getValue().getBytes(StandardCharsets.UTF_8);
            out.writeTag(1, 2);
            out.writeUInt32NoTag(
                    CodedOutputStream.computeByteArraySize(1, name) + CodedOutputStream.computeByteArraySize(2, value));
            out.writeByteArray(1, name);
            out.writeByteArray(2, value);
        }
        out.flush();
        return bytes.toByteArray();
    }

    private static byte[] encode(
            List<byte[]> labels, int from, int to, double[][] values, int rounds, long first, long interval)
            throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 18);
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        for (int series = from; series < to; series++) {
            int size = labels.get(series).length;
            for (int i = 0; i < rounds; i++) {
                if (Double.isNaN(values[i][series])) {
                    continue;
                }
                int sample = sampleSize(values[i][series], first + i * interval);
                size += 1 + CodedOutputStream.computeUInt32SizeNoTag(sample) + sample;
            }
            out.writeTag(1, 2);
            out.writeUInt32NoTag(size);
            out.writeRawBytes(labels.get(series));
            for (int i = 0; i < rounds; i++) {
                if (Double.isNaN(values[i][series])) {
                    continue;
                }
                long time = first + i * interval;
                out.writeTag(2, 2);
                out.writeUInt32NoTag(sampleSize(values[i][series], time));
                out.writeDouble(1, values[i][series]);
                out.writeInt64(2, time);
            }
        }
        out.flush();
        return bytes.toByteArray();
    }

    private static int sampleSize(double value, long time) {
        return CodedOutputStream.computeDoubleSize(1, value) + CodedOutputStream.computeInt64Size(2, time);
    }
}
