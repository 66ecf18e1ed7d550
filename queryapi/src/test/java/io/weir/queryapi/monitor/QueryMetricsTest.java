package io.weir.queryapi.monitor;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.queryapi.testkit.TestingApi;
import io.weir.queryapi.testkit.TestingLake;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users feel, as /metrics shows it. */
final class QueryMetricsTest {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final QueryMetrics metrics = new QueryMetrics(registry);

    private List<String> lines(String name) {
        return Arrays.stream(registry.scrape().split("\n"))
                .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                .toList();
    }

    @Test
    void everythingIsThereFromTheStart() {
        assertThat(lines("weir_query_errors_total"))
                .containsExactlyInAnyOrder(
                        "weir_query_errors_total{reason=\"bad_data\"} 0.0",
                        "weir_query_errors_total{reason=\"canceled\"} 0.0",
                        "weir_query_errors_total{reason=\"execution\"} 0.0",
                        "weir_query_errors_total{reason=\"internal\"} 0.0",
                        "weir_query_errors_total{reason=\"not_found\"} 0.0",
                        "weir_query_errors_total{reason=\"timeout\"} 0.0",
                        "weir_query_errors_total{reason=\"unavailable\"} 0.0");
        assertThat(lines("weir_query_seconds_count")).hasSize(5).allMatch(line -> line.endsWith(" 0"));
        assertThat(lines("weir_time_to_first_result_seconds_bucket")).hasSizeGreaterThan(10);
        assertThat(lines("weir_query_seconds_bucket")).hasSizeGreaterThan(50);
    }

    @Test
    void reasonsAreBounded() {
        for (int i = 0; i < 1_000; i++) {
            metrics.failed("surprise " + i);
            metrics.finished("instant", "surprise " + i, TimeUnit.MILLISECONDS.toNanos(3));
        }
        assertThat(lines("weir_query_errors_total"))
                .hasSize(7)
                .contains("weir_query_errors_total{reason=\"internal\"} 1000.0");
        assertThat(lines("weir_query_seconds_count"))
                .hasSize(6)
                .contains("weir_query_seconds_count{kind=\"instant\",outcome=\"internal\"} 1000");
    }

    @Test
    void aQueryThatCannotBeReadCountsOnce(@TempDir Path folder) throws Exception {
        try (TestingApi api = new TestingApi(new TestingLake(60_000), folder, TestingApi.settings())) {
            assertThat(api.get(TestingApi.instant("sum(", "0")).statusCode()).isEqualTo(400);
            assertThat(api.get(TestingApi.range("up", "5", "1", "1")).statusCode())
                    .isEqualTo(400);
            assertThat(api.postJson("/api/v1/metrics/query", "{\"q\":\"sum(\"}").statusCode())
                    .isEqualTo(400);
            assertThat(api.body("/metrics")).contains("weir_query_errors_total{reason=\"bad_data\"} 3.0");
            api.workManager().setWorkers(false);
            assertThat(api.get(TestingApi.instant("1 + 1", "0")).statusCode()).isEqualTo(200);
            assertThat(api.body("/metrics")).contains("weir_query_errors_total{reason=\"bad_data\"} 3.0");
        }
    }
}
