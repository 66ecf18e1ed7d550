package io.weir.bench;

import io.weir.promql.aggregate.PartialAggregate;
import io.weir.promql.ast.AggregateOperator;
import io.weir.promql.ast.Duration;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.promql.leaf.LeafColumns;
import io.weir.promql.leaf.LeafEvaluator;
import io.weir.promql.leaf.LeafLimits;
import io.weir.promql.leaf.LeafPlan;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StepGrid;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Times leaves on samples in memory: 400 series of 24 h at 15 s, windows of 5 min, steps of 1 min, one thread.
 *
 * <p>Arguments: names of range functions, by default some of each kind; {@code jitter} as the first makes scrapes irregular.
 * Prints the best of 25 rounds.
 */
public final class LeafBenchmark {
    private static final int SERIES = 400;
    private static final int SAMPLES = 5_760;
    private static final int ROUNDS = 25;
    private static final long RANGE_MILLIS = 300_000;
    private static final StepGrid GRID = new StepGrid(RANGE_MILLIS, 86_400_000, 60_000);
    private static final Expr.VectorSelector SELECTOR = new Expr.VectorSelector(
            "m_total",
            List.of(LabelMatcher.of(LabelMatcher.Type.EQUAL, Labels.METRIC_NAME, "m_total")),
            null,
            null,
            false,
            false,
            PositionRange.NONE);

    private LeafBenchmark() {}

    public static void main(String[] arguments) {
        List<String> names = new ArrayList<>(List.of(arguments));
        boolean jitter = names.remove("jitter");
        if (names.isEmpty()) {
            names.addAll(
                    List.of("rate", "delta", "irate", "sum_over_time", "max_over_time", "stddev_over_time", "deriv"));
        }
        List<Labels> labels = new ArrayList<>();
        List<SampleBuffer> samples = new ArrayList<>();
        generate(labels, samples, jitter);
        for (String name : names) {
            Function function = Function.byName(name)
                    .orElseThrow(() -> new IllegalArgumentException("no PromQL function: " + name));
            Expr range = new Expr.MatrixSelector(SELECTOR, new Duration.Literal(RANGE_MILLIS), PositionRange.NONE);
            Expr call = new Expr.Call(function, List.of(range), PositionRange.NONE);
            measure(name, call, null, labels, samples);
            measure("sum by (job) of " + name, call, AggregateOperator.SUM, labels, samples);
            measure("topk by (job) (5) of " + name, call, AggregateOperator.TOPK, labels, samples);
        }
    }

    private static void generate(List<Labels> labels, List<SampleBuffer> samples, boolean jitter) {
        Random random = new Random(1);
        for (int i = 0; i < SERIES; i++) {
            labels.add(Labels.of(Labels.METRIC_NAME, "m_total", "instance", "i" + (1000 + i), "job", "j" + i % 10));
            SampleBuffer buffer = new SampleBuffer(SAMPLES);
            long offset = random.nextInt(15_000);
            double value = 0;
            for (int j = 0; j < SAMPLES; j++) {
                value = random.nextInt(2_000) == 0 ? 0 : value + random.nextInt(10);
                buffer.add(offset + j * 15_000L + (jitter ? random.nextInt(50) : 0), value);
            }
            samples.add(buffer);
        }
    }

    private static void measure(
            String name,
            Expr expression,
            @Nullable AggregateOperator operator,
            List<Labels> labels,
            List<SampleBuffer> samples) {
        PartialAggregate aggregate =
                operator == null ? null : new PartialAggregate(operator, false, List.of("job"), 5, "");
        LeafPlan plan = new LeafPlan(expression, SELECTOR, GRID, GRID, aggregate, RANGE_MILLIS, 0, GRID.endMillis());
        double bestMillis = Double.POSITIVE_INFINITY;
        for (int round = 0; round < ROUNDS; round++) {
            long start = System.nanoTime();
            LeafEvaluator evaluator = new LeafEvaluator(plan, new LeafLimits(1L << 40, 1L << 40));
            for (int i = 0; i < SERIES; i++) {
                evaluator.add(labels.get(i), samples.get(i));
            }
            LeafColumns columns = evaluator.finish();
            if (columns.series().isEmpty()) {
                throw new IllegalStateException("nothing computed");
            }
            bestMillis = Math.min(bestMillis, (System.nanoTime() - start) / 1e6);
        }
        System.out.printf(
                Locale.ROOT,
                "%-40s %8.2f ms %7.0f M samples/s%n",
                name,
                bestMillis,
                SERIES * (double) SAMPLES / bestMillis / 1e3);
    }
}
