package io.weir.bench;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The expressions of Prometheus' own engine benchmarks (promql/bench_test.go, listed in the reference on PromQL, section 7.1), X being
 * one and hundred, at 1, 1,000 and some at 10,000 steps of 10 s that end with the data.
 */
final class LanguageQueries {
    /**
     * A query.
     *
     * @param peer the expression for Prometheus 2.42, null if it has none: it is older than the feature
     */
    record Query(String expression, @Nullable String peer, int steps) {}

    private static final List<String> EXPRESSIONS = List.of(
            "a_X",
            "rate(a_X[1m])",
            "rate(sparse[1m])",
            "double_exponential_smoothing(a_X[1d], 0.3, 0.3)",
            "changes(a_X[1d])",
            "rate(a_X[1d])",
            "quantile_over_time(0.9, a_X[1d])",
            "count_distinct_over_time(a_X[1d])",
            "top_k_over_time(10, a_X[1d])",
            "absent_over_time(a_X[1d])",
            "-a_X",
            "rate(a_X[1m]) + rate(b_X[1m])",
            "a_X - b_X",
            "a_X and b_X{l=~'.*[0-4]$'}",
            "a_X or b_X{l=~'.*[0-4]$'}",
            "a_X unless b_X{l=~'.*[0-4]$'}",
            "a_X and b_X{l='notfound'}",
            "abs(a_X)",
            "label_replace(a_X, 'l2', '$1', 'l', '(.*)')",
            "label_join(a_X, 'l2', '-', 'l', 'l')",
            "timestamp(a_X)",
            "a_X + on(l) group_right a_one",
            "sum(a_X)",
            "avg(a_X)",
            "sum without (l)(h_X)",
            "sum without (le)(h_X)",
            "sum by (l)(h_X)",
            "sum by (le)(h_X)",
            "count_values('value', h_X)",
            "topk(1, a_X)",
            "topk(5, a_X)",
            "limitk(1, a_X)",
            "limitk(5, a_X)",
            "limit_ratio(0.1, a_X)",
            "limit_ratio(0.5, a_X)",
            "limit_ratio(-0.5, a_X)",
            "sum without (l)(rate(a_X[1m]))",
            "sum without (l)(rate(a_X[1m])) / sum without (l)(rate(b_X[1m]))",
            "histogram_quantile(0.9, rate(h_X[5m]))",
            "rate(a_X[1m] smoothed)",
            "rate(sparse[1m] smoothed)",
            "count({__name__!=\"\"})",
            "count({__name__!=\"\",l=\"\"})");

    private LanguageQueries() {}

    static List<Query> all() {
        List<Query> queries = new ArrayList<>();
        for (String expression : EXPRESSIONS) {
            for (int steps : steps(expression)) {
                for (String size : expression.contains("X") ? List.of("one", "hundred") : List.of("")) {
                    String filled = expression.replace("_X", "_" + size);
                    queries.add(new Query(filled, peer(filled), steps));
                }
            }
        }
        return queries;
    }

    private static List<Integer> steps(String expression) {
        if (expression.startsWith("count({")) {
            return List.of(1);
        }
        if (expression.startsWith("count_values")) {
            return List.of(1, 100);
        }
        if (expression.contains("sparse")) {
            return List.of(10_000);
        }
        return switch (expression) {
            case "rate(a_X[1m])", "rate(a_X[1m] smoothed)", "a_X - b_X" -> List.of(1, 1_000, 10_000);
            default -> List.of(1, 1_000);
        };
    }

    private static @Nullable String peer(String expression) {
        boolean newer = expression.contains("limit")
                || expression.contains("smoothed")
                || expression.contains("distinct")
                || expression.contains("top_k");
        return newer ? null : expression.replace("double_exponential_smoothing", "holt_winters");
    }
}
