package io.weir.precompute.shadow;

import io.weir.promql.ast.Expr;
import io.weir.promql.labels.Labels;
import io.weir.promql.parser.Feature;
import io.weir.promql.parser.PromqlParser;
import io.weir.queryapi.spi.BackgroundQueries;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Answers count_over_time, quantile_over_time and sum_over_time over the same samples whatever the time. */
final class TestingSamples implements BackgroundQueries {
    private final Map<Labels, double[]> samples = new TreeMap<>();
    private final List<String> asked = new ArrayList<>();
    private @Nullable RuntimeException failure;

    TestingSamples add(Labels labels, double... values) {
        samples.put(labels, values);
        return this;
    }

    synchronized void setFailure(@Nullable RuntimeException failure) {
        this.failure = failure;
    }

    synchronized List<String> asked() {
        return List.copyOf(asked);
    }

    @Override
    public synchronized Evaluated evaluate(String tenant, String query, long timeMillis, long deadlineNanos) {
        asked.add(query);
        if (failure != null) {
            throw failure;
        }
        Expr.Call call = (Expr.Call) PromqlParser.parse(query, Feature.ALL);
        List<Sample> answer = new ArrayList<>();
        samples.forEach((labels, values) -> answer.add(new Sample(labels, value(call, values))));
        return new Evaluated(answer, List.of());
    }

    private static double value(Expr.Call call, double[] values) {
        return switch (call.function().text()) {
            case "count_over_time" -> values.length;
            case "sum_over_time" -> Arrays.stream(values).sum();
            case "quantile_over_time" ->
                quantile(((Expr.NumberLiteral) call.arguments().getFirst()).value(), values);
            default -> throw new IllegalArgumentException(call.function().text());
        };
    }

    private static double quantile(double q, double[] values) {
        double[] sorted = Arrays.stream(values).sorted().toArray();
        double rank = q * (sorted.length - 1);
        int lower = (int) Math.floor(rank);
        int upper = Math.min(lower + 1, sorted.length - 1);
        double weight = rank - lower;
        return sorted[lower] * (1 - weight) + sorted[upper] * weight;
    }
}
