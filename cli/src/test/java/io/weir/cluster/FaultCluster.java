package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.weir.cli.process.Ports;
import io.weir.proto.remote.v1.TimeSeries;
import io.weir.proto.remote.v1.WriteRequest;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What the fault tests of one class share: an S3 server, an ingest process, workers behind proxies with one slot and four credits each,
 * an API, and as many tenants as are wanted, all with the same data. A tenant is for one query only: its segments are in no worker's
 * cache, so that a worker whose way to the store is held cannot finish a piece of its work.
 */
final class FaultCluster implements AutoCloseable {
    /** Two leaves of 16 units each, whose sums depend on the order of their terms. */
    static final String EXPRESSION = "sum by (mode) (rate(cpu_seconds_total[2m])) / on () group_left () avg(load1)";

    /** Pieces of work of {@link #EXPRESSION}. */
    static final int UNITS = 32;

    static final String UNIT_TARGET = "--query-samples-per-unit-target";
    /** One unit. */
    static final String ONE_UNIT = "cpu_seconds_total{instance=\"host-3\",mode=\"user\"}";

    static final Duration ANSWER_LIMIT = Duration.ofSeconds(60);
    private static final Duration LINK_LIMIT = Duration.ofSeconds(30);
    private static final long START = 1_780_000_000_000L / 86_400_000 * 86_400_000 + 7_200_000;
    private static final int HOSTS = 16;
    private static final int SAMPLES = 40;
    private static final int TENANTS_AT_ONCE = 12;

    final List<TestingWorker> workers = new ArrayList<>();
    private final Path folder;
    private final TestingS3 s3;
    private final TestingCluster processes;
    private final TestingCluster.Node ingest;
    /** APIs beside the one that the whole class uses. */
    private final List<Api> others = new ArrayList<>();

    private final Deque<String> fresh = new ArrayDeque<>();
    private int tenants;
    private @Nullable Api api;
    private String undisturbed = "";
    private String undisturbedOneUnit = "";
    private String undisturbedStream = "";

    private FaultCluster(Path folder, int workerCount) throws Exception {
        this.folder = folder;
        s3 = TestingS3.start();
        processes = new TestingCluster(folder, s3.lakeOptions());
        // Many short lives: the second compiler would never pay.
        processes.javaOptions("-XX:TieredStopAtLevel=1");
        boolean hasStarted = false;
        try {
            ingest = processes.ingest("ingest", Ports.free());
            List<CompletableFuture<Void>> starts = new ArrayList<>();
            for (int i = 0; i < workerCount; i++) {
                workers.add(newWorker("worker-" + i));
            }
            for (TestingWorker worker : workers) {
                starts.add(inBackground(worker::start));
            }
            for (CompletableFuture<Void> start : starts) {
                start.get(120, TimeUnit.SECONDS);
            }
            hasStarted = true;
        } finally {
            if (!hasStarted) {
                close();
            }
        }
    }

    /** With an API that knows all workers, and the answers it gives while nothing is wrong. */
    static FaultCluster start(Path folder, int workerCount, String... apiOptions) throws Exception {
        FaultCluster cluster = new FaultCluster(folder, workerCount);
        boolean started = false;
        try {
            cluster.api = cluster.startApi("api", Ports.free(), apiOptions);
            cluster.others.clear();
            cluster.undisturbed =
                    cluster.api().ask(cluster.tenant(), EXPRESSION).answer();
            cluster.undisturbedStream =
                    cluster.api().stream(cluster.tenant(), EXPRESSION).answer();
            cluster.undisturbedOneUnit =
                    cluster.api().ask(cluster.tenant(), ONE_UNIT).answer();
            assertThat(cluster.undisturbed).contains("\"mode\":\"user\"").doesNotContain("NaN");
            started = true;
            return cluster;
        } finally {
            if (!started) {
                cluster.close();
            }
        }
    }

    /** What an API logs when it loses the stream to a worker. */
    static String lossOf(String workerId) {
        return "worker " + workerId + " at \\S+ (is )?disconnected|no stream to worker " + workerId + " at";
    }

    /** Something that may fail. */
    interface Action {
        void run() throws Exception;
    }

    static CompletableFuture<Void> inBackground(Action action) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                action.run();
                done.complete(null);
            } catch (Exception | AssertionError e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    TestingWorker newWorker(String name) throws IOException {
        return new TestingWorker(processes, s3, name);
    }

    Api api() {
        return Objects.requireNonNull(api, "the cluster has no API yet");
    }

    /** An API that knows these workers; waits until all that live are connected. */
    Api startApi(String name, int port, String... more) throws IOException, InterruptedException {
        return startApi(name, port, List.of(), more);
    }

    /** @param moreAddresses further addresses of workers */
    Api startApi(String name, int port, List<String> moreAddresses, String... more)
            throws IOException, InterruptedException {
        List<String> addresses =
                new ArrayList<>(workers.stream().map(TestingWorker::address).toList());
        addresses.addAll(moreAddresses);
        List<String> options = new ArrayList<>(List.of("--workers", "static:" + String.join(",", addresses)));
        options.addAll(List.of(more));
        if (!options.contains(UNIT_TARGET)) {
            options.addAll(List.of(UNIT_TARGET, "20"));
        }
        Api started = new Api(processes.start("api", name, port, "/readyz", options.toArray(String[]::new)));
        others.add(started);
        awaitConnected(started);
        return started;
    }

    /** Waits until the API has a stream to every worker that lives and all accept work. */
    void awaitConnected(Api of) throws InterruptedException {
        Await.until(
                "all living workers are connected",
                LINK_LIMIT,
                () -> of.accepting()
                        == workers.stream().filter(TestingWorker::isAlive).count(),
                () -> of.process().logTail());
    }

    /** Everything as before a test: one API, all workers run, the network is good, nobody works. */
    void heal() throws Exception {
        List<CompletableFuture<Void>> starts = new ArrayList<>();
        for (TestingWorker worker : workers) {
            worker.heal();
            worker.endIfDraining();
            if (!worker.isAlive()) {
                starts.add(inBackground(worker::start));
            }
        }
        for (CompletableFuture<Void> start : starts) {
            start.get(120, TimeUnit.SECONDS);
        }
        for (Api other : others) {
            // What a failed test left would keep half of the credits.
            if (other.process().isAlive()) {
                other.process().kill();
            }
        }
        others.clear();
        awaitConnected(api());
        for (TestingWorker worker : workers) {
            Await.until(
                    worker.name + " is idle and all its credits are the API's",
                    LINK_LIMIT,
                    () -> worker.isIdle() && api().view(worker).path("credits").asInt() == TestingWorker.CREDITS);
        }
    }

    /** A tenant nobody has asked for. */
    String tenant() throws IOException, InterruptedException {
        if (fresh.isEmpty()) {
            for (int i = 0; i < TENANTS_AT_ONCE; i++) {
                String name = "tenant-" + tenants++;
                load(new TestingClient(ingest.base(), name), tenants);
                fresh.add(name);
            }
            new TestingClient(ingest.base(), "any").flush();
        }
        return fresh.remove();
    }

    /**
     * Sixteen hosts for ten minutes, a sample every 15 s, the same for every tenant; and a series that makes each tenant's objects others,
     * because workers cache by content.
     */
    private static void load(TestingClient client, int number) throws IOException, InterruptedException {
        Random random = new Random(7);
        WriteRequest.Builder request = WriteRequest.newBuilder();
        for (int host = 0; host < HOSTS; host++) {
            String instance = "host-" + host;
            for (String mode : List.of("idle", "user", "system")) {
                TimeSeries.Builder series =
                        TestingClient.series("cpu_seconds_total", "instance", instance, "mode", mode);
                double total = 0;
                for (int i = 0; i < SAMPLES; i++) {
                    total += random.nextDouble();
                    series.addSamples(TestingClient.sample(START + i * 15_000L + host, total));
                }
                request.addTimeseries(series);
            }
            TimeSeries.Builder load = TestingClient.series("load1", "instance", instance);
            for (int i = 0; i < SAMPLES; i++) {
                load.addSamples(TestingClient.sample(START + i * 15_000L + host, random.nextDouble() * 8));
            }
            request.addTimeseries(load);
        }
        request.addTimeseries(
                TestingClient.series("salt", "tenant", "" + number).addSamples(TestingClient.sample(START, number)));
        HttpResponse<String> response = client.write(request.build());
        assertThat(response.statusCode()).as(response.body()).isBetween(200, 299);
    }

    /** The path of the range query over all of a tenant's data. */
    static String path(TestingClient client, String expression) {
        return client.rangePath(expression, START / 1000.0 + 150, START / 1000.0 + SAMPLES * 15, 15);
    }

    /** The same as a request for server-sent events. */
    static String streamBody(String expression) {
        return "{\"s\":" + (START + 150_000) + ",\"e\":" + (START + SAMPLES * 15_000L) + ",\"step\":15,\"q\":\""
                + expression.replace("\"", "\\\"") + "\"}";
    }

    /** The answer has to come, and to be the undisturbed one byte for byte. */
    void assertUndisturbed(Query query) throws Exception {
        String expected = query.isStream
                ? undisturbedStream
                : query.expression.equals(ONE_UNIT) ? undisturbedOneUnit : undisturbed;
        assertThat(query.answer()).isEqualTo(expected);
    }

    @Override
    public void close() throws Exception {
        for (TestingWorker worker : workers) {
            // None has anything to lose, and one that a failed test has stopped does not hear SIGTERM.
            if (worker.isAlive()) {
                worker.kill();
            }
            worker.close();
        }
        processes.close();
        s3.close();
    }

    /** A query under way. */
    static final class Query {
        final String expression;
        final String tenant;
        final boolean isStream;
        private final CompletableFuture<HttpResponse<String>> response;

        Query(String expression, String tenant, boolean isStream, CompletableFuture<HttpResponse<String>> response) {
            this.expression = expression;
            this.tenant = tenant;
            this.isStream = isStream;
            this.response = response;
        }

        boolean isDone() {
            return response.isDone();
        }

        HttpResponse<String> response() throws Exception {
            return response.get(ANSWER_LIMIT.toSeconds(), TimeUnit.SECONDS);
        }

        /** The body of a successful answer. */
        String answer() throws Exception {
            HttpResponse<String> given = response();
            assertThat(given.statusCode()).as(given.body()).isEqualTo(200);
            return given.body();
        }
    }

    /** An API process. */
    final class Api {
        private final TestingCluster.Node node;
        private final TestingClient anyone;

        Api(TestingCluster.Node node) {
            this.node = node;
            this.anyone = client("none");
        }

        TestingProcess process() {
            return node.process();
        }

        int port() {
            return node.port();
        }

        TestingClient client(String tenant) {
            return new TestingClient(node.base(), tenant);
        }

        Query ask(String tenant, String expression) {
            TestingClient client = client(tenant);
            return new Query(expression, tenant, false, client.getLater(path(client, expression)));
        }

        /** The same query as server-sent events. */
        Query stream(String tenant, String expression) {
            return new Query(
                    expression,
                    tenant,
                    true,
                    client(tenant).postLater("/api/v1/metrics/query", "application/json", streamBody(expression)));
        }

        double metric(String name) throws IOException, InterruptedException {
            return anyone.metric(name);
        }

        List<JsonNode> workerViews() throws IOException, InterruptedException {
            List<JsonNode> views = new ArrayList<>();
            anyone.json("/api/v1/workers").path("data").forEach(views::add);
            return views;
        }

        JsonNode view(TestingWorker worker) throws IOException, InterruptedException {
            return workerViews().stream()
                    .filter(view -> view.path("address").asText().equals(worker.address()))
                    .findFirst()
                    .orElseThrow();
        }

        long accepting() throws IOException, InterruptedException {
            return workerViews().stream()
                    .filter(view -> view.path("acceptingWork").asBoolean())
                    .count();
        }

        /** The only running query of the tenant. */
        private JsonNode running(String tenant) throws IOException, InterruptedException {
            return client(tenant).json("/api/v1/queries").path("data").path(0);
        }

        /** Waits until all but so many units of the tenant's query are done, and none waits in the API. */
        void awaitLeft(Query query, int left) throws InterruptedException {
            Await.until(
                    left + " units are left",
                    LINK_LIMIT,
                    () -> unitsLeft(query) == left && metric("weir_api_queue_depth") == 0);
        }

        /** Units of the tenant's query that are not done; -1 when it does not work. */
        int unitsLeft(Query query) throws IOException, InterruptedException {
            JsonNode running = running(query.tenant);
            int total = running.path("unitsTotal").asInt(0);
            return total == 0 ? -1 : total - running.path("unitsDone").asInt();
        }
    }
}
