package io.weir.promql.leaf;

import io.weir.promql.aggregate.PartialAggregate;
import io.weir.promql.aggregate.StateLayout;
import io.weir.promql.ast.Expr;
import io.weir.promql.series.StepGrid;
import org.jspecify.annotations.Nullable;

/**
 * A leaf, ready to be evaluated on any set of whole series.
 *
 * @param expression per-series expression over exactly one selector, resolved (durations literal, {@code @} a timestamp), of type vector;
 *     below the aggregation if there is one
 * @param selector the one selector in it
 * @param grid the steps of the result
 * @param queryGrid the top-level grid, for step(), range(), start(), end()
 * @param aggregate mergeable aggregation on top, or null
 * @param dataStartMillis samples at or before this time are not needed (windows are left-open)
 * @param dataEndMillis samples after this time are not needed
 */
public record LeafPlan(
        Expr expression,
        Expr.VectorSelector selector,
        StepGrid grid,
        StepGrid queryGrid,
        @Nullable PartialAggregate aggregate,
        long lookbackMillis,
        long dataStartMillis,
        long dataEndMillis) {
    public StateLayout layout() {
        return StateLayout.of(aggregate);
    }
}
