package io.weir.promql.leaf;

import static io.weir.promql.leaf.TestingExpr.binary;
import static io.weir.promql.leaf.TestingExpr.call;
import static io.weir.promql.leaf.TestingExpr.negate;
import static io.weir.promql.leaf.TestingExpr.number;
import static io.weir.promql.leaf.TestingExpr.plan;
import static io.weir.promql.leaf.TestingExpr.range;
import static io.weir.promql.leaf.TestingExpr.selector;
import static io.weir.promql.leaf.TestingExpr.subquery;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.promql.aggregate.PartialAggregate;
import io.weir.promql.aggregate.StateLayout;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.AggregateOperator;
import io.weir.promql.ast.BinaryOperator;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.ast.VectorMatching;
import io.weir.promql.error.QueryException;
import io.weir.promql.kernel.RangeKernels;
import io.weir.promql.kernel.TestingSeries;
import io.weir.promql.kernel.Windows;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import io.weir.promql.series.StepGrid;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class LeafEvaluatorTest {
    private static final LeafLimits LIMITS = new LeafLimits(1_000_000, 1_000_000);
    private static final StepGrid GRID = new StepGrid(600_000, 1_200_000, 60_000);
    private static final Labels M = Labels.of("__name__", "m", "job", "a");
    private static final double X = StaleMarker.VALUE;

    /** Samples at minutes 0, 1, 2...; the stale marker for none. */
    private static SampleBuffer minutes(double... values) {
        SampleBuffer samples = new SampleBuffer(values.length);
        for (int i = 0; i < values.length; i++) {
            if (!StaleMarker.is(values[i])) {
                samples.add(i * 60_000L, values[i]);
            }
        }
        return samples;
    }

    private static LeafColumns run(Expr expression, Expr.VectorSelector selector, StepGrid grid, SampleBuffer samples) {
        LeafEvaluator evaluator = new LeafEvaluator(plan(expression, selector, grid, null), LIMITS);
        evaluator.add(M, samples);
        return evaluator.finish();
    }

    @Test
    void selectorKeepsLabelsAndComparisonsKeepValues() {
        Expr.VectorSelector m = selector("m");
        StepGrid grid = new StepGrid(0, 180_000, 60_000);
        SampleBuffer samples = minutes(1, 5, 3, 7);
        assertThat(run(m, m, grid, samples).v()[0]).containsExactly(1, 5, 3, 7);
        LeafColumns filtered = run(binary(BinaryOperator.LSS, number(4), m, false), m, grid, samples);
        assertThat(filtered.series()).containsExactly(M);
        assertThat(filtered.v()[0]).containsExactly(X, 5, X, 7);
        LeafColumns bool = run(binary(BinaryOperator.LSS, number(4), m, true), m, grid, samples);
        assertThat(bool.series()).containsExactly(Labels.of("job", "a"));
        assertThat(bool.v()[0]).containsExactly(0, 1, 0, 1);
        LeafColumns sum = run(binary(BinaryOperator.SUB, call(Function.TIME), negate(m), false), m, grid, samples);
        assertThat(sum.series()).containsExactly(Labels.of("job", "a"));
        assertThat(sum.v()[0]).containsExactly(1, 65, 123, 187);
        assertThat(run(binary(BinaryOperator.GTR, m, number(100), false), m, grid, samples)
                        .series())
                .isEmpty();
    }

    @Test
    void elementwiseFunctionsTakeScalarsThatChangeWithTime() {
        Expr.VectorSelector m = selector("m");
        StepGrid grid = new StepGrid(0, 120_000, 60_000);
        SampleBuffer samples = minutes(1, -50, 300);
        assertThat(run(call(Function.CLAMP, m, number(-2), call(Function.TIME)), m, grid, samples)
                        .v()[0])
                .containsExactly(0, -2, 120);
        assertThat(run(call(Function.CLAMP, m, number(70), call(Function.TIME)), m, grid, samples)
                        .v()[0])
                .containsExactly(X, X, 120);
        assertThat(run(call(Function.ABS, m), m, grid, samples).v()[0]).containsExactly(1, 50, 300);
        assertThat(run(call(Function.ROUND, m, number(100)), m, grid, samples).v()[0])
                .containsExactly(0, 0, 300);
    }

    @Test
    void atPinsTheSelectorForAllSteps() {
        Expr.VectorSelector pinned = selector("m", 60_000, 180_000L);
        StepGrid grid = new StepGrid(600_000, 720_000, 60_000);
        SampleBuffer samples = minutes(1, 2, 4, 8, 16);
        assertThat(run(pinned, pinned, grid, samples).v()[0]).containsExactly(4, 4, 4);
        assertThat(run(call(Function.SUM_OVER_TIME, range(pinned, 120_000)), pinned, grid, samples)
                        .v()[0])
                .containsExactly(6, 6, 6);
        assertThat(run(call(Function.TIMESTAMP, pinned), pinned, grid, samples).v()[0])
                .containsExactly(120, 120, 120);
        assertThat(run(call(Function.TIMESTAMP, call(Function.ABS, pinned)), pinned, grid, samples)
                        .v()[0])
                .containsExactly(600, 660, 720);
        // the line through (1 min, 2) and (2 min, 4), seen from each step
        assertThat(run(call(Function.PREDICT_LINEAR, range(pinned, 120_000), number(0)), pinned, grid, samples)
                        .v()[0])
                .usingElementComparator((a, b) -> Math.abs(a - b) < 1e-9 ? 0 : 1)
                .containsExactly(20.0, 22.0, 24.0);
    }

    @Test
    void staleMarkersEndInstantSelectorsAndAreNothingToRanges() {
        Expr.VectorSelector m = selector("m");
        SampleBuffer samples = new SampleBuffer(4);
        samples.add(0, 1);
        samples.add(60_000, StaleMarker.VALUE);
        samples.add(120_000, 5);
        StepGrid grid = new StepGrid(0, 120_000, 60_000);
        assertThat(run(m, m, grid, samples).v()[0]).containsExactly(1, X, 5);
        assertThat(run(call(Function.COUNT_OVER_TIME, range(m, 180_000)), m, grid, samples)
                        .v()[0])
                .containsExactly(1, 1, 2);
        assertThat(run(call(Function.DELTA, range(m, 180_000)), m, grid, samples)
                        .v()[0])
                .containsExactly(X, X, 4 * (180.0 / 120));
    }

    /** A subquery equals its inner expression, evaluated step by step on the absolute grid, under the kernel. */
    @Test
    void subqueriesEqualTheInnerExpressionOnTheirOwnGrid() {
        long seed = 4711;
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            SampleBuffer samples =
                    TestingSeries.random(random, TestingSeries.Shape.SPARSE_GAUGE, -900_000, 1_200_000, true);
            long step = 1 + random.nextInt(150_000);
            long rangeMillis = 1 + random.nextInt(600_000);
            long offset = random.nextInt(3) == 0 ? random.nextInt(300_000) - 100_000 : 0;
            Long at = random.nextInt(4) == 0 ? (Long) (long) random.nextInt(900_000) : null;
            StepGrid grid = new StepGrid(random.nextInt(100_000), 600_000, 1 + random.nextInt(90_000));
            Expr.VectorSelector m = selector("m");
            Expr inner = binary(BinaryOperator.MUL, m, call(Function.TIME), false);
            Expr outer = call(Function.SUM_OVER_TIME, subquery(inner, rangeMillis, step, offset, at));
            LeafColumns columns = run(outer, m, grid, samples);

            SampleBuffer points = new SampleBuffer(16);
            for (long time = -800_000 - Math.floorMod(-800_000, step); time < 1_200_000; time += step) {
                LeafColumns point = run(inner, m, StepGrid.instant(time), samples);
                if (!point.series().isEmpty()) {
                    points.add(time, point.v()[0][0]);
                }
            }
            double[] expected = new double[grid.count()];
            Windows windows = at == null
                    ? Windows.moving(grid, offset, rangeMillis)
                    : Windows.pinned(grid, at - offset, rangeMillis);
            RangeKernels.of(Function.SUM_OVER_TIME)
                    .orElseThrow()
                    .compute(points.timestamps(), points.values(), points.size(), windows, new double[0][], expected);
            double[] actual = columns.series().isEmpty() ? null : columns.v()[0];
            for (int i = 0; i < expected.length; i++) {
                assertThat(Double.doubleToRawLongBits(actual == null ? X : actual[i]))
                        .as("seed=%d round=%d step %d", seed, round, i)
                        .isEqualTo(Double.doubleToRawLongBits(expected[i]));
            }
        }
    }

    @Test
    void namesAreDroppedAsPrometheusDoes() {
        Expr.VectorSelector m = selector("m");
        StepGrid grid = StepGrid.instant(120_000);
        SampleBuffer samples = minutes(1, 2, 3);
        assertThat(run(call(Function.LAST_OVER_TIME, range(m, 180_000)), m, grid, samples)
                        .series())
                .containsExactly(M);
        assertThat(run(call(Function.FIRST_OVER_TIME, range(m, 180_000)), m, grid, samples)
                        .series())
                .containsExactly(M);
        Expr lastOfAbs = call(Function.LAST_OVER_TIME, subquery(call(Function.ABS, m), 120_000, 60_000, 0, null));
        assertThat(run(lastOfAbs, m, grid, samples).series()).containsExactly(Labels.of("job", "a"));
        for (Function function : new Function[] {Function.RATE, Function.MAX_OVER_TIME, Function.CHANGES}) {
            assertThat(run(call(function, range(m, 180_000)), m, grid, samples).series())
                    .containsExactly(Labels.of("job", "a"));
        }
        assertThat(run(negate(m), m, grid, samples).series()).containsExactly(Labels.of("job", "a"));
        assertThat(run(call(Function.TIMESTAMP, m), m, grid, samples).series()).containsExactly(Labels.of("job", "a"));
    }

    @Test
    void equalLabelsAreAnErrorForRangeFunctionsAndJoinOtherwise() {
        Labels other = Labels.of("__name__", "other", "job", "a");
        Expr.VectorSelector any = selector("");
        SampleBuffer early = minutes(1, 1);
        SampleBuffer late = minutes(X, X, X, X, X, X, X, X, 2, 2);
        StepGrid grid = new StepGrid(0, 600_000, 60_000);
        for (PartialAggregate aggregate : new PartialAggregate[] {null, sumOfAll()}) {
            LeafEvaluator joined = new LeafEvaluator(plan(negate(any), any, grid, aggregate), LIMITS);
            joined.add(M, early);
            joined.add(other, late);
            assertThat(joined.finish().v()[0]).containsExactly(-1, -1, -1, -1, -1, -1, X, X, -2, -2, -2);

            LeafEvaluator overlapping = new LeafEvaluator(plan(negate(any), any, grid, aggregate), LIMITS);
            overlapping.add(M, early);
            assertThatThrownBy(() -> overlapping.add(other, minutes(X, X, 3)))
                    .isInstanceOf(QueryException.Execution.class)
                    .hasMessage("vector cannot contain metrics with the same labelset");

            Expr rate = call(Function.RATE, range(any, 120_000));
            LeafEvaluator strict = new LeafEvaluator(plan(rate, any, grid, aggregate), LIMITS);
            strict.add(M, early);
            assertThatThrownBy(() -> strict.add(other, late))
                    .hasMessage("vector cannot contain metrics with the same labelset");
        }
    }

    private static PartialAggregate sumOfAll() {
        return new PartialAggregate(AggregateOperator.SUM, false, List.of(), 0, "");
    }

    @Test
    void counterFunctionsOnOddNamesAreAnnotated() {
        Expr.VectorSelector any = selector("");
        Expr rate = call(Function.RATE, range(any, 300_000));
        LeafEvaluator evaluator = new LeafEvaluator(plan(rate, any, StepGrid.instant(120_000), null), LIMITS);
        evaluator.add(Labels.of("__name__", "requests_total", "i", "1"), minutes(1, 2));
        evaluator.add(Labels.of("__name__", "latency", "i", "2"), minutes(1, 2));
        evaluator.add(Labels.of("__name__", "latency", "i", "3"), minutes(1, 2));
        evaluator.add(Labels.of("__name__", "silent", "i", "4"), minutes(1));
        evaluator.add(Labels.of("i", "5"), minutes(1, 2));
        assertThat(evaluator.finish().annotations())
                .containsExactly(new Annotation(
                        Annotation.Level.INFO,
                        "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket:"
                                + " \"latency\"",
                        TestingExpr.NOWHERE));
        Expr.VectorSelector m = selector("m");
        Expr overSubquery = call(Function.INCREASE, subquery(call(Function.ABS, m), 120_000, 60_000, 0, null));
        assertThat(run(overSubquery, m, StepGrid.instant(120_000), minutes(1, 2, 3))
                        .annotations())
                .isEmpty();
        // names that are dropped only at the end of the query are still there to be looked at
        StepGrid now = StepGrid.instant(120_000);
        LeafEvaluator delayed = new LeafEvaluator(
                new LeafPlan(overSubquery, m, now, now, null, 300_000, -1_000_000, 120_000, true), LIMITS);
        delayed.add(M, minutes(1, 2, 3));
        LeafColumns named = delayed.finish();
        assertThat(named.series()).containsExactly(M);
        assertThat(named.annotations()).hasSize(1);
        assertThat(run(call(Function.IRATE, range(m, 120_000)), m, StepGrid.instant(120_000), minutes(1, 2, 3))
                        .annotations())
                .isEmpty();
    }

    @Test
    void badQuantilesAreAnnotatedWhereThereIsData() {
        Expr.VectorSelector m = selector("m");
        Expr expression = call(Function.QUANTILE_OVER_TIME, number(1.5), range(m, 120_000));
        LeafColumns columns = run(expression, m, StepGrid.instant(120_000), minutes(1, 2, 3));
        assertThat(columns.v()[0]).containsExactly(Double.POSITIVE_INFINITY);
        assertThat(columns.annotations())
                .containsExactly(new Annotation(
                        Annotation.Level.WARNING,
                        "PromQL warning: quantile value should be between 0 and 1, got 1.5",
                        TestingExpr.NOWHERE));
        assertThat(run(expression, m, StepGrid.instant(9_000_000), minutes(1, 2, 3))
                        .annotations())
                .isEmpty();
    }

    @Test
    void whatALeafCannotDoIsNamed() {
        Expr.VectorSelector m = selector("m");
        assertUnsupported(call(Function.ABSENT_OVER_TIME, range(m, 60_000)), "absent_over_time()");
        assertUnsupported(call(Function.SORT, m), "sort()");
        assertUnsupported(
                new Expr.Binary(BinaryOperator.ADD, m, m, false, VectorMatching.DEFAULT, TestingExpr.NOWHERE),
                "the operator + between two vectors");
        assertUnsupported(
                binary(BinaryOperator.ADD, m, call(Function.SCALAR, m), false), "as a scalar inside a leaf: scalar()");
        assertUnsupported(
                new Expr.Aggregate(AggregateOperator.SUM, null, m, false, List.of(), TestingExpr.NOWHERE), "sum");
        PartialAggregate quantile = new PartialAggregate(AggregateOperator.QUANTILE, false, List.of(), 0.5, "");
        assertThatThrownBy(() -> new LeafEvaluator(plan(m, m, GRID, quantile), LIMITS))
                .isInstanceOf(QueryException.Unsupported.class)
                .hasMessageContaining("quantile");
    }

    private static void assertUnsupported(Expr expression, String name) {
        assertThatThrownBy(() -> new LeafEvaluator(plan(expression, selector("m"), GRID, null), LIMITS))
                .isInstanceOf(QueryException.Unsupported.class)
                .hasMessageContaining(name);
    }

    @Test
    void limitsAreEnforcedAndNamed() {
        Expr.VectorSelector m = selector("m");
        LeafEvaluator samples = new LeafEvaluator(plan(m, m, GRID, null), new LeafLimits(5, 1_000));
        samples.add(M, minutes(1, 2, 3));
        assertThatThrownBy(() -> samples.add(M, minutes(1, 2, 3)))
                .isInstanceOf(QueryException.LimitExceeded.class)
                .hasMessageContaining("more than 5 samples")
                .hasMessageContaining("samples-max");
        LeafEvaluator cells = new LeafEvaluator(plan(m, m, GRID, null), new LeafLimits(100, 25));
        SampleBuffer ten = minutes(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
        cells.add(Labels.of("i", "1"), ten);
        cells.add(Labels.of("i", "2"), ten);
        assertThatThrownBy(() -> cells.add(Labels.of("i", "3"), ten))
                .isInstanceOf(QueryException.LimitExceeded.class)
                .hasMessageContaining("result-cells-max");
        Expr fine = call(Function.SUM_OVER_TIME, subquery(m, 600_000, 1, 0, null));
        assertThatThrownBy(() -> new LeafEvaluator(plan(fine, m, GRID, null), new LeafLimits(100, 10_000)))
                .isInstanceOf(QueryException.LimitExceeded.class);
        assertThatThrownBy(() -> new LeafEvaluator(plan(m, m, GRID, null), new LeafLimits(100, 10)))
                .isInstanceOf(QueryException.LimitExceeded.class)
                .hasMessageContaining("11 steps");
    }

    @Test
    void aFinishedLeafTakesNothingMore() {
        Expr.VectorSelector m = selector("m");
        LeafEvaluator evaluator = new LeafEvaluator(plan(m, m, GRID, sumOfAll()), LIMITS);
        LeafColumns columns = evaluator.finish();
        assertThat(columns.series()).isEmpty();
        assertThat(columns.layout()).isEqualTo(StateLayout.SUM);
        assertThatThrownBy(() -> evaluator.add(M, minutes(1))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(evaluator::finish).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aSeriesWithALotOfWorkIsCheckedInsideOfIt() {
        Expr.VectorSelector m = selector("m");
        SampleBuffer samples = minutes(
                java.util.stream.DoubleStream.iterate(1, x -> x + 1).limit(20).toArray());
        StepGrid grid = new StepGrid(0, 1_200_000, 1_000);
        // 1,201 steps look at up to 6,001 points each: three million in all, and every million is checked.
        Expr heavy = call(Function.STDDEV_OVER_TIME, subquery(m, 1_200_000, 200, 0, null));
        int[] checks = new int[1];
        LeafEvaluator evaluator = new LeafEvaluator(plan(heavy, m, grid, null), LIMITS, () -> {
            if (++checks[0] == 2) {
                throw new QueryException.Canceled("enough");
            }
        });
        assertThatThrownBy(() -> evaluator.add(M, samples))
                .isInstanceOf(QueryException.Canceled.class)
                .hasMessage("enough");
        assertThat(checks[0]).isEqualTo(2);
    }
}
