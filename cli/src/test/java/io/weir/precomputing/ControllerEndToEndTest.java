package io.weir.precomputing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weir.cli.process.Ports;
import io.weir.cluster.TestingProcess;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole path between real processes: samples go to a collector, a controller plans, the API's job fetches sketches from the collector, and
 * the next query that matches is answered from its result. The lake holds none of the samples, so an answer can come from nowhere else.
 */
@Tag("slow")
@Timeout(300)
final class ControllerEndToEndTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final double ACCURACY = 0.01;
    private static final long WINDOW_MILLIS = 20_000;
    private static final Duration REPEAT = Duration.ofSeconds(10);
    private static final String QUERY = "quantile_over_time(0.99, latency{service=\"web\"}[20s])";
    /** For what takes so many windows and repetitions, however long they are. */
    private static final long BRIEF_WINDOW_MILLIS = 10_000;

    private static final String BRIEF_QUERY = "quantile_over_time(0.99, latency{service=\"web\"}[10s])";

    @TempDir
    private Path folder;

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private TestingProcess collector;
    private TestingProcess weir;
    private TestingStream stream;
    private TestingController controller;
    private URI api;
    private URI collectorHttp;
    private int collectorPort;

    @BeforeEach
    void start() throws Exception {
        collectorPort = Ports.free();
        collectorHttp = URI.create("http://127.0.0.1:" + Ports.free());
        collector = startCollector("collector");
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        stream = new TestingStream(collectorPort, seed);
        api = URI.create("http://127.0.0.1:" + Ports.free());
        weir = TestingProcess.weir(
                        "weir",
                        folder.resolve("logs"),
                        "standalone",
                        "--http-port",
                        "" + api.getPort(),
                        "--data-dir",
                        folder.resolve("weir").toString(),
                        "--precompute-sources-allowed",
                        "127.0.0.1:" + collectorPort)
                .awaitReady(api.resolve("/readyz"));
        controller = new TestingController(api, "127.0.0.1:" + collectorPort);
    }

    private TestingProcess startCollector(String name) throws IOException, InterruptedException {
        return TestingProcess.weir(
                        name,
                        folder.resolve("logs"),
                        "collector",
                        "--http-port",
                        "" + collectorHttp.getPort(),
                        "--grpc-port",
                        "" + collectorPort,
                        "--collector-store-allowed-lateness-millis",
                        // As long as a sender may be held up without a hole; shorter than a repetition.
                        "2500")
                .awaitReady(collectorHttp.resolve("/readyz"));
    }

    @AfterEach
    void stop() throws Exception {
        controller.close();
        stream.close();
        client.close();
        weir.close();
        collector.close();
    }

    private HttpResponse<String> get(URI base, String path) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(base.resolve(path))
                        .timeout(Duration.ofSeconds(30))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> query(String query) throws IOException, InterruptedException {
        return get(api, "/api/v1/query?query=" + URLEncoder.encode(query, StandardCharsets.UTF_8));
    }

    private static boolean isHit(HttpResponse<String> answer) {
        return answer.statusCode() == 200
                && answer.headers().firstValue("X-Query-Source").equals(Optional.of("precompute"));
    }

    /** A metric's value, summed over its series. */
    private double metric(String name) throws IOException, InterruptedException {
        return get(api, "/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    private JsonNode jobs() throws IOException, InterruptedException {
        return JSON.readTree(get(api, "/api/v1/precompute/jobs").body());
    }

    private static List<TestingController.Planned> plan() {
        return List.of(
                new TestingController.Planned(QUERY, REPEAT, Duration.ofSeconds(60), "precomputed/latency/p99/20s"),
                new TestingController.Planned(
                        "quantile_over_time(0.5, latency{service=\"api\"}[20s])",
                        Duration.ofSeconds(60),
                        Duration.ofSeconds(10),
                        "precomputed/latency/p50/20s"));
    }

    private static List<TestingController.Planned> briefPlan() {
        return List.of(new TestingController.Planned(
                BRIEF_QUERY, Duration.ofSeconds(5), Duration.ofSeconds(60), "precomputed/latency/p99/10s"));
    }

    private void awaitHit(String query) {
        await().atMost(Duration.ofSeconds(90))
                .pollInterval(Duration.ofMillis(200))
                .until(() -> isHit(query(query)));
    }

    @Test
    void whatRepeatsFasterThanItMayTakeIsComputedBeforeItIsAskedFor() throws Exception {
        controller.apply(plan());
        assertThat(controller.jobIds()).hasSize(1);
        JsonNode listed = jobs();
        assertThat(listed.path("count").asInt()).isEqualTo(1);
        assertThat(listed.at("/jobs/0/granularity").asText()).isEqualTo("10s");
        assertThat(listed.at("/jobs/0/query").asText()).isEqualTo(QUERY);
        awaitHit(QUERY);

        double hits = metric("asapquery_precompute_cache_hits_total");
        double misses = metric("asapquery_precompute_cache_misses_total");
        // Other spacing and quotes are the same query.
        HttpResponse<String> answer = query("quantile_over_time( 0.99 , latency{ service='web' }[20s] )");
        assertThat(isHit(answer)).as(answer.body()).isTrue();
        assertThat(metric("asapquery_precompute_cache_hits_total")).isEqualTo(hits + 1);
        assertThat(metric("asapquery_precompute_cache_misses_total")).isEqualTo(misses);
        JsonNode body = JSON.readTree(answer.body());
        assertThat(body.path("infos").toString()).contains("data_source: precompute_cache");
        JsonNode sample = body.at("/data/result/0");
        assertThat(body.at("/data/result")).hasSize(1);
        assertThat(sample.path("metric").toString()).isEqualTo("{\"service\":\"web\"}");
        long tick = Math.round(sample.at("/value/0").asDouble() * 1_000);
        assertThat(tick % REPEAT.toMillis()).isZero();
        double[] pushed = stream.values("web", tick - WINDOW_MILLIS, tick);
        assertThat(pushed.length).isGreaterThan(100);
        double exact = pushed[(int) Math.ceil(0.99 * pushed.length) - 1];
        assertThat(sample.at("/value/1").asDouble()).isBetween(exact * (1 - ACCURACY), exact * (1 + ACCURACY));

        // The other service was in no plan.
        HttpResponse<String> other = query("quantile_over_time(0.5, latency{service=\"api\"}[20s])");
        assertThat(isHit(other)).isFalse();
        assertThat(JSON.readTree(other.body()).at("/data/result")).isEmpty();
        assertThat(metric("asapquery_precompute_cache_misses_total")).isEqualTo(misses + 1);
        // Bypassed, it is counted nowhere and comes from the lake, which has nothing.
        HttpResponse<String> bypassed =
                get(api, "/api/v1/query?precompute=off&query=" + URLEncoder.encode(QUERY, StandardCharsets.UTF_8));
        assertThat(JSON.readTree(bypassed.body()).at("/data/result")).isEmpty();
        assertThat(metric("asapquery_precompute_cache_hits_total")).isEqualTo(hits + 1);

        // A new plan with the same job: answered at once, from what was there.
        awaitHit(QUERY);
        controller.apply(plan());
        HttpResponse<String> afterReplan = query(QUERY);
        assertThat(isHit(afterReplan)).as(afterReplan.body()).isTrue();
        JsonNode stored = JSON.readTree(get(api, "/api/v1/precompute/results/precomputed/latency/p99/20s")
                .body());
        assertThat(stored.at("/data/result/0/metric/service").asText())
                .as(stored.toString())
                .isEqualTo("web");

        // The new job runs, too.
        await().atMost(Duration.ofSeconds(30))
                .until(() -> jobs().at("/jobs/0/last_run_at").isTextual());
        String lastRun = jobs().at("/jobs/0/last_run_at").asText();
        assertThat(Instant.parse(lastRun).toEpochMilli() % REPEAT.toMillis()).isZero();
        controller.rollBack();
        assertThat(jobs().path("count").asInt()).isZero();
        double fetches = fetches();
        Thread.sleep(2 * REPEAT.toMillis() + 2_000);
        assertThat(fetches()).isEqualTo(fetches);
    }

    private double fetches() throws IOException, InterruptedException {
        return get(collectorHttp, "/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith("weir_collector_fetch_seconds_count"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    @Test
    void aCollectorThatGoesEndsInOrderAndItsJobsFailInSight() throws Exception {
        controller.apply(briefPlan());
        awaitHit(BRIEF_QUERY);
        double errors = metric("asapquery_precompute_sketch_pull_errors_total");
        assertThat(collector.stop(Duration.ofSeconds(20))).isZero();
        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(200))
                .untilAsserted(() -> {
                    JsonNode job = jobs().at("/jobs/0");
                    assertThat(job.path("status").asText()).isEqualTo("failing");
                    assertThat(job.path("last_error").asText()).isNotBlank();
                });
        assertThat(metric("asapquery_precompute_sketch_pull_errors_total")).isGreaterThanOrEqualTo(errors + 3);
        // Three granularities later the last result is too old to be an answer.
        HttpResponse<String> stale = query(BRIEF_QUERY);
        assertThat(stale.statusCode()).isEqualTo(200);
        assertThat(isHit(stale)).isFalse();
    }

    @Test
    void aRestartedCollectorIsNotServedFromBeforeItHasSeenAWholeWindow() throws Exception {
        controller.apply(briefPlan());
        awaitHit(BRIEF_QUERY);
        collector.kill();
        long killedMillis = System.currentTimeMillis();
        stream.close();
        collector = startCollector("collector-again");
        stream = new TestingStream(collectorPort, 1);
        await().atMost(Duration.ofSeconds(120))
                .pollInterval(Duration.ofMillis(200))
                .until(() -> {
                    HttpResponse<String> answer = query(BRIEF_QUERY);
                    if (!isHit(answer)) {
                        return false;
                    }
                    double tickMillis = JSON.readTree(answer.body())
                                    .at("/data/result/0/value/0")
                                    .asDouble()
                            * 1_000;
                    if (tickMillis <= killedMillis) {
                        // Computed before.
                        return false;
                    }
                    assertThat(tickMillis - BRIEF_WINDOW_MILLIS).isGreaterThanOrEqualTo(killedMillis);
                    return true;
                });
    }
}
