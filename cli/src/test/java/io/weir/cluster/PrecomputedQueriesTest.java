package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weir.cli.process.Ports;
import io.weir.proto.remote.v1.WriteRequest;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Queries that jobs over the lake answer, and those that they do not, in a real process (checklist D1, rows 29 to 34 and 38). */
@Tag("slow")
final class PrecomputedQueriesTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SEED = "quantile_over_time(0.99, latency{service=\"web\"}[5m])";
    private static final String HITS = "asapquery_precompute_cache_hits_total";
    private static final String MISSES = "asapquery_precompute_cache_misses_total";
    private static final long SEED_OF_VALUES = 20_261_121;

    private TestingProcess process;
    private TestingClient client;
    private TestingClient stranger;

    @TempDir
    private Path folder;

    @BeforeEach
    void start() throws Exception {
        int port = Ports.free();
        URI base = URI.create("http://127.0.0.1:" + port);
        process = TestingProcess.weir(
                        "standalone",
                        folder.resolve("logs"),
                        "standalone",
                        "--data-dir",
                        folder.resolve("data").toString(),
                        "--http-port",
                        "" + port,
                        "--precompute-shadow-share",
                        "1")
                .awaitReady(URI.create(base + "/readyz"));
        client = new TestingClient(base, "acme");
        stranger = new TestingClient(base, "other");
    }

    @AfterEach
    void stop() {
        process.close();
    }

    /** Half an hour of log-normal latencies of two services, and an hour before it. */
    private void write() throws Exception {
        Random random = new Random(SEED_OF_VALUES);
        long now = System.currentTimeMillis() / 1_000 * 1_000;
        WriteRequest.Builder request = WriteRequest.newBuilder();
        for (String service : List.of("web", "api")) {
            for (int host = 0; host < 3; host++) {
                var series = TestingClient.series("latency", "service", service, "host", "h" + host);
                // Into the future, so that windows are full for as long as the test takes.
                for (long time = now - 4_500_000; time <= now + 600_000; time += 10_000) {
                    series.addSamples(TestingClient.sample(time, Math.exp(random.nextGaussian())));
                }
                request.addTimeseries(series);
            }
        }
        assertThat(client.write(request.build()).statusCode()).isBetween(200, 299);
        client.flush();
    }

    private String create(String query, String granularity, String path) throws Exception {
        String body = JSON.createObjectNode()
                .put("query", query)
                .put("granularity", granularity)
                .put("source", "lake://")
                .put("sketch_type", "ddsketch")
                .put("store_path", path)
                .toString();
        HttpResponse<String> response = client.post("/api/v1/precompute/jobs", "application/json", body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JSON.readTree(response.body()).path("job_id").asText();
    }

    private void awaitResult(String path) {
        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(200))
                .until(() -> client.get("/api/v1/precompute/results/" + path).statusCode() == 200);
    }

    private static boolean isHit(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        boolean hit = response.headers().firstValue("X-Query-Source").orElse("").equals("precompute");
        assertThat(response.body().contains("\"data_source: precompute_cache\""))
                .isEqualTo(hit);
        assertThat(response.headers().firstValue("X-Precompute-Job").isPresent())
                .isEqualTo(hit);
        return hit;
    }

    private static String query(String text, String more) {
        return "/api/v1/query?query=" + TestingClient.encode(text) + more;
    }

    /** Values by labels. */
    private static Map<String, Double> values(String body) throws Exception {
        Map<String, Double> values = new TreeMap<>();
        JsonNode data = JSON.readTree(body).path("data");
        for (JsonNode element : data.path("result")) {
            values.put(
                    element.path("metric").toString(),
                    Double.parseDouble(element.path("value").path(1).asText()));
        }
        return values;
    }

    @Test
    void jobsAnswerWhatTheyComputeAndNothingElse() throws Exception {
        write();
        assertThat(client.metric(HITS)).isZero();
        assertThat(client.metric(MISSES)).isZero();
        assertThat(isHit(client.get(query(SEED, "")))).as("no job yet").isFalse();
        assertThat(client.metric(MISSES)).isEqualTo(1);
        String job = create(SEED, "2s", "precomputed/latency/p99/5m");
        create("sum by (service) (rate(latency[5m]))", "2s", "precomputed/rate");
        awaitResult("precomputed/latency/p99/5m");
        awaitResult("precomputed/rate");
        hits(job);
        misses();
        bypassed();
        ranges();
        explained(job);
        awaitShadow();
    }

    private void hits(String job) throws Exception {
        double before = client.metric(HITS);
        List<String> same = List.of(
                SEED,
                "quantile_over_time(.99,latency{service='web'}[300s])",
                " quantile_over_time ( 0.99 , latency {service=`web`} [5m] )");
        for (String text : same) {
            HttpResponse<String> response = client.get(query(text, ""));
            assertThat(isHit(response)).as(text).isTrue();
            assertThat(response.headers().firstValue("X-Precompute-Job")).contains(job);
            assertThat(response.headers().firstValue("X-Precompute-Error-Bound"))
                    .contains("relative 0.01");
            assertThat(Integer.parseInt(response.headers().firstValue("Age").orElse("x")))
                    .as("granularity, settle delay of the lake, jitter and the time of a tick")
                    .isBetween(0, 20);
            assertThat(values(response.body())).hasSize(3);
            long tick = tick(response);
            assertThat(tick % 2).as("a multiple of the granularity").isZero();
            // Within alpha of the sample of that rank: of 30 samples the largest.
            Map<String, Double> exact = values(client.get(
                            query("max_over_time(latency{service=\"web\"}[5m])", "&time=" + tick + "&precompute=off"))
                    .body());
            values(response.body())
                    .forEach((labels, value) -> assertThat(value / Objects.requireNonNull(exact.get(labels)))
                            .isBetween(0.99, 1.01));
        }
        // Another quantile of the same sketches; another hit.
        assertThat(isHit(client.get(query("quantile_over_time(0.5, latency{service=\"web\"}[5m])", ""))))
                .isTrue();
        HttpResponse<String> rate = client.get(query("sum(rate(latency[5m])) by (service)", ""));
        assertThat(isHit(rate)).isTrue();
        assertThat(rate.headers().firstValue("X-Precompute-Error-Bound")).contains("exact");
        assertThat(values(rate.body()))
                .isEqualTo(values(client.get(
                                query("sum(rate(latency[5m])) by (service)", "&time=" + tick(rate) + "&precompute=off"))
                        .body()));
        assertThat(client.metric(HITS)).isEqualTo(before + 5);
    }

    private static long tick(HttpResponse<String> response) throws Exception {
        return JSON.readTree(response.body())
                .path("data")
                .path("result")
                .path(0)
                .path("value")
                .path(0)
                .asLong();
    }

    private void misses() throws Exception {
        double hits = client.metric(HITS);
        double misses = client.metric(MISSES);
        List<String> others = List.of(
                "quantile_over_time(0.99, latency{service=\"web\",host=\"h1\"}[5m])",
                "quantile_over_time(0.99, latency{service=\"web\"}[10m])",
                "quantile_over_time(0.99, latency{service=\"web\"}[5m] offset 5m)",
                "quantile_over_time(0.99, latency{service=\"web\"}[5m] @ " + System.currentTimeMillis() / 1_000 + ")",
                "quantile_over_time(0.99, latency[5m])",
                "quantile_over_time(0.99, other{service=\"web\"}[5m])");
        List<Integer> sizes = new ArrayList<>();
        for (String other : others) {
            HttpResponse<String> response = client.get(query(other, ""));
            assertThat(isHit(response)).as(other).isFalse();
            sizes.add(values(response.body()).size());
        }
        assertThat(sizes).as("the exact answers").containsExactly(1, 3, 3, 3, 6, 0);
        HttpResponse<String> past = client.get(query(SEED, "&time=" + (System.currentTimeMillis() / 1_000 - 3_600)));
        assertThat(isHit(past)).isFalse();
        assertThat(values(past.body())).hasSize(3);
        assertThat(isHit(stranger.get(query(SEED, "")))).isFalse();
        assertThat(client.metric(MISSES)).isEqualTo(misses + others.size() + 2);
        assertThat(client.metric(HITS)).isEqualTo(hits);
    }

    private void bypassed() throws Exception {
        double hits = client.metric(HITS);
        double misses = client.metric(MISSES);
        assertThat(isHit(client.get(query(SEED, "&precompute=off")))).isFalse();
        assertThat(client.get(query(SEED, "&precompute=no")).statusCode()).isEqualTo(400);
        assertThat(client.metric(HITS)).isEqualTo(hits);
        assertThat(client.metric(MISSES)).isEqualTo(misses);
    }

    private void ranges() throws Exception {
        // Three ticks of the job, two seconds apart.
        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(500))
                .until(() -> {
                    long end = System.currentTimeMillis() / 2_000 * 2 - 2;
                    String parameters = "&start=" + (end - 4) + "&end=" + end + "&step=2";
                    HttpResponse<String> response =
                            client.get("/api/v1/query_range?query=" + TestingClient.encode(SEED) + parameters);
                    return isHit(response)
                            && JSON.readTree(response.body())
                                            .path("data")
                                            .path("result")
                                            .path(0)
                                            .path("values")
                                            .size()
                                    == 3;
                });
        long end = System.currentTimeMillis() / 2_000 * 2 - 2;
        assertThat(isHit(client.get("/api/v1/query_range?query=" + TestingClient.encode(SEED) + "&start=" + (end - 3)
                        + "&end=" + end + "&step=3")))
                .as("a step that does not fit")
                .isFalse();
        HttpResponse<String> stream = client.post(
                "/api/v1/metrics/query",
                "application/json",
                "{\"q\":\"" + SEED.replace("\"", "\\\"") + "\",\"s\":\"" + (end - 2) * 1_000 + "\",\"e\":\""
                        + end * 1_000 + "\",\"step\":\"2s\"}");
        assertThat(isHit(stream)).isTrue();
    }

    private void explained(String job) throws Exception {
        JsonNode hit = client.json("/api/v1/explain?query=" + TestingClient.encode(SEED))
                .path("data")
                .path("precompute");
        assertThat(hit.path("hit").asBoolean()).as(hit.toString()).isTrue();
        assertThat(hit.path("jobId").asText()).isEqualTo(job);
        assertThat(client.json("/api/v1/explain?query="
                                + TestingClient.encode("quantile_over_time(0.99, latency{service=\"web\"}[10m])"))
                        .path("data")
                        .path("precompute")
                        .path("reason")
                        .asText())
                .contains(job)
                .contains("another window");
    }

    /** Each hit so far was computed again; what was written before all ticks is just as exact. */
    private void awaitShadow() throws Exception {
        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(500))
                .until(() -> client.metric("weir_precompute_shadow_waiting") == 0
                        && client.metric("weir_precompute_shadow_checks_total") >= 5);
        String metrics = client.get("/metrics").body();
        assertThat(metrics)
                .contains("weir_precompute_shadow_checks_total{outcome=\"beyond\"} 0.0")
                .contains("weir_precompute_shadow_checks_total{outcome=\"different\"} 0.0")
                .contains("weir_precompute_shadow_checks_total{outcome=\"failed\"} 0.0");
        JsonNode suggestions = client.json("/api/v1/precompute/suggestions");
        assertThat(suggestions.path("suggestions").isArray()).isTrue();
        assertThat(suggestions.has("warnings")).as(suggestions.toString()).isFalse();
    }
}
