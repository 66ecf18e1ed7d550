package io.weir.promql.plan;

import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;

/** Which subtrees give the same result at every step (Prometheus 3.14, promql/engine.go, preprocessExpr). */
final class StepInvariance {
    private StepInvariance() {}

    static boolean isInvariant(Expr expression) {
        return switch (expression) {
            case Expr.NumberLiteral literal -> true;
            case Expr.StringLiteral literal -> true;
            case Expr.VectorSelector selector -> selector.at() != null;
            case Expr.MatrixSelector selector -> isInvariant(selector.selector());
            case Expr.Subquery subquery -> subquery.at() != null;
            case Expr.Call call ->
                !dependsOnEvaluationTime(call.function())
                        && call.arguments().stream().allMatch(StepInvariance::isInvariant);
            case Expr.Aggregate aggregate -> aggregate.children().stream().allMatch(StepInvariance::isInvariant);
            case Expr.Binary binary -> isInvariant(binary.left()) && isInvariant(binary.right());
            case Expr.Unary unary -> isInvariant(unary.expression());
            case Expr.Parenthesized parenthesized -> isInvariant(parenthesized.expression());
        };
    }

    private static boolean dependsOnEvaluationTime(Function function) {
        return switch (function) {
            case DAYS_IN_MONTH, DAY_OF_MONTH, DAY_OF_WEEK, DAY_OF_YEAR, HOUR, MINUTE, MONTH, YEAR -> true;
            case PREDICT_LINEAR, TIME, TIMESTAMP, START_TIMESTAMP -> true;
            default -> false;
        };
    }
}
