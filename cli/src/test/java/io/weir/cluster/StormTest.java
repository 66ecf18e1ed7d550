package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * A thousand cancelled queries and fifty killed workers leave nothing behind in the API and in the workers that live on: threads, sockets,
 * file descriptors, disk and heap are back where they were, and a query that nobody cancels is answered as ever, also in the middle of it.
 */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StormTest {
    private static final int CANCELLED_QUERIES = Integer.getInteger("weir.storm.cancellations", 1_000);
    private static final int KILLS = Integer.getInteger("weir.storm.kills", 50);
    private static final int CLIENTS = 12;
    private static final int VICTIMS = 3;
    /** Every so many queries of a client, one is not cancelled. */
    private static final int WITNESS_INTERVAL = 40;

    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final Duration REQUEST_MAX = Duration.ofSeconds(150);
    private static final long SEED = Long.getLong("weir.seed", 42);
    private static final Duration LIMIT = Duration.ofMinutes(20);

    /** Threads that a pool may have started for the first time: carriers of virtual threads, compiler threads. */
    private static final int THREADS_MORE_MAX = 6;
    /** Connections that are kept for the next request, to workers and to the test. */
    private static final int SOCKETS_MORE_MAX = 4;
    /** Longer than Java's HTTP client keeps a connection that nobody uses. */
    private static final Duration SETTLE_MAX = Duration.ofSeconds(60);

    private static final long HEAP_BYTES_MORE_MAX = 12L << 20;

    private static final TestingLoad LOAD = new TestingLoad(30, 960, 15_000, false);
    private static final String HEAVY = "sum by (mode) (max_over_time(deriv(cpu_seconds_total[10m])[30m:15s]))";

    /** What a process holds. */
    private record Held(int threads, int descriptors, int sockets, long heapBytes, List<String> files) {
        static Held by(TestingVitals figures, Path folder) throws IOException, InterruptedException {
            long heap = figures.heapBytesAfterCollection();
            return new Held(
                    figures.threads(),
                    figures.descriptors(),
                    figures.sockets(),
                    heap,
                    TestingVitals.filesBelow(folder));
        }

        boolean isBackAt(Held before) {
            return threads <= before.threads + THREADS_MORE_MAX
                    && descriptors <= before.descriptors + SOCKETS_MORE_MAX
                    && sockets <= before.sockets + SOCKETS_MORE_MAX
                    && heapBytes <= before.heapBytes + HEAP_BYTES_MORE_MAX
                    && files.equals(before.files);
        }
    }

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<TestingFleet.Worker> victims = new ArrayList<>();
    private TestingFleet fleet;
    private TestingFleet.Api api;
    private List<TestingFleet.Worker> survivors;
    private String undisturbed;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        fleet = TestingFleet.withLocalLake(folder);
        fleet.load(LOAD);
        survivors = List.of(worker("survivor-0"), worker("survivor-1"));
        for (int victim = 0; victim < VICTIMS; victim++) {
            victims.add(worker("victim-" + victim));
        }
        List<Integer> ports = new ArrayList<>();
        survivors.forEach(worker -> ports.add(worker.grpcPort()));
        victims.forEach(worker -> ports.add(worker.grpcPort()));
        api = fleet.api(
                "api", ports, "--query-samples-per-unit-target", "500", "--control-dial-backoff-millis-max", "500");
        undisturbed = answer();
    }

    @AfterAll
    void stop() {
        threads.shutdownNow();
        if (fleet != null) {
            fleet.close();
        }
    }

    @Test
    void nothingIsLeftOfIt() throws Exception {
        System.out.println("seed=" + SEED);
        // Every pool has had its use before the baseline is taken.
        storm(List.of(), 60, 0);
        quiet();
        Map<String, Held> before = held();
        double reconnected = api.figures().metric("weir_control_disconnects_total");
        long start = System.nanoTime();

        storm(victims, CANCELLED_QUERIES, KILLS);

        System.out.println("storm of " + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start) + " s, "
                + cancelled() + " queries cancelled, " + api.figures().metric("weir_work_reassigned_total")
                + " pieces of work run elsewhere");
        assertThat(api.figures().metric("weir_control_disconnects_total") - reconnected)
                .as("the API saw each death")
                .isGreaterThanOrEqualTo(KILLS);
        TestingVitals.await(
                "all workers are back",
                () -> api.figures().metric("weir_control_streams_active") == survivors.size() + VICTIMS);
        quiet();
        assertThat(answer()).isEqualTo(undisturbed);
        backAt(before);
    }

    private TestingFleet.Worker worker(String name) throws IOException, InterruptedException {
        return fleet.worker(
                name,
                "--slots",
                "2",
                "--worker-spool-artifact-ttl-after-ack-millis",
                "500",
                "--worker-spool-sweep-interval-millis",
                "200");
    }

    private String path() {
        return api.client().rangePath(HEAVY, LOAD.startSeconds() + 3_600, LOAD.endSeconds(), 60);
    }

    private String answer() throws IOException, InterruptedException {
        HttpResponse<String> response = send("GET", path(), "");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.body();
    }

    private double cancelled() throws IOException, InterruptedException {
        double sum = 0;
        for (String line : api.figures().metrics().split("\n", -1)) {
            if (line.startsWith("weir_query_errors_total{") && line.contains("\"canceled\"")) {
                sum += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
            }
        }
        return sum;
    }

    /** Cancels so many queries and kills so many workers, at the same time. */
    private void storm(List<TestingFleet.Worker> targets, int cancellations, int kills) throws Exception {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        double before = cancelled();
        AtomicBoolean over = new AtomicBoolean();
        AtomicBoolean cancelled = new AtomicBoolean();
        List<Future<Integer>> clients = new ArrayList<>();
        for (int client = 0; client < CLIENTS; client++) {
            SplittableRandom random = new SplittableRandom(SEED + client);
            // One of them begins with a query that is not cancelled, the others come to it later, one after the other.
            int first = 1 + client * WITNESS_INTERVAL / CLIENTS;
            clients.add(threads.submit(() -> client(first, random, over, cancelled)));
        }
        AtomicInteger left = new AtomicInteger(kills);
        List<Future<Void>> killers = new ArrayList<>();
        for (TestingFleet.Worker victim : targets) {
            killers.add(threads.submit(() -> killer(victim, left)));
        }
        try {
            while (cancelled() - before < cancellations) {
                assertThat(System.nanoTime()).as("cancelled in time").isLessThan(deadline);
                Thread.sleep(100);
            }
            // The kills that are left need queries to disturb, but not so many.
            cancelled.set(true);
            for (Future<Void> killer : killers) {
                killer.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            }
        } finally {
            left.set(0);
            over.set(true);
        }
        int witnesses = 0;
        for (Future<Integer> client : clients) {
            witnesses += client.get(REQUEST_MAX.toSeconds(), TimeUnit.SECONDS);
        }
        assertThat(witnesses).isPositive();
    }

    private Void killer(TestingFleet.Worker first, AtomicInteger left) throws IOException, InterruptedException {
        TestingFleet.Worker worker = first;
        while (left.getAndDecrement() > 0) {
            int port = worker.grpcPort();
            TestingVitals.await("the API uses the worker on port " + port, () -> connected(port));
            worker.process().kill();
            worker = fleet.restart(worker);
        }
        return null;
    }

    private boolean connected(int grpcPort) throws IOException, InterruptedException {
        for (JsonNode worker : api.client().json("/api/v1/workers").path("data")) {
            if (worker.path("address").asText().endsWith(":" + grpcPort)) {
                return worker.path("state").asText().equals("alive");
            }
        }
        return false;
    }

    /** Asks and goes away, in several ways, again and again; returns how many queries it stayed for. */
    private int client(int first, SplittableRandom random, AtomicBoolean over, AtomicBoolean slow) throws Exception {
        int witnesses = 0;
        for (int query = 1; !over.get(); query++) {
            if (query % WITNESS_INTERVAL == first) {
                assertThat(answer()).isEqualTo(undisturbed);
                witnesses++;
            } else if (query % 4 == 0) {
                cancelByRequest(random);
            } else {
                disconnect(random, query % 4 == 1, query % 4 == 2);
            }
            if (slow.get()) {
                Thread.sleep(1_000);
            }
        }
        return witnesses;
    }

    /** @param reset whether the connection is broken, or closed as it should be */
    private void disconnect(SplittableRandom random, boolean reset, boolean stream)
            throws IOException, InterruptedException {
        String body = stream
                ? "{\"q\":\"" + HEAVY + "\",\"s\":\"" + (long) ((LOAD.startSeconds() + 3_600) * 1_000) + "\",\"e\":\""
                        + (long) (LOAD.endSeconds() * 1_000) + "\"}"
                : "";
        String head = (stream ? "POST /api/v1/metrics/query" : "GET " + path()) + " HTTP/1.1\r\nHost: localhost\r\n"
                + "X-Scope-OrgID: acme\r\nContent-Length: " + body.length() + "\r\n\r\n";
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), api.base().getPort())) {
            socket.setSoLinger(reset, 0);
            OutputStream out = socket.getOutputStream();
            out.write((head + body).getBytes(StandardCharsets.UTF_8));
            out.flush();
            Thread.sleep(random.nextInt(150));
        }
    }

    private void cancelByRequest(SplittableRandom random) throws Exception {
        String id = new UUID(random.nextLong(), random.nextLong()).toString();
        try (ExecutorService asking = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<HttpResponse<String>> answer = asking.submit(() -> send("GET", path(), id));
            HttpResponse<String> cancelled;
            do {
                Thread.sleep(1 + random.nextInt(50));
                cancelled = send("DELETE", "/api/v1/queries/" + id, "");
            } while (cancelled.statusCode() == 404 && !answer.isDone());
            HttpResponse<String> response = answer.get(REQUEST_MAX.toSeconds(), TimeUnit.SECONDS);
            if (response.statusCode() == 200) {
                assertThat(response.body()).isEqualTo(undisturbed);
            } else {
                assertThat(response.body()).contains("\"status\":\"error\"").doesNotContain("\"data\"");
            }
        }
    }

    private HttpResponse<String> send(String method, String path, String queryId)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                api.client().request(path).timeout(REQUEST_MAX).method(method, HttpRequest.BodyPublishers.noBody());
        if (!queryId.isEmpty()) {
            request.header("X-Query-Id", queryId);
        }
        return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    /** Nothing runs anywhere, and what was acknowledged is deleted. */
    private void quiet() throws Exception {
        TestingVitals.await("the API is idle", () -> {
            TestingVitals figures = api.figures();
            return figures.metric("weir_queries_running") == 0
                    && figures.metric("weir_api_queue_depth") == 0
                    && figures.metric("weir_api_work_in_flight") == 0;
        });
        for (TestingFleet.Worker survivor : survivors) {
            TestingVitals.await(survivor.name() + " is idle", () -> {
                TestingVitals figures = survivor.figures();
                return figures.metric("weir_worker_running") == 0
                        && figures.metric("weir_worker_queue_depth") == 0
                        && figures.metric("weir_artifact_spool_bytes") == 0;
            });
        }
    }

    private Map<String, Held> held() throws IOException, InterruptedException {
        Map<String, Held> held = new TreeMap<>();
        held.put("api", Held.by(api.figures(), fleet.folderOf("api")));
        for (TestingFleet.Worker survivor : survivors) {
            held.put(survivor.name(), Held.by(survivor.figures(), survivor.folder()));
        }
        return held;
    }

    private void backAt(Map<String, Held> before) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + SETTLE_MAX.toNanos();
        while (true) {
            Map<String, Held> now = held();
            if (now.entrySet().stream()
                    .allMatch(entry -> entry.getValue().isBackAt(Objects.requireNonNull(before.get(entry.getKey()))))) {
                before.forEach(
                        (name, held) -> System.out.println(name + ": before " + held + ", after " + now.get(name)));
                return;
            }
            assertThat(System.nanoTime())
                    .as("before " + before + "\nafter  " + now)
                    .isLessThan(deadline);
            Thread.sleep(2_000);
        }
    }
}
