package io.weir.ingest.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.OperatingSystemMXBean;
import io.weir.ingest.flush.FlushSettings;
import io.weir.ingest.load.RemoteWriteSettings;
import io.weir.ingest.load.RemoteWriteSink;
import io.weir.ingest.load.SampleTable;
import io.weir.ingest.testkit.TestingIngest;
import io.weir.ingest.testkit.TestingLake;
import io.weir.lake.segment.SegmentMeta;
import io.weir.promql.labels.Labels;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Measures samples per second over HTTP, sender, PostgreSQL and flushes included; asserts only that they all arrive. */
@Tag("slow")
final class RemoteWriteThroughputTest {
    private static final int SERIES = 4_000;
    private static final int SENDERS = 4;
    private static final int SAMPLES_PER_REQUEST = 2_000;
    private static final int STEPS = Integer.getInteger("weir.throughput.steps", 1_000);
    private static final long T0 = 1_700_000_000_000L - 1_700_000_000_000L % 86_400_000L;

    @TempDir
    private Path folder;

    @Test
    void measure() throws Exception {
        List<Labels> series = new ArrayList<>();
        for (int i = 0; i < SERIES; i++) {
            series.add(Labels.of(
                    "__name__",
                    "http_requests_total",
                    "instance",
                    "host-" + i % 40 + ".example.org:9100",
                    "job",
                    "api-server",
                    "method",
                    i % 2 == 0 ? "GET" : "POST",
                    "path",
                    "/api/v1/resource/" + i / 40,
                    "status",
                    i % 5 == 0 ? "500" : "200",
                    "region",
                    "eu-central-1",
                    "cluster",
                    "production"));
        }
        try (TestingLake lake = TestingLake.create(folder.resolve("lake"));
                TestingIngest ingest = TestingIngest.start(
                        IngestSettings.defaults(folder.resolve("data")).withFlush(FlushSettings.defaults()), lake);
                HttpClient client = HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .build()) {
            RemoteWriteSink sink = new RemoteWriteSink(
                    RemoteWriteSettings.of(
                            URI.create("http://127.0.0.1:" + ingest.port() + "/api/v1/write"), "default"),
                    client);
            for (int round = 0; round < 3; round++) {
                measure(series, sink, T0 + round * 8L * 3600_000);
            }
            assertThat(ingest.sender().flush().statusCode()).isEqualTo(204);
            long stored = lake.segments("default").stream()
                    .mapToLong(SegmentMeta::sampleCount)
                    .sum();
            long bytes = lake.segments("default").stream()
                    .mapToLong(meta -> meta.blocksSizeBytes() + meta.seriesSizeBytes())
                    .sum();
            assertThat(stored).isEqualTo(3L * SERIES * STEPS);
            System.out.printf(
                    "%d segments, %.2f bytes per sample%n",
                    lake.segments("default").size(), (double) bytes / stored);
        }
    }

    private static void measure(List<Labels> series, RemoteWriteSink sink, long start) throws Exception {
        OperatingSystemMXBean machine = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long cpu = machine.getProcessCpuTime();
        long nanos = System.nanoTime();
        try (ExecutorService executor = Executors.newFixedThreadPool(SENDERS)) {
            List<Future<?>> senders = new ArrayList<>();
            for (int sender = 0; sender < SENDERS; sender++) {
                List<Labels> own = series.subList(SERIES / SENDERS * sender, SERIES / SENDERS * (sender + 1));
                senders.add(executor.submit(() -> {
                    send(own, sink, start);
                    return true;
                }));
            }
            for (Future<?> sender : senders) {
                sender.get();
            }
        }
        double seconds = (System.nanoTime() - nanos) / 1e9;
        double samples = (double) SERIES * STEPS;
        System.out.printf(
                "%.0f samples/s, %.2f CPU seconds per million samples (sender and server)%n",
                samples / seconds, (machine.getProcessCpuTime() - cpu) / 1e9 / (samples / 1e6));
    }

    private static void send(List<Labels> series, RemoteWriteSink sink, long start) throws Exception {
        Random random = new Random(start);
        double[] counters = new double[series.size()];
        SampleTable table = new SampleTable();
        for (int step = 0; step < STEPS; step++) {
            for (int i = 0; i < series.size(); i++) {
                counters[i] += random.nextInt(100);
                table.add(series.get(i), start + step * 15_000L, counters[i]);
                if (table.size() == SAMPLES_PER_REQUEST) {
                    sink.write(table);
                    table = new SampleTable();
                }
            }
        }
        sink.write(table);
    }
}
