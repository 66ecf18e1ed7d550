package io.weir.promql.parser;

import io.weir.promql.ast.Expr;
import io.weir.promql.labels.LabelMatcher;
import java.util.Comparator;

/** The form that expressions which ask for the same have in common: matchers and grouping labels are sorted. Printed, it is the key of a query. */
public final class CanonicalExpression {
    private static final Comparator<LabelMatcher> ORDER = Comparator.comparing(LabelMatcher::name)
            .thenComparing(LabelMatcher::type)
            .thenComparing(LabelMatcher::value);

    private CanonicalExpression() {}

    /** The canonical text of an expression. */
    public static String text(Expr expression) {
        return PromqlPrinter.print(of(expression));
    }

    /** The expression in canonical order; positions are the original's. */
    public static Expr of(Expr expression) {
        return switch (expression) {
            case Expr.NumberLiteral number -> number;
            case Expr.StringLiteral string -> string;
            case Expr.VectorSelector selector -> sortedSelector(selector);
            case Expr.MatrixSelector matrix ->
                new Expr.MatrixSelector(sortedSelector(matrix.selector()), matrix.range(), matrix.position());
            case Expr.Subquery subquery ->
                new Expr.Subquery(
                        of(subquery.expression()),
                        subquery.range(),
                        subquery.step(),
                        subquery.offset(),
                        subquery.at(),
                        subquery.position());
            case Expr.Call call ->
                new Expr.Call(
                        call.function(),
                        call.arguments().stream().map(CanonicalExpression::of).toList(),
                        call.position());
            case Expr.Aggregate aggregate -> {
                Expr parameter = aggregate.parameter();
                yield new Expr.Aggregate(
                        aggregate.operator(),
                        parameter == null ? null : of(parameter),
                        of(aggregate.expression()),
                        aggregate.without(),
                        aggregate.grouping().stream().sorted().toList(),
                        aggregate.position());
            }
            case Expr.Binary binary ->
                new Expr.Binary(
                        binary.operator(),
                        of(binary.left()),
                        of(binary.right()),
                        binary.returnBool(),
                        binary.matching(),
                        binary.position());
            case Expr.Unary unary -> new Expr.Unary(unary.negative(), of(unary.expression()), unary.position());
            case Expr.Parenthesized parenthesized ->
                new Expr.Parenthesized(of(parenthesized.expression()), parenthesized.position());
        };
    }

    private static Expr.VectorSelector sortedSelector(Expr.VectorSelector selector) {
        return new Expr.VectorSelector(
                selector.name(),
                selector.matchers().stream().sorted(ORDER).toList(),
                selector.offset(),
                selector.at(),
                selector.anchored(),
                selector.smoothed(),
                selector.position());
    }
}
