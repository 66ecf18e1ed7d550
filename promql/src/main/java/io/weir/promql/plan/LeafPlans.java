package io.weir.promql.plan;

import io.weir.promql.aggregate.PartialAggregate;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.kernel.RangeOptions;
import io.weir.promql.leaf.LeafPlan;
import io.weir.promql.parser.Feature;
import io.weir.promql.parser.Nodes;
import io.weir.promql.parser.PromqlParser;
import io.weir.promql.series.StepGrid;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes leaf plans: the planner from the tree it plans, a worker from the query's text and the place of the leaf in it. */
public final class LeafPlans {
    private LeafPlans() {}

    /**
     * The plan of a leaf.
     *
     * @param root the leaf's root in the resolved tree; the aggregation itself if one is pushed
     * @param aggregate the pushed aggregation, or null
     * @param statistics what {@link HistogramStatistics#selectors} finds in the whole tree
     */
    static LeafPlan of(
            Expr root,
            @Nullable PartialAggregate aggregate,
            StepGrid leafGrid,
            StepGrid queryGrid,
            PlanOptions options,
            Set<Expr.VectorSelector> statistics) {
        Expr expression = LeafRules.unwrap(root);
        if (aggregate != null && expression instanceof Expr.Aggregate source) {
            expression = LeafRules.unwrap(source.expression());
        }
        if (expression instanceof Expr.Call call && call.function() == Function.ABSENT_OVER_TIME) {
            expression = presence(call);
        }
        boolean items = aggregate == null && LeafRules.isItemsPerSeries(expression);
        if (!LeafRules.isPerSeries(expression) && !items && !(expression instanceof Expr.MatrixSelector)) {
            throw new IllegalArgumentException("not the root of a leaf: " + root);
        }
        Expr.VectorSelector selector = LeafRules.selector(expression);
        DataRange range = DataRange.of(expression, leafGrid, options.lookbackMillis());
        boolean isForStatistics = statistics.contains(selector);
        // the hint of the first histogram depends on the one before it
        long startMillis = range.startMillis() - (isForStatistics ? options.lookbackMillis() : 0);
        return new LeafPlan(
                expression,
                selector,
                leafGrid,
                queryGrid,
                aggregate,
                options.lookbackMillis(),
                startMillis,
                range.endMillis(),
                options.delayedNameRemoval() || LeafRules.dropsOneOfSeveralNames(expression),
                isForStatistics,
                LeafRules.unwrap(root).position(),
                options.rangeOptions());
    }

    /**
     * The plan that the planner made for a leaf, made again by whoever is to evaluate it; equal to the original.
     *
     * @param query the whole query
     * @param queryGrid the times of the whole query
     * @param leafGrid the leaf's own steps
     * @param exprOrdinal {@link Leaf#exprOrdinal}
     * @param aggregate the pushed aggregation, or null
     * @param subqueryStepMillis resolution of a subquery without a step of its own
     * @throws io.weir.promql.error.QueryException.Parse if the query does not parse with these features
     * @throws IllegalArgumentException if there is no leaf at that place
     */
    public static LeafPlan rebuild(
            String query,
            StepGrid queryGrid,
            StepGrid leafGrid,
            int exprOrdinal,
            @Nullable PartialAggregate aggregate,
            long lookbackMillis,
            long subqueryStepMillis,
            Set<Feature> features) {
        Expr resolved = Resolution.resolve(PromqlParser.parse(query, features), queryGrid, subqueryStepMillis);
        Expr root = Nodes.byOrdinal(resolved, exprOrdinal);
        PlanOptions options =
                new PlanOptions(lookbackMillis, Pushdown.FULL, subqueryStepMillis, false, RangeOptions.NONE);
        Set<Expr.VectorSelector> statistics = HistogramStatistics.selectors(resolved);
        return of(root, aggregate, leafGrid, queryGrid, options.withFeatures(features), statistics);
    }

    /** A function that yields something exactly where absent_over_time does not; it keeps names, so nothing collides. */
    static Expr.Call presence(Expr.Call absentOverTime) {
        return new Expr.Call(Function.LAST_OVER_TIME, absentOverTime.arguments(), absentOverTime.position());
    }
}
