package io.weir.promql.plan;

import io.weir.promql.ast.Expr;
import io.weir.promql.ast.ValueType;
import io.weir.promql.series.StepGrid;
import java.util.List;

/**
 * A planned query: the leaves that workers evaluate and the tree that is evaluated on their results.
 *
 * @param expression the whole expression, resolved
 * @param root {@link PlanNode.Text} if the type is STRING; {@link PlanNode.RawRead} for a range vector selector
 * @param type type of the result; MATRIX for a range vector selector or a subquery in an instant query
 * @param queryGrid the grid of the query
 * @param rootGrid the grid the root is evaluated on; differs from the query's only for a subquery at the root
 * @param order order of an instant vector
 */
public record QueryPlan(
        Expr expression,
        PlanNode root,
        ValueType type,
        StepGrid queryGrid,
        StepGrid rootGrid,
        List<Leaf> leaves,
        ResultOrder order,
        PlanOptions options) {
    public QueryPlan {
        leaves = List.copyOf(leaves);
    }
}
