package io.weir.promql.plan;

import io.weir.promql.ast.Expr;
import io.weir.promql.series.StepGrid;
import org.jspecify.annotations.Nullable;

/**
 * The samples that the one selector of a subtree may touch.
 *
 * @param startMillis exclusive
 * @param endMillis inclusive
 */
record DataRange(long startMillis, long endMillis) {
    static DataRange of(Expr expression, StepGrid grid, long lookbackMillis) {
        DataRange range = find(expression, grid, lookbackMillis, 0);
        if (range == null) {
            throw new IllegalArgumentException("no selector in " + expression);
        }
        return range;
    }

    /** Range of the selector below, or null if there is none; {@code windowMillis} is the range of a matrix selector around it. */
    private static @Nullable DataRange find(Expr expression, StepGrid grid, long lookbackMillis, long windowMillis) {
        return switch (expression) {
            case Expr.VectorSelector selector -> {
                long offset = SubqueryGrids.offsetMillis(selector.offset());
                long window = windowMillis > 0 ? windowMillis : lookbackMillis;
                yield new DataRange(
                        SubqueryGrids.firstReference(selector.at(), grid) - offset - window,
                        SubqueryGrids.lastReference(selector.at(), grid) - offset);
            }
            case Expr.MatrixSelector selector ->
                find(selector.selector(), grid, lookbackMillis, selector.range().millis());
            case Expr.Subquery subquery -> {
                StepGrid inner = SubqueryGrids.inner(subquery, grid);
                if (inner == null) {
                    yield new DataRange(grid.startMillis(), grid.startMillis());
                }
                yield find(subquery.expression(), inner, lookbackMillis, 0);
            }
            case Expr other -> {
                for (Expr child : other.children()) {
                    DataRange range = find(child, grid, lookbackMillis, 0);
                    if (range != null) {
                        yield range;
                    }
                }
                yield null;
            }
        };
    }
}
