package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients that read a kilobyte a second hold up nobody: the API's memory does not grow with what they have not read, other queries are as
 * quick as before, and at the write limit they are disconnected and their queries' work is cancelled.
 */
@Tag("slow")
class SlowClientTest {
    private static final int SLOW_CLIENTS = 6;
    private static final int BYTES_PER_SECOND = 1_024;
    private static final long WRITE_LIMIT_MILLIS = 6_000;
    /** What one stream may hold on the heap: a step, buffers of the response and of its artifacts. */
    private static final long HEAP_BYTES_PER_STREAM_MAX = 8L << 20;
    /** More than the sockets' buffers take, and than the heap may grow. */
    private static final long ANSWER_BYTES_MIN = 20L << 20;

    private static final TestingLoad LOAD = new TestingLoad(80, 960, 15_000, false);
    private static final String SMALL = "sum by (mode) (rate(cpu_seconds_total[5m]))";

    @Test
    void nobodyElseIsHeldUp(@TempDir Path folder) throws Exception {
        try (TestingFleet fleet = TestingFleet.withLocalLake(folder)) {
            fleet.load(LOAD);
            TestingFleet.Worker worker = fleet.worker("worker");
            TestingFleet.Api api = fleet.api(
                    "api",
                    List.of(worker.grpcPort()),
                    "--query-samples-per-unit-target",
                    "20000",
                    "--http-idle-timeout-millis",
                    "" + WRITE_LIMIT_MILLIS);
            HttpResponse<String> whole = api.client().post("/api/v1/metrics/query", "application/json", body());
            assertThat(whole.body().length()).isGreaterThan((int) ANSWER_BYTES_MIN);
            assertThat(whole.body()).contains("\"status\":\"ok\"");
            String undisturbed = small(api);
            Duration before = time(api, undisturbed);
            long heapBefore = api.figures().heapBytesAfterCollection();

            List<SlowClient> clients = new ArrayList<>();
            try {
                for (int client = 0; client < SLOW_CLIENTS; client++) {
                    clients.add(new SlowClient(api.base().getPort()));
                }
                TestingVitals.await(
                        "all slow clients get something",
                        () -> clients.stream().allMatch(client -> client.read.get() > 0));
                assertThat(api.figures().metric("weir_queries_running")).isEqualTo(SLOW_CLIENTS);
                long heapDuring = api.figures().heapBytesAfterCollection();
                assertThat(heapDuring - heapBefore)
                        .as("heap held for " + SLOW_CLIENTS + " answers of "
                                + whole.body().length() + " bytes")
                        .isLessThan(SLOW_CLIENTS * HEAP_BYTES_PER_STREAM_MAX);
                Duration during = time(api, undisturbed);
                System.out.println("heap before " + heapBefore + ", with slow clients " + heapDuring
                        + "; ten queries before " + before + ", with slow clients " + during);
                assertThat(during).isLessThan(before.multipliedBy(3).plusSeconds(1));

                Duration ended = TestingVitals.await(
                        "slow clients are given up",
                        Duration.ofSeconds(60),
                        () -> api.figures().metric("weir_queries_running") == 0);
                System.out.println("given up after another " + ended);
                TestingVitals.await(
                        "the worker is idle",
                        () -> worker.figures().metric("weir_worker_running") == 0
                                && worker.figures().metric("weir_worker_queue_depth") == 0
                                && api.figures().metric("weir_api_work_in_flight") == 0
                                && api.figures().metric("weir_api_queue_depth") == 0);
                assertThat(TestingVitals.filesBelow(fleet.folderOf("api")))
                        .as("fetched artifacts of given up queries")
                        .isEmpty();
                for (SlowClient client : clients) {
                    assertThat(client.awaitEnd()).as("bytes until the end").isLessThan(ANSWER_BYTES_MIN);
                }
            } finally {
                for (SlowClient client : clients) {
                    client.close();
                }
            }
            assertThat(small(api)).isEqualTo(undisturbed);
        }
    }

    private static String body() {
        return "{\"q\":\"cpu_seconds_total\",\"s\":\"" + (long) (LOAD.startSeconds() * 1_000) + "\",\"e\":\""
                + (long) (LOAD.endSeconds() * 1_000) + "\",\"step\":\"15s\"}";
    }

    private static String small(TestingFleet.Api api) throws IOException, InterruptedException {
        return api.client()
                .json(api.client().rangePath(SMALL, LOAD.startSeconds() + 600, LOAD.endSeconds(), 60))
                .toString();
    }

    /** Of ten queries, all answered as ever. */
    private static Duration time(TestingFleet.Api api, String undisturbed) throws IOException, InterruptedException {
        long start = System.nanoTime();
        for (int query = 0; query < 10; query++) {
            assertThat(small(api)).isEqualTo(undisturbed);
        }
        return Duration.ofNanos(System.nanoTime() - start);
    }

    /** Asks for everything and reads it slowly. */
    private static final class SlowClient implements AutoCloseable {
        private final Socket socket = new Socket();
        private final AtomicLong read = new AtomicLong();
        private final Thread reader;
        private volatile boolean ended;

        SlowClient(int port) throws IOException {
            socket.setReceiveBufferSize(4_096);
            socket.connect(new InetSocketAddress("127.0.0.1", port));
            socket.setSoTimeout(60_000);
            String body = body();
            socket.getOutputStream()
                    .write(("POST /api/v1/metrics/query HTTP/1.1\r\nHost: localhost\r\nX-Scope-OrgID: acme\r\n"
                                    + "Content-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n"
                                    + body)
                            .getBytes(StandardCharsets.UTF_8));
            reader = Thread.ofVirtual().start(this::read);
        }

        private void read() {
            byte[] buffer = new byte[BYTES_PER_SECOND / 4];
            try (InputStream in = socket.getInputStream()) {
                for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                    read.addAndGet(length);
                    if (!ended) {
                        Thread.sleep(250);
                    }
                }
            } catch (IOException disconnected) {
                // What the test is about; how much came until then is counted.
                ended = true;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        /** Reads what is left in the sockets' buffers without delay; returns how much came in all. */
        long awaitEnd() throws InterruptedException {
            ended = true;
            assertThat(reader.join(Duration.ofSeconds(60))).as("disconnected").isTrue();
            return read.get();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
