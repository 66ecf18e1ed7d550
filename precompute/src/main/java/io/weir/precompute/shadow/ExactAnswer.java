package io.weir.precompute.shadow;

import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.labels.Labels;
import io.weir.promql.parser.PromqlPrinter;
import io.weir.queryapi.spi.BackgroundQueries;
import io.weir.queryapi.spi.BackgroundQueries.Sample;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The exact answer to a query, from the lake.
 *
 * <p>A quantile of a sketch is a sample's value, by nearest rank, where PromQL's lies between two samples. So the exact one is that of the same
 * rank: of n samples {@code quantile_over_time((ceil(q n) - 1) / (n - 1), ...)} is exactly the sample in place ceil(q n). That costs one query for
 * each number of samples that a series has in the window, beside the one that counts them.
 *
 * @param isPart whether series are missing in it, as they have other numbers of samples
 */
record ExactAnswer(Map<Labels, Double> values, boolean isPart) {
    /**
     * Computes it; blocks.
     *
     * @param groupsMax most numbers of samples for which quantiles are computed
     * @throws io.weir.promql.error.QueryException as for a user's query
     */
    static ExactAnswer of(
            BackgroundQueries queries,
            String tenant,
            Expr expression,
            long timeMillis,
            long deadlineNanos,
            int groupsMax)
            throws InterruptedException {
        if (expression instanceof Expr.Call call
                && call.function() == Function.QUANTILE_OVER_TIME
                && call.arguments().getFirst() instanceof Expr.NumberLiteral rank
                && rank.value() >= 0
                && rank.value() <= 1) {
            Expr samples = call.arguments().getLast();
            return quantiles(
                    expressionText -> queries.evaluate(tenant, expressionText, timeMillis, deadlineNanos)
                            .samples(),
                    rank.value(),
                    samples,
                    groupsMax);
        }
        return new ExactAnswer(
                values(queries.evaluate(tenant, PromqlPrinter.print(expression), timeMillis, deadlineNanos)
                        .samples()),
                false);
    }

    private interface Evaluation {
        List<Sample> of(String text) throws InterruptedException;
    }

    private static ExactAnswer quantiles(Evaluation evaluation, double rank, Expr samples, int groupsMax)
            throws InterruptedException {
        Map<Labels, Double> counts = values(evaluation.of("count_over_time(" + PromqlPrinter.print(samples) + ")"));
        Map<Double, Integer> seriesByCount = new TreeMap<>();
        counts.values().forEach(count -> seriesByCount.merge(count, 1, Integer::sum));
        List<Double> chosen = seriesByCount.entrySet().stream()
                .sorted(Map.Entry.<Double, Integer>comparingByValue(Comparator.reverseOrder())
                        .thenComparing(Map.Entry.comparingByKey()))
                .limit(groupsMax)
                .map(Map.Entry::getKey)
                .toList();
        Map<Labels, Double> exact = new HashMap<>();
        for (double count : chosen) {
            double place = Math.max(1, Math.ceil(rank * count));
            double share = count == 1 ? 0 : (place - 1) / (count - 1);
            String text = "quantile_over_time(" + share + ", " + PromqlPrinter.print(samples) + ")";
            values(evaluation.of(text)).forEach((labels, value) -> {
                if (Double.valueOf(count).equals(counts.get(labels))) {
                    exact.put(labels, value);
                }
            });
        }
        return new ExactAnswer(exact, chosen.size() < seriesByCount.size());
    }

    private static Map<Labels, Double> values(List<Sample> samples) {
        Map<Labels, Double> values = HashMap.newHashMap(samples.size());
        samples.forEach(sample -> values.put(sample.labels(), sample.value()));
        return values;
    }
}
