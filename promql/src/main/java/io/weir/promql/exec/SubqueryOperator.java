package io.weir.promql.exec;

import io.weir.promql.ast.At;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.error.QueryException;
import io.weir.promql.function.GoFormat;
import io.weir.promql.function.Quantiles;
import io.weir.promql.kernel.RangeKernel;
import io.weir.promql.kernel.RangeKernels;
import io.weir.promql.kernel.Windows;
import io.weir.promql.labels.Labels;
import io.weir.promql.plan.PlanNode;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import io.weir.promql.series.StepGrid;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A range function over the results of any expression. The inner expression is evaluated on its whole grid when the first
 * step is asked for; its values and the results count against the evaluation's limit.
 */
final class SubqueryOperator extends VectorOperator {
    private final Expr.Call call;
    private final VectorOperator inner;
    private final StepGrid innerGrid;
    private final StepGrid grid;
    private final Windows windows;
    private final RangeKernel kernel;
    private final List<ScalarOperator> scalars;
    private final LabelMapping mapping;
    private final EvalContext context;
    private final StepVector results = new StepVector(0);
    /** By inner series: its results by step, empty if it has none; null before the first step. */
    private double @Nullable [][] columns;

    static SubqueryOperator of(
            PlanNode.SubqueryCall node,
            VectorOperator inner,
            StepGrid innerGrid,
            StepGrid grid,
            List<ScalarOperator> scalars,
            boolean delayed,
            EvalContext context) {
        Function function = node.call().function();
        boolean keepsName = function == Function.LAST_OVER_TIME || function == Function.FIRST_OVER_TIME;
        LabelMapping mapping = keepsName ? LabelMapping.keeping(inner) : LabelMapping.droppingName(inner, delayed);
        return new SubqueryOperator(node, inner, innerGrid, grid, scalars, mapping, context);
    }

    private SubqueryOperator(
            PlanNode.SubqueryCall node,
            VectorOperator inner,
            StepGrid innerGrid,
            StepGrid grid,
            List<ScalarOperator> scalars,
            LabelMapping mapping,
            EvalContext context) {
        super(mapping.output(), mapping.dropsName());
        this.call = node.call();
        this.inner = inner;
        this.innerGrid = innerGrid;
        this.grid = grid;
        this.windows = windows(node.subquery(), grid);
        this.kernel = RangeKernels.of(call.function())
                .orElseThrow(() -> new QueryException.Unsupported(
                        "function " + call.function().text() + " over a subquery is not supported yet"));
        this.scalars = scalars;
        this.mapping = mapping;
        this.context = context;
    }

    private static Windows windows(Expr.Subquery subquery, StepGrid grid) {
        long offset = subquery.offset() == null ? 0 : subquery.offset().millis();
        long range = subquery.range().millis();
        return subquery.at() instanceof At.Timestamp pinned
                ? Windows.pinned(grid, pinned.millis() - offset, range)
                : Windows.moving(grid, offset, range);
    }

    @Override
    public void eval(int step, StepVector out) {
        if (columns == null) {
            columns = compute();
        }
        double[][] computed = columns;
        results.reset(computed.length);
        for (int i = 0; i < computed.length; i++) {
            if (computed[i].length > 0) {
                results.values()[i] = computed[i][step];
            }
        }
        mapping.scatter(results, out);
    }

    private double[][] compute() {
        double[][] arguments = arguments();
        List<SampleBuffer> points = points();
        double[][] computed = new double[points.size()][];
        Set<Labels> seen = new HashSet<>();
        for (int i = 0; i < computed.length; i++) {
            context.checkpoint();
            SampleBuffer samples = points.set(i, new SampleBuffer(0));
            double[] column = new double[grid.count()];
            kernel.compute(samples.timestamps(), samples.values(), samples.size(), windows, arguments, column);
            if (isEmpty(column)) {
                computed[i] = new double[0];
                continue;
            }
            context.charge(column.length);
            if (!seen.add(mapping.output().get(mapping.target()[i]))) {
                throw new QueryException.Execution(LabelMapping.DUPLICATE);
            }
            annotate(inner.series().get(i), arguments, column);
            computed[i] = column;
        }
        return computed;
    }

    private double[][] arguments() {
        double[][] arguments = new double[scalars.size()][grid.count()];
        for (int step = 0; step < grid.count(); step++) {
            for (int p = 0; p < arguments.length; p++) {
                arguments[p][step] = scalars.get(p).value(step);
            }
        }
        return arguments;
    }

    private List<SampleBuffer> points() {
        List<SampleBuffer> points = new ArrayList<>();
        for (int i = 0; i < inner.series().size(); i++) {
            points.add(new SampleBuffer(0));
        }
        StepVector vector = new StepVector(points.size());
        for (int step = 0; step < innerGrid.count(); step++) {
            context.checkpoint();
            inner.eval(step, vector);
            int present = 0;
            for (int i = 0; i < vector.size(); i++) {
                if (vector.isPresent(i)) {
                    points.get(i).add(innerGrid.at(step), vector.values()[i]);
                    present++;
                }
            }
            context.charge(present);
        }
        return points;
    }

    private static boolean isEmpty(double[] column) {
        for (double value : column) {
            if (!StaleMarker.is(value)) {
                return false;
            }
        }
        return true;
    }

    /** What Prometheus remarks on a result of these functions. */
    private void annotate(Labels labels, double[][] arguments, double[] column) {
        switch (call.function()) {
            case RATE, INCREASE -> {
                String name = labels.metricName();
                boolean counter = name.isEmpty()
                        || name.endsWith("_total")
                        || name.endsWith("_sum")
                        || name.endsWith("_count")
                        || name.endsWith("_bucket");
                if (!counter) {
                    context.inform(
                            "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"" + name
                                    + "\"",
                            call.arguments().getFirst().position());
                }
            }
            case QUANTILE_OVER_TIME -> {
                for (int step = 0; step < column.length; step++) {
                    if (Quantiles.isInvalid(arguments[0][step]) && !StaleMarker.is(column[step])) {
                        context.warn(
                                "quantile value should be between 0 and 1, got " + GoFormat.general(arguments[0][step]),
                                call.arguments().getFirst().position());
                    }
                }
            }
            default -> {}
        }
    }

    @Override
    public void close() {
        inner.close();
        scalars.forEach(ScalarOperator::close);
    }
}
