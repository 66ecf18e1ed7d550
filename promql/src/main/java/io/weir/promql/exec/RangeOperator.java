package io.weir.promql.exec;

import io.weir.promql.ast.At;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.kernel.RangeExtension;
import io.weir.promql.kernel.Windows;
import io.weir.promql.labels.Labels;
import io.weir.promql.plan.PlanNode;
import io.weir.promql.plan.PlanOptions;
import io.weir.promql.series.StepGrid;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A range function with a parameter that depends on data: no worker knows the parameter, so the samples come here, whole, when the first step
 * is asked for. They and the results count against the evaluation's limit.
 */
final class RangeOperator extends VectorOperator {
    private final PlanNode.RangeCall node;
    private final RawLeaf leaf;
    private final Windows windows;
    private final List<ScalarOperator> scalars;
    private final LabelMapping mapping;
    private final PlanOptions options;
    private final EvalContext context;
    private @Nullable RangeColumns columns;

    static VectorOperator of(
            PlanNode.RangeCall node,
            RawLeaf leaf,
            StepGrid grid,
            List<ScalarOperator> scalars,
            PlanOptions options,
            EvalContext context) {
        List<Labels> series = leaf.series();
        BitSet drops = new BitSet();
        if (options.delayedNameRemoval()) {
            drops.set(0, series.size());
        }
        List<Labels> named = options.delayedNameRemoval()
                ? series
                : series.stream().map(NameRules::dropName).toList();
        RangeOperator operator =
                new RangeOperator(node, leaf, grid, scalars, LabelMapping.of(named, drops), options, context);
        return node.call().function() == Function.TOP_K_OVER_TIME ? operator.items() : operator;
    }

    private RangeOperator(
            PlanNode.RangeCall node,
            RawLeaf leaf,
            StepGrid grid,
            List<ScalarOperator> scalars,
            LabelMapping mapping,
            PlanOptions options,
            EvalContext context) {
        super(mapping.output(), mapping.dropsName());
        this.node = node;
        this.leaf = leaf;
        this.windows = windows(node.selector(), grid);
        this.scalars = scalars;
        this.mapping = mapping;
        this.options = options;
        this.context = context;
    }

    private static Windows windows(Expr.MatrixSelector matrix, StepGrid grid) {
        Expr.VectorSelector selector = matrix.selector();
        long offset = selector.offset() == null ? 0 : selector.offset().millis();
        long range = matrix.range().millis();
        return selector.at() instanceof At.Timestamp pinned
                ? Windows.pinned(grid, pinned.millis() - offset, range)
                : Windows.moving(grid, offset, range);
    }

    private TopValuesOperator items() {
        return TopValuesOperator.of(
                node.call(),
                windows,
                scalars,
                RangeExtension.of(node.selector().selector(), options.lookbackMillis()),
                options,
                leaf.series(),
                leaf.samples(),
                context,
                this::close);
    }

    @Override
    public void eval(int step, StepVector out) {
        if (columns == null) {
            columns = RangeColumns.compute(
                    node.call(),
                    windows,
                    scalars,
                    RangeExtension.of(node.selector().selector(), options.lookbackMillis()),
                    options,
                    leaf.series(),
                    leaf.samples(),
                    mapping,
                    context);
        }
        mapping.scatter(columns.at(step), out);
    }

    @Override
    public void close() {
        leaf.close();
        scalars.forEach(ScalarOperator::close);
    }
}
