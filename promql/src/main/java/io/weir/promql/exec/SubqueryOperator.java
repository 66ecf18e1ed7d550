package io.weir.promql.exec;

import io.weir.promql.ast.At;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.histogram.Histogram;
import io.weir.promql.kernel.RangeExtension;
import io.weir.promql.kernel.SubqueryPoints;
import io.weir.promql.kernel.Windows;
import io.weir.promql.plan.PlanNode;
import io.weir.promql.plan.PlanOptions;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StepGrid;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A range function over the results of any expression. The inner expression is evaluated on its whole grid when the first
 * step is asked for; its values and the results count against the evaluation's limit.
 */
final class SubqueryOperator extends VectorOperator {
    private final Expr.Call call;
    private final VectorOperator inner;
    private final StepGrid innerGrid;
    private final Windows windows;
    private final List<ScalarOperator> scalars;
    private final LabelMapping mapping;
    private final PlanOptions options;
    private final EvalContext context;
    /** Null before the first step. */
    private @Nullable RangeColumns columns;

    static VectorOperator of(
            PlanNode.SubqueryCall node,
            VectorOperator inner,
            StepGrid innerGrid,
            StepGrid grid,
            List<ScalarOperator> scalars,
            PlanOptions options,
            EvalContext context) {
        Function function = node.call().function();
        boolean keepsName = function == Function.LAST_OVER_TIME || function == Function.FIRST_OVER_TIME;
        LabelMapping mapping = keepsName
                ? LabelMapping.keeping(inner)
                : LabelMapping.droppingName(inner, options.delayedNameRemoval());
        SubqueryOperator operator =
                new SubqueryOperator(node, inner, innerGrid, grid, scalars, mapping, options, context);
        return function == Function.TOP_K_OVER_TIME ? operator.items() : operator;
    }

    private SubqueryOperator(
            PlanNode.SubqueryCall node,
            VectorOperator inner,
            StepGrid innerGrid,
            StepGrid grid,
            List<ScalarOperator> scalars,
            LabelMapping mapping,
            PlanOptions options,
            EvalContext context) {
        super(mapping.output(), mapping.dropsName());
        this.call = node.call();
        this.inner = inner;
        this.innerGrid = innerGrid;
        this.windows = windows(node.subquery(), grid);
        this.scalars = scalars;
        this.mapping = mapping;
        this.options = options;
        this.context = context;
    }

    private static Windows windows(Expr.Subquery subquery, StepGrid grid) {
        long offset = subquery.offset() == null ? 0 : subquery.offset().millis();
        long range = subquery.range().millis();
        return subquery.at() instanceof At.Timestamp pinned
                ? Windows.pinned(grid, pinned.millis() - offset, range)
                : Windows.moving(grid, offset, range);
    }

    private TopValuesOperator items() {
        return TopValuesOperator.of(
                call, windows, scalars, RangeExtension.NONE, options, inner.series(), points(), context, this::close);
    }

    @Override
    public void eval(int step, StepVector out) {
        if (columns == null) {
            columns = RangeColumns.compute(
                    call, windows, scalars, RangeExtension.NONE, options, inner.series(), points(), mapping, context);
        }
        mapping.scatter(columns.at(step), out);
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
                    addPoint(points.get(i), innerGrid.at(step), vector, i);
                    present++;
                }
            }
            context.charge(present);
        }
        return points;
    }

    private static void addPoint(SampleBuffer points, long timeMillis, StepVector vector, int ordinal) {
        Histogram histogram = vector.histogram(ordinal);
        if (histogram == null) {
            points.add(timeMillis, vector.values()[ordinal]);
        } else {
            points.addHistogram(timeMillis, SubqueryPoints.withoutResets(histogram));
        }
    }

    @Override
    public void close() {
        inner.close();
        scalars.forEach(ScalarOperator::close);
    }
}
