package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weir.cli.standalone.Standalone;
import io.weir.ingest.http.IngestSettings;
import io.weir.proto.remote.v1.TimeSeries;
import io.weir.proto.remote.v1.WriteRequest;
import io.weir.queryapi.fetch.FetchSettings;
import io.weir.queryapi.http.ApiSettings;
import io.weir.queryapi.workmanager.WorkManagerSettings;
import io.weir.queryworker.WorkerSettings;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Jobs over Weir's own segments in the whole system: what each tick answers is right for its window, granules are kept between ticks, and late
 * samples are in the next tick. Samples of the minute to come are written before, so that no tick waits for ingest.
 */
@Tag("slow")
class LakeJobsTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final int SERIES = 5;
    private static final long WINDOW_MILLIS = 20_000;
    private static final Duration SOON = Duration.ofSeconds(40);

    @TempDir
    private Path folder;

    private long firstSecond;
    private long lastSecond;

    @Test
    void ticksAnswerForTheirWindows() throws Exception {
        try (Standalone standalone = start()) {
            TestingClient client = new TestingClient(URI.create("http://127.0.0.1:" + standalone.port()), "acme");
            write(client);
            create(client, "quantile_over_time(0.9, latency[20s])", "lake/p90");
            create(client, "quantile_over_time(0.5, latency[20s])", "lake/p50");
            create(client, "count_distinct_over_time(latency[20s])", "lake/distinct");
            create(client, "top_k_over_time(3, latency[20s])", "lake/top");
            create(client, "sum(max_over_time(latency[20s]))", "lake/sum");
            for (int round = 0; round < 3; round++) {
                long after = round * 2_000L;
                Map<String, Double> p90 = result(client, "lake/p90", after);
                quantiles(p90, 0.9);
                quantiles(result(client, "lake/p50", after), 0.5);
                distinct(result(client, "lake/distinct", after));
                result(client, "lake/top", after);
                top(client);
                sum(result(client, "lake/sum", after));
            }
            await().atMost(SOON).until(() -> client.metric("weir_precompute_lake_granules_total{from=\"kept\"}") > 50);
            assertThat(client.metric("weir_background_query_seconds_count{outcome=\"failed\"}"))
                    .isZero();
            late(client);
        }
    }

    private Standalone start() throws Exception {
        return Standalone.start(new Standalone.Parts(
                folder,
                UnaryOperator.identity(),
                IngestSettings.defaults(folder.resolve("ingest")),
                List.of(
                        WorkerSettings.of(folder.resolve("worker-0"), 1, 2L << 30),
                        WorkerSettings.of(folder.resolve("worker-1"), 1, 2L << 30)),
                ApiSettings.of("127.0.0.1", 0),
                WorkManagerSettings.of(UUID.randomUUID().toString()),
                FetchSettings.of(folder.resolve("api").resolve("fetch"))));
    }

    /** The value of a series at a second. */
    private static double value(int series, long second) {
        return 1 + Math.floorMod(second * 7_919 + series * 104_729L, 17) / 4.0;
    }

    /** In two writes, so that a window lies in several segments. */
    private void write(TestingClient client) throws Exception {
        firstSecond = System.currentTimeMillis() / 1_000 - 60;
        lastSecond = firstSecond + 240;
        for (long from = firstSecond; from < lastSecond; from += 40) {
            WriteRequest.Builder request = WriteRequest.newBuilder();
            for (int series = 0; series < SERIES; series++) {
                TimeSeries.Builder written = TestingClient.series("latency", "service", "s" + series);
                for (long second = from; second < from + 40; second++) {
                    written.addSamples(TestingClient.sample(second * 1_000, value(series, second)));
                }
                request.addTimeseries(written);
            }
            assertThat(client.write(request.build()).statusCode()).isBetween(200, 299);
            client.flush();
        }
    }

    private static void create(TestingClient client, String query, String path) throws Exception {
        HttpResponse<String> reply = client.post(
                "/api/v1/precompute/jobs",
                "application/json",
                "{\"query\":\"" + query
                        + "\",\"granularity\":\"2s\",\"source\":\"lake://\",\"sketch_type\":\"ddsketch\","
                        + "\"store_path\":\"" + path + "\"}");
        assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
    }

    private long tickMillis;

    /** The newest result that is not older than the first one by less; by service, and the time in {@link #tickMillis}. */
    private Map<String, Double> result(TestingClient client, String path, long afterMillis) {
        long atLeast = afterMillis == 0 ? 0 : tickMillis;
        Map<String, Double> values = new HashMap<>();
        await().atMost(SOON).until(() -> {
            HttpResponse<String> reply = client.get("/api/v1/precompute/results/" + path);
            if (reply.statusCode() != 200) {
                return false;
            }
            JsonNode result = MAPPER.readTree(reply.body()).path("data").path("result");
            values.clear();
            for (JsonNode element : result) {
                tickMillis = Math.round(element.path("value").get(0).asDouble() * 1_000);
                values.put(
                        element.path("metric").path("service").asText(),
                        element.path("value").get(1).asDouble());
            }
            return tickMillis >= atLeast && !values.isEmpty();
        });
        assertThat(tickMillis % 2_000).isZero();
        return values;
    }

    /** The samples of a series in the window of the tick. */
    private List<Double> window(int series) {
        List<Double> window = new ArrayList<>();
        for (long second = firstSecond; second < lastSecond; second++) {
            if (second * 1_000 > tickMillis - WINDOW_MILLIS && second * 1_000 <= tickMillis) {
                window.add(value(series, second));
            }
        }
        return window;
    }

    private void quantiles(Map<String, Double> result, double rank) {
        assertThat(result).hasSize(SERIES);
        for (int series = 0; series < SERIES; series++) {
            List<Double> window = window(series);
            Collections.sort(window);
            double exact = window.get((int) Math.ceil(rank * window.size()) - 1);
            assertThat(result.get("s" + series)).isBetween(exact * 0.99, exact * 1.01);
        }
    }

    private void distinct(Map<String, Double> result) {
        assertThat(result).hasSize(SERIES);
        for (int series = 0; series < SERIES; series++) {
            int exact = new HashSet<>(window(series)).size();
            assertThat(result.get("s" + series)).isBetween(exact - 0.5, exact + 0.5);
        }
    }

    private void top(TestingClient client) throws Exception {
        HttpResponse<String> reply = client.get("/api/v1/precompute/results/lake/top");
        JsonNode result = MAPPER.readTree(reply.body()).path("data").path("result");
        assertThat(result).as(reply.body()).hasSize(3 * SERIES);
        for (JsonNode element : result) {
            tickMillis = Math.round(element.path("value").get(0).asDouble() * 1_000);
            int series = Integer.parseInt(
                    element.path("metric").path("service").asText().substring(1));
            double item = element.path("metric").path("item").asDouble();
            long exact = window(series).stream().filter(value -> value == item).count();
            assertThat(element.path("value").get(1).asDouble()).isEqualTo((double) exact);
        }
    }

    private void sum(Map<String, Double> result) {
        double exact = 0;
        for (int series = 0; series < SERIES; series++) {
            exact += Collections.max(window(series));
        }
        assertThat(result).containsOnly(Map.entry("", exact));
    }

    /** A series comes late into the window of a tick that has been. */
    private void late(TestingClient client) throws Exception {
        result(client, "lake/p90", 0);
        long late = tickMillis - 1_000;
        WriteRequest request = WriteRequest.newBuilder()
                .addTimeseries(
                        TestingClient.series("latency", "service", "late").addSamples(TestingClient.sample(late, 42)))
                .build();
        assertThat(client.write(request).statusCode()).isBetween(200, 299);
        client.flush();
        Set<String> seen = new HashSet<>();
        await().atMost(SOON).until(() -> {
            Map<String, Double> values = result(client, "lake/p90", 0);
            seen.addAll(values.keySet());
            if (values.containsKey("late")) {
                assertThat(values.get("late")).isBetween(42 * 0.99, 42 * 1.01);
            }
            return seen.contains("late");
        });
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(result(client, "lake/p90", 0))
                        .as("its window is over")
                        .hasSize(SERIES));
    }
}
