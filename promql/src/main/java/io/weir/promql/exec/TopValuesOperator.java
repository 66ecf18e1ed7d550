package io.weir.promql.exec;

import io.weir.promql.ast.Expr;
import io.weir.promql.error.QueryException;
import io.weir.promql.function.SampleItems;
import io.weir.promql.kernel.RangeExtension;
import io.weir.promql.kernel.RangeFunction;
import io.weir.promql.kernel.Windows;
import io.weir.promql.labels.Labels;
import io.weir.promql.plan.PlanOptions;
import io.weir.promql.series.Column;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code top_k_over_time} where no worker can compute it: over samples that came here whole, or over the results of any expression. Which
 * series there are depends on the values, so everything is computed when the operator is made.
 */
final class TopValuesOperator extends VectorOperator {
    private final List<double[]> columns;
    private final Runnable close;

    private TopValuesOperator(List<Labels> series, BitSet drops, List<double[]> columns, Runnable close) {
        super(series, drops);
        this.columns = columns;
        this.close = close;
    }

    /**
     * Computes the operator's results, which count against the evaluation's limit.
     *
     * @param series of the range vector, with their names
     * @param samples by series, without staleness markers; emptied on the way
     * @param close lets go of what the operator reads
     * @throws QueryException.Execution if two results with the same labels have a step in common
     */
    static TopValuesOperator of(
            Expr.Call call,
            Windows windows,
            List<ScalarOperator> scalars,
            RangeExtension extension,
            PlanOptions options,
            List<Labels> series,
            List<SampleBuffer> samples,
            EvalContext context,
            Runnable close) {
        RangeFunction function = new RangeFunction(
                call,
                windows,
                RangeColumns.arguments(scalars, windows.evaluation()),
                extension,
                options.rangeOptions(),
                context.annotations()::add,
                context::checkpoint);
        Map<Labels, Integer> ordinals = new HashMap<>();
        List<Labels> output = new ArrayList<>();
        List<double[]> columns = new ArrayList<>();
        BitSet drops = new BitSet();
        Column scratch = new Column(windows.count());
        boolean delayed = options.delayedNameRemoval();
        for (int i = 0; i < series.size(); i++) {
            context.checkpoint();
            Labels labels = delayed ? series.get(i) : NameRules.dropName(series.get(i));
            function.evalItems(series.get(i), samples.set(i, new SampleBuffer(0)), scratch, context::charge)
                    .forEach((item, counts) -> {
                        Labels result = SampleItems.labels(labels, item);
                        Integer known = ordinals.putIfAbsent(result, output.size());
                        if (known == null) {
                            drops.set(output.size(), delayed);
                            output.add(result);
                            columns.add(counts);
                        } else {
                            join(columns.get(known), counts);
                        }
                    });
        }
        return new TopValuesOperator(output, drops, columns, close);
    }

    private static void join(double[] known, double[] counts) {
        for (int step = 0; step < counts.length; step++) {
            if (!StaleMarker.is(counts[step])) {
                if (!StaleMarker.is(known[step])) {
                    throw new QueryException.Execution(LabelMapping.DUPLICATE);
                }
                known[step] = counts[step];
            }
        }
    }

    @Override
    public void eval(int step, StepVector out) {
        out.reset(columns.size());
        for (int i = 0; i < columns.size(); i++) {
            out.values()[i] = columns.get(i)[step];
        }
    }

    @Override
    public void close() {
        close.run();
    }
}
