package io.weir.promql.plan;

import io.weir.promql.aggregate.PartialAggregate;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.leaf.LeafPlan;
import io.weir.promql.series.StepGrid;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes leaf plans: the planner from the tree it plans, a worker from the query's text and the place of the leaf in it. */
public final class LeafPlans {
    private LeafPlans() {}

    /**
     * The plan of a leaf.
     *
     * @param root the leaf's root in the resolved tree; the aggregation itself if one is pushed
     * @param aggregate the pushed aggregation, or null
     */
    static LeafPlan of(
            Expr root,
            @Nullable PartialAggregate aggregate,
            StepGrid leafGrid,
            StepGrid queryGrid,
            PlanOptions options) {
        Expr expression = LeafRules.unwrap(root);
        if (aggregate != null && expression instanceof Expr.Aggregate source) {
            expression = LeafRules.unwrap(source.expression());
        }
        if (expression instanceof Expr.Call call && call.function() == Function.ABSENT_OVER_TIME) {
            expression = presence(call);
        }
        if (!LeafRules.isPerSeries(expression) && !(expression instanceof Expr.MatrixSelector)) {
            throw new IllegalArgumentException("not the root of a leaf: " + root);
        }
        DataRange range = DataRange.of(expression, leafGrid, options);
        return new LeafPlan(
                expression,
                LeafRules.selector(expression),
                leafGrid,
                queryGrid,
                aggregate,
                options.lookbackMillis(),
                range.startMillis(),
                range.endMillis());
    }

    /** A function that yields something exactly where absent_over_time does not; it keeps names, so nothing collides. */
    static Expr.Call presence(Expr.Call absentOverTime) {
        return new Expr.Call(Function.LAST_OVER_TIME, absentOverTime.arguments(), absentOverTime.position());
    }

    /** The nodes of a tree in preorder. */
    static List<Expr> preorder(Expr root) {
        List<Expr> nodes = new ArrayList<>();
        collect(root, nodes);
        return nodes;
    }

    private static void collect(Expr node, List<Expr> into) {
        into.add(node);
        node.children().forEach(child -> collect(child, into));
    }
}
