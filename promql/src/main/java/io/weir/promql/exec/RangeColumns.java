package io.weir.promql.exec;

import io.weir.promql.ast.Expr;
import io.weir.promql.error.QueryException;
import io.weir.promql.histogram.Histogram;
import io.weir.promql.kernel.RangeExtension;
import io.weir.promql.kernel.RangeFunction;
import io.weir.promql.kernel.Windows;
import io.weir.promql.labels.Labels;
import io.weir.promql.plan.PlanOptions;
import io.weir.promql.series.Column;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StepGrid;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The results of a range function on all series of a range vector, computed whole and read step by step. */
final class RangeColumns {
    private final @Nullable Column[] columns;
    private final StepVector results = new StepVector(0);

    private RangeColumns(@Nullable Column[] columns) {
        this.columns = columns;
    }

    /**
     * Computes them; the results count against the evaluation's limit.
     *
     * @param samples by input series, without staleness markers; emptied on the way
     * @throws QueryException.Execution if two series with results get the same labels
     */
    static RangeColumns compute(
            Expr.Call call,
            Windows windows,
            List<ScalarOperator> scalars,
            RangeExtension extension,
            PlanOptions options,
            List<Labels> series,
            List<SampleBuffer> samples,
            LabelMapping mapping,
            EvalContext context) {
        StepGrid grid = windows.evaluation();
        RangeFunction function = new RangeFunction(
                call,
                windows,
                arguments(scalars, grid),
                extension,
                options.rangeOptions(),
                context.annotations()::add,
                context::checkpoint);
        @Nullable Column[] columns = new Column[series.size()];
        Set<Labels> seen = new HashSet<>();
        Column scratch = new Column(grid.count());
        for (int i = 0; i < columns.length; i++) {
            context.checkpoint();
            function.eval(series.get(i), samples.set(i, new SampleBuffer(0)), scratch);
            if (isEmpty(scratch)) {
                continue;
            }
            context.charge(scratch.size());
            if (!seen.add(mapping.output().get(mapping.target()[i]))) {
                throw new QueryException.Execution(LabelMapping.DUPLICATE);
            }
            columns[i] = scratch.copy();
        }
        return new RangeColumns(columns);
    }

    /** The values of a function's scalar arguments at each step. */
    static double[][] arguments(List<ScalarOperator> scalars, StepGrid grid) {
        double[][] arguments = new double[scalars.size()][grid.count()];
        for (int step = 0; step < grid.count(); step++) {
            for (int p = 0; p < arguments.length; p++) {
                arguments[p][step] = scalars.get(p).value(step);
            }
        }
        return arguments;
    }

    private static boolean isEmpty(Column column) {
        for (int step = 0; step < column.size(); step++) {
            if (column.isPresent(step)) {
                return false;
            }
        }
        return true;
    }

    /** One step of all results, by input series; valid until the next call. */
    StepVector at(int step) {
        results.reset(columns.length);
        for (int i = 0; i < columns.length; i++) {
            Column column = columns[i];
            if (column != null) {
                Histogram histogram = column.histogram(step);
                if (histogram == null) {
                    results.values()[i] = column.values()[step];
                } else {
                    results.setHistogram(i, histogram);
                }
            }
        }
        return results;
    }
}
