package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.weir.cli.process.Ports;
import io.weir.proto.remote.v1.TimeSeries;
import io.weir.proto.remote.v1.WriteRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** kill -9 of the ingest process in the middle of writing loses nothing it acknowledged and keeps nothing twice. */
@Tag("slow")
class IngestKillTest {
    private static final int WRITERS = 4;
    private static final int KILLS = 3;
    private static final long START = 1_780_000_000_000L;

    @TempDir
    private Path folder;

    /** Per writer: time of the sample to its value, of what was acknowledged. */
    private final Map<Integer, ConcurrentSkipListMap<Long, Double>> acknowledged = new ConcurrentHashMap<>();

    @Test
    void everyAcknowledgedSampleIsThereExactlyOnce() throws Exception {
        try (TestingCluster cluster = TestingCluster.withLocalLake(folder)) {
            int port = Ports.free();
            TestingCluster.Node ingest = cluster.ingest("ingest", port, "--ingest-flush-interval-millis", "1000");
            TestingClient client = new TestingClient(ingest.base(), "acme");
            cluster.worker("worker-0");
            TestingCluster.Node api = cluster.api("api", 1);
            AtomicBoolean stop = new AtomicBoolean();
            AtomicLong requests = new AtomicLong();
            try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
                List<Future<?>> writers = new ArrayList<>();
                for (int writer = 0; writer < WRITERS; writer++) {
                    int number = writer;
                    writers.add(pool.submit(() -> {
                        write(number, client, stop, requests);
                        return null;
                    }));
                }
                for (int kill = 0; kill < KILLS; kill++) {
                    Thread.sleep(2_500);
                    ingest.process().kill();
                    ingest = cluster.ingest("ingest", port, "--ingest-flush-interval-millis", "1000");
                }
                long before = requests.get();
                Thread.sleep(2_000);
                assertThat(requests.get())
                        .as("writing goes on after the last restart")
                        .isGreaterThan(before);
                stop.set(true);
                for (Future<?> writer : writers) {
                    writer.get(60, TimeUnit.SECONDS);
                }
            }
            client.flush();
            long samples = 0;
            for (int writer = 0; writer < WRITERS; writer++) {
                TreeMap<Long, Double> stored = read(new TestingClient(api.base(), "acme"), writer);
                // A request that was not acknowledged is sent again with the same samples until it is.
                assertThat(stored).isEqualTo(acknowledged.get(writer));
                samples += stored.size();
            }
            System.out.println(
                    "IngestKillTest: " + samples + " samples acknowledged over " + KILLS + " kills, all there once");
        }
    }

    private void write(int writer, TestingClient client, AtomicBoolean stop, AtomicLong requests)
            throws InterruptedException {
        ConcurrentSkipListMap<Long, Double> mine = new ConcurrentSkipListMap<>();
        acknowledged.put(writer, mine);
        for (long batch = 0; !stop.get(); batch++) {
            TimeSeries.Builder series = TestingClient.series("kill_test", "writer", "" + writer);
            TreeMap<Long, Double> samples = new TreeMap<>();
            for (int i = 0; i < 100; i++) {
                long time = START + (batch * 100 + i) * 10;
                samples.put(time, batch + i / 100.0);
                series.addSamples(TestingClient.sample(time, batch + i / 100.0));
            }
            WriteRequest request =
                    WriteRequest.newBuilder().addTimeseries(series).build();
            while (true) {
                try {
                    if (client.write(request).statusCode() / 100 == 2) {
                        break;
                    }
                } catch (IOException e) {
                    // Killed or not yet back: not acknowledged, so it is sent again.
                    Thread.sleep(50);
                }
            }
            mine.putAll(samples);
            requests.incrementAndGet();
        }
    }

    private static TreeMap<Long, Double> read(TestingClient client, int writer)
            throws IOException, InterruptedException {
        TreeMap<Long, Double> samples = new TreeMap<>();
        JsonNode result = client.json(
                        client.instantPath("kill_test{writer=\"" + writer + "\"}[1d]", START / 1000.0 + 86_000))
                .path("data")
                .path("result");
        assertThat(result).hasSize(1);
        for (JsonNode sample : result.get(0).path("values")) {
            Double previous = samples.put(
                    Math.round(sample.get(0).asDouble() * 1000),
                    Double.parseDouble(sample.get(1).asText()));
            assertThat(previous).as("a timestamp appears once").isNull();
        }
        return samples;
    }
}
