package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.weir.cli.process.Ports;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A stock Prometheus scrapes itself and Weir for two minutes and remote-writes to Weir; then both answer the same queries alike.
 *
 * <p>Debian's Prometheus is 2.42, whose range windows are closed; since version 3, and in Weir, they are left-open. The query times
 * are chosen so that no sample lies on a window's border: then both see the same samples.
 */
@Tag("slow")
class StockPrometheusTest {
    private static final long SCRAPE_INTERVAL_MILLIS = 2_000;
    private static final long HISTORY_MILLIS = 125_000;

    private static final List<String> EXPRESSIONS = List.of(
            "up",
            "go_goroutines",
            "process_resident_memory_bytes{job=\"prometheus\"}",
            "prometheus_tsdb_head_samples_appended_total",
            "{job=\"prometheus\", __name__=~\"go_memstats_.*_bytes\"}",
            "up{job!=\"prometheus\"}",
            "go_goroutines offset 10s",
            "-go_goroutines",
            "rate(prometheus_tsdb_head_samples_appended_total[30s])",
            "increase(prometheus_tsdb_head_samples_appended_total[40s])",
            "irate(process_cpu_seconds_total[20s])",
            "delta(go_goroutines[30s])",
            "idelta(go_memstats_alloc_bytes[30s])",
            "deriv(go_memstats_heap_objects[30s])",
            "predict_linear(go_memstats_heap_objects[30s], 60)",
            "changes(go_memstats_alloc_bytes[30s])",
            "resets(go_memstats_alloc_bytes[30s])",
            "avg_over_time(go_memstats_alloc_bytes[30s])",
            "min_over_time(go_memstats_alloc_bytes[30s])",
            "max_over_time(go_memstats_alloc_bytes[30s])",
            "sum_over_time(go_goroutines[30s])",
            "count_over_time(up[30s])",
            "stddev_over_time(go_memstats_alloc_bytes[30s])",
            "stdvar_over_time(go_goroutines[30s])",
            "quantile_over_time(0.7, go_memstats_alloc_bytes[30s])",
            "last_over_time(go_goroutines[30s])",
            "present_over_time(up[30s])",
            "absent_over_time(nonexistent_metric{a=\"b\"}[30s])",
            "sum(rate(process_cpu_seconds_total[30s]))",
            "sum by (job) (scrape_samples_scraped)",
            "avg without (instance) (go_goroutines)",
            "min(scrape_duration_seconds)",
            "max by (job) (scrape_duration_seconds)",
            "count by (job) ({__name__=~\"scrape_.*\"})",
            "count(up == 1)",
            "stddev(scrape_samples_scraped)",
            "stdvar by (job) (scrape_samples_scraped)",
            "group by (job) (up)",
            "topk(2, scrape_samples_scraped)",
            "bottomk(1, scrape_samples_scraped)",
            "quantile(0.5, scrape_samples_scraped)",
            "count_values(\"v\", up)",
            "go_memstats_heap_inuse_bytes / go_memstats_heap_sys_bytes",
            "go_goroutines > 10",
            "go_goroutines > bool 10",
            "go_goroutines * on (instance, job) group_left up",
            "up and on (job) go_goroutines",
            "up or scrape_samples_scraped",
            "up unless on (job) go_goroutines",
            "scrape_samples_scraped % 7 + 2 ^ 3",
            "histogram_quantile(0.9, sum by (le) (rate(prometheus_http_request_duration_seconds_bucket[30s])))",
            "label_replace(up, \"host\", \"$1\", \"instance\", \"(.*):.*\")",
            "label_join(up, \"both\", \"-\", \"job\", \"instance\")",
            "max_over_time(rate(process_cpu_seconds_total[20s])[30s:5s])",
            "abs(ceil(go_memstats_alloc_bytes / 3)) - floor(sqrt(go_goroutines))",
            "clamp(go_goroutines, 5, 20)",
            "round(go_memstats_alloc_bytes, 1000)",
            "absent(nonexistent_metric)",
            "scalar(count(up)) + vector(1)",
            "day_of_week() + hour(vector(0))",
            "sort_desc(scrape_samples_scraped)",
            "time() - process_start_time_seconds",
            "jvm_memory_used_bytes",
            "sum by (area) (jvm_memory_used_bytes)",
            "sum by (job) (rate(jvm_gc_pause_seconds_count[30s]))",
            "{job=\"weir\", __name__=~\"weir_ingest_.*\"}",
            "max_over_time(jvm_threads_live_threads[30s])");

    @TempDir
    private Path folder;

    @Test
    void answersLikePrometheus() throws Exception {
        int weirPort = Ports.free();
        int prometheusPort = Ports.free();
        URI weirBase = URI.create("http://127.0.0.1:" + weirPort);
        URI prometheusBase = URI.create("http://127.0.0.1:" + prometheusPort);
        try (TestingProcess weir = TestingProcess.weir(
                        "standalone",
                        folder.resolve("logs"),
                        "standalone",
                        "--data-dir",
                        folder.resolve("weir").toString(),
                        "--http-port",
                        "" + weirPort)
                .awaitReady(weirBase.resolve("/readyz"))) {
            assertThat(weir.process().isAlive()).isTrue();
            try (TestingProcess prometheus = TestingProcess.program(
                            "prometheus", folder.resolve("logs"), prometheusCommand(prometheusPort, weirPort))
                    .awaitReady(prometheusBase.resolve("/-/ready"))) {
                assertThat(prometheus.process().isAlive()).isTrue();
                Thread.sleep(HISTORY_MILLIS);
                compareAll(new TestingClient(weirBase, "default"), new TestingClient(prometheusBase, "default"));
            }
        }
    }

    private List<String> prometheusCommand(int prometheusPort, int weirPort) throws IOException {
        Path configuration = folder.resolve("prometheus.yml");
        Files.writeString(configuration, """
            global:
              scrape_interval: %dms
              scrape_timeout: %dms
            scrape_configs:
              - job_name: prometheus
                static_configs: [{targets: ["127.0.0.1:%d"]}]
              - job_name: weir
                static_configs: [{targets: ["127.0.0.1:%d"]}]
            remote_write:
              - url: http://127.0.0.1:%d/api/v1/write
                queue_config: {batch_send_deadline: 500ms}
            """.formatted(
                        SCRAPE_INTERVAL_MILLIS, SCRAPE_INTERVAL_MILLIS, prometheusPort, weirPort, weirPort));
        return List.of(
                "prometheus",
                "--config.file=" + configuration,
                "--storage.tsdb.path=" + folder.resolve("prometheus"),
                "--web.listen-address=127.0.0.1:" + prometheusPort,
                "--log.level=warn");
    }

    private static void compareAll(TestingClient weir, TestingClient prometheus) throws Exception {
        long end = queryTime(prometheus);
        // Weir's own metrics are an exposition that Prometheus takes; checklist D1, row 39.
        assertThat(samples(prometheus.json(prometheus.instantPath("up{job=\"weir\"}", end / 1000.0)))
                        .values())
                .containsExactly(1.0);
        // What was scraped before the end has been sent by now; make it visible.
        Thread.sleep(6_000);
        weir.flush();
        List<String> differences = new ArrayList<>();
        long points = 0;
        for (String expression : EXPRESSIONS) {
            for (String path : List.of(
                    weir.instantPath(expression, end / 1000.0),
                    weir.rangePath(expression, end / 1000.0 - 40, end / 1000.0, 1))) {
                Map<String, Double> expected = samples(prometheus.json(path));
                Map<String, Double> got = samples(weir.json(path));
                points += expected.size();
                differences.addAll(compare(path, expected, got));
            }
        }
        System.out.println(
                "StockPrometheusTest: " + 2 * EXPRESSIONS.size() + " queries, " + points + " points compared");
        assertThat(EXPRESSIONS).hasSizeGreaterThanOrEqualTo(40);
        assertThat(points).isGreaterThan(2_000);
        assertThat(differences).isEmpty();
    }

    /** A time some seconds ago whose phase in the scrape interval is away from that of every target. */
    private static long queryTime(TestingClient prometheus) throws IOException, InterruptedException {
        long now = System.currentTimeMillis() - 4_000;
        Set<Long> phases = new HashSet<>();
        for (JsonNode series : prometheus
                .json(prometheus.instantPath("timestamp(up)", now / 1000.0))
                .path("data")
                .path("result")) {
            phases.add(Math.round(series.path("value").get(1).asDouble() * 1000) % SCRAPE_INTERVAL_MILLIS);
        }
        assertThat(phases).hasSize(2);
        long base = now / SCRAPE_INTERVAL_MILLIS * SCRAPE_INTERVAL_MILLIS;
        for (long phase = 111; phase < SCRAPE_INTERVAL_MILLIS; phase += 97) {
            long candidate = phase;
            if (phases.stream().allMatch(taken -> Math.abs(taken - candidate) > 60)) {
                return base + phase;
            }
        }
        throw new AssertionError("no free phase beside " + phases);
    }

    private static Map<String, Double> samples(JsonNode root) {
        Map<String, Double> samples = new TreeMap<>();
        JsonNode result = root.path("data").path("result");
        if (root.path("data").path("resultType").asText().equals("scalar")) {
            samples.put("scalar", number(result.get(1).asText()));
            return samples;
        }
        for (JsonNode series : result) {
            Map<String, String> labels = new TreeMap<>();
            series.path("metric")
                    .properties()
                    .forEach(
                            label -> labels.put(label.getKey(), label.getValue().asText()));
            if (series.has("value")) {
                samples.put(
                        labels.toString(), number(series.path("value").get(1).asText()));
            }
            for (JsonNode sample : series.path("values")) {
                samples.put(
                        labels + "@" + Math.round(sample.get(0).asDouble() * 1000),
                        number(sample.get(1).asText()));
            }
        }
        return samples;
    }

    private static double number(String text) {
        return Double.parseDouble(text.replace("Inf", "Infinity"));
    }

    private static List<String> compare(String path, Map<String, Double> expected, Map<String, Double> got) {
        List<String> differences = new ArrayList<>();
        expected.forEach((key, value) -> {
            Double other = got.get(key);
            if (other == null) {
                differences.add(path + ": missing " + key + " = " + value);
            } else if (!close(value, other)) {
                differences.add(path + ": " + key + " expected " + value + " got " + other);
            }
        });
        got.forEach((key, value) -> {
            if (!expected.containsKey(key)) {
                differences.add(path + ": unexpected " + key + " = " + value);
            }
        });
        return differences.size() > 5 ? differences.subList(0, 5) : differences;
    }

    private static boolean close(double a, double b) {
        return a == b
                || (Double.isNaN(a) && Double.isNaN(b))
                || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
    }
}
