package io.weir.queryapi.eval;

import static io.weir.queryapi.testkit.TestingApi.instant;
import static io.weir.queryapi.testkit.TestingApi.range;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.promql.labels.Labels;
import io.weir.promql.series.StaleMarker;
import io.weir.queryapi.testkit.TestingApi;
import io.weir.queryapi.testkit.TestingLake;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same data gives the same answer however it is cut and in whatever order the pieces come. */
final class ShardsTest {
    private static final long SEED = 4711;
    private static final int SAMPLES = 120;

    private static final List<String> QUERIES = List.of(
            "m",
            "sum(m)",
            "sum by (job) (rate(m[2m]))",
            "avg by (job) (m)",
            "min without (instance) (m)",
            "max(m)",
            "count by (job) (m)",
            "topk(3, m)",
            "bottomk by (job) (2, m)",
            "count_values('v', m % 3)",
            "stddev(m)",
            "quantile(0.9, m)",
            "absent(m{job='none'})",
            "m / on (instance, job) n",
            "sum(m) / sum(n)",
            "max_over_time(sum(m)[2m:30s])",
            "m and on (job) n > 20",
            "label_replace(m, 'x', '$1', 'job', '(.*)')",
            "m @ 600",
            "sum(m offset 3m)");

    @TempDir
    private Path folder;

    private static TestingLake lake(boolean integers) {
        Random random = new Random(SEED);
        TestingLake lake = new TestingLake(300_000);
        for (String metric : List.of("m", "n")) {
            for (int i = 0; i < 40; i++) {
                double[] values = new double[SAMPLES];
                double value = random.nextInt(50);
                for (int k = 0; k < SAMPLES; k++) {
                    value += integers ? random.nextInt(5) : random.nextDouble();
                    values[k] = random.nextInt(30) == 0 ? StaleMarker.VALUE : value;
                }
                lake.add(Labels.of("__name__", metric, "job", "j" + i % 4, "instance", "i" + i), 0, 10_000, values);
            }
        }
        return lake;
    }

    private static QueryLimits target(long samplesPerUnitTarget) {
        QueryLimits limits = QueryLimits.DEFAULT;
        return new QueryLimits(
                limits.timeoutMillisMax(),
                limits.lookbackMillis(),
                limits.pointsPerSeriesMax(),
                limits.samplesMax(),
                limits.seriesMax(),
                limits.resultBytesMax(),
                limits.artifactBytesMax(),
                limits.segmentsMax(),
                samplesPerUnitTarget,
                limits.lengthMax(),
                limits.concurrentMax(),
                limits.concurrentPerTenantMax(),
                limits.queuedMax(),
                limits.queueWaitMillisMax());
    }

    private static Map<String, String> answers(TestingApi api) throws Exception {
        Map<String, String> answers = new HashMap<>();
        for (String query : QUERIES) {
            answers.put(query, api.body(range(query, "300", "1200", "30")));
            answers.put("instant " + query, api.body(instant(query, "900")));
        }
        answers.forEach((query, answer) -> assertThat(answer)
                .as(query)
                .startsWith("{\"status\":\"success\"")
                .contains("\"result\":"));
        return answers;
    }

    @Test
    void everyCutGivesTheSameAnswers() throws Exception {
        TestingLake lake = lake(true);
        Map<String, String> expected = null;
        List<Long> unitsOfSum = new ArrayList<>();
        for (long target : new long[] {1_000_000, 700, 350, 180, 90, 45, 20, 5}) {
            try (TestingApi api =
                    new TestingApi(lake, folder, TestingApi.settings().withLimits(target(target)))) {
                Map<String, String> answers = answers(api);
                if (expected == null) {
                    expected = answers;
                }
                for (Map.Entry<String, String> entry : expected.entrySet()) {
                    if (!entry.getKey().contains("stddev")) {
                        assertThat(answers.get(entry.getKey()))
                                .as("seed=%s target=%s %s", SEED, target, entry.getKey())
                                .isEqualTo(entry.getValue());
                    }
                }
                unitsOfSum.add(api.workManager().units().stream()
                        .filter(unit -> unit.spec().getExpression().getQuery().equals("sum(m)")
                                && unit.spec().getExpression().getQueryGrid().getStepMillis() > 0)
                        .count());
                assertThat(api.workManager().leftFiles()).isEmpty();
            }
        }
        assertThat(unitsOfSum.getFirst()).isEqualTo(1);
        assertThat(unitsOfSum.getLast()).isEqualTo(64);
        assertThat(unitsOfSum.stream().distinct().count()).isGreaterThanOrEqualTo(5);
    }

    @Test
    void theOrderOfCompletionDoesNotChangeABit() throws Exception {
        TestingLake lake = lake(false);
        try (TestingApi api = new TestingApi(lake, folder, TestingApi.settings().withLimits(target(45)))) {
            Map<String, String> first = answers(api);
            for (int run = 0; run < 3; run++) {
                assertThat(answers(api)).as("seed=%s", SEED).isEqualTo(first);
            }
        }
    }

    @Test
    void groupsOfStepsGiveTheSamePoints() throws Exception {
        TestingLake lake = lake(true);
        String body =
                "{\"s\":\"epoch\",\"e\":\"epoch+1300s\",\"step\":5,\"q\":\"sum by (job) (m) + sum by (job) (n)\"}";
        String whole;
        try (TestingApi api = new TestingApi(lake, folder, TestingApi.settings())) {
            whole = api.postJson("/api/v1/metrics/query", body).body();
            assertThat(api.workManager().units()).hasSize(2);
        }
        try (TestingApi api = new TestingApi(lake, folder, TestingApi.settings().withLimits(target(200)))) {
            assertThat(api.postJson("/api/v1/metrics/query", body).body()).isEqualTo(whole);
            assertThat(api.workManager().units().stream()
                            .map(unit -> unit.spec().getExpression().getLeafGrid())
                            .distinct()
                            .count())
                    .isEqualTo(4);
        }
        assertThat(Arrays.stream(whole.split("\n\n")).collect(Collectors.toSet()))
                .hasSizeGreaterThan(1000);
    }
}
