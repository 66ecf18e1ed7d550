package io.weir.promql.plan;

import io.weir.promql.ast.Expr;
import io.weir.promql.ast.PositionRange;
import java.util.List;

/** Trees with positions counted from the start of their root, so that equal texts at different places are equal trees. */
final class RelativePositions {
    private RelativePositions() {}

    static Expr of(Expr root) {
        return shift(root, root.position().start());
    }

    private static PositionRange shift(PositionRange position, int base) {
        return new PositionRange(position.start() - base, position.end() - base);
    }

    private static Expr shift(Expr expression, int base) {
        PositionRange position = shift(expression.position(), base);
        return switch (expression) {
            case Expr.NumberLiteral node -> new Expr.NumberLiteral(node.value(), node.isDuration(), position);
            case Expr.StringLiteral node -> new Expr.StringLiteral(node.value(), position);
            case Expr.VectorSelector node -> selector(node, position);
            case Expr.MatrixSelector node ->
                new Expr.MatrixSelector(
                        selector(node.selector(), shift(node.selector().position(), base)), node.range(), position);
            case Expr.Subquery node ->
                new Expr.Subquery(
                        shift(node.expression(), base), node.range(), node.step(), node.offset(), node.at(), position);
            case Expr.Call node -> new Expr.Call(node.function(), shift(node.arguments(), base), position);
            case Expr.Aggregate node ->
                new Expr.Aggregate(
                        node.operator(),
                        node.parameter() == null ? null : shift(node.parameter(), base),
                        shift(node.expression(), base),
                        node.without(),
                        node.grouping(),
                        position);
            case Expr.Binary node ->
                new Expr.Binary(
                        node.operator(),
                        shift(node.left(), base),
                        shift(node.right(), base),
                        node.returnBool(),
                        node.matching(),
                        position);
            case Expr.Unary node -> new Expr.Unary(node.negative(), shift(node.expression(), base), position);
            case Expr.Parenthesized node -> new Expr.Parenthesized(shift(node.expression(), base), position);
        };
    }

    private static Expr.VectorSelector selector(Expr.VectorSelector node, PositionRange position) {
        return new Expr.VectorSelector(
                node.name(), node.matchers(), node.offset(), node.at(), node.anchored(), node.smoothed(), position);
    }

    private static List<Expr> shift(List<Expr> expressions, int base) {
        return expressions.stream().map(expression -> shift(expression, base)).toList();
    }
}
