package io.weir.promql.leaf;

import io.weir.promql.aggregate.PartialAggregate;
import io.weir.promql.ast.At;
import io.weir.promql.ast.BinaryOperator;
import io.weir.promql.ast.Duration;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.series.StepGrid;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Short ways to write syntax trees and plans in tests. */
final class TestingExpr {
    static final PositionRange NOWHERE = new PositionRange(7, 9);

    private TestingExpr() {}

    static Expr.VectorSelector selector(String name) {
        return selector(name, 0, null);
    }

    static Expr.VectorSelector selector(String name, long offsetMillis, @Nullable Long atMillis) {
        return new Expr.VectorSelector(
                name,
                name.isEmpty()
                        ? List.of(LabelMatcher.of(LabelMatcher.Type.REGEX, "__name__", ".+"))
                        : List.of(LabelMatcher.of(LabelMatcher.Type.EQUAL, "__name__", name)),
                offsetMillis == 0 ? null : new Duration.Literal(offsetMillis),
                atMillis == null ? null : new At.Timestamp(atMillis),
                false,
                false,
                NOWHERE);
    }

    static Expr.MatrixSelector range(Expr.VectorSelector selector, long rangeMillis) {
        return new Expr.MatrixSelector(selector, new Duration.Literal(rangeMillis), NOWHERE);
    }

    static Expr.Subquery subquery(
            Expr inner, long rangeMillis, long stepMillis, long offsetMillis, @Nullable Long atMillis) {
        return new Expr.Subquery(
                inner,
                new Duration.Literal(rangeMillis),
                stepMillis == 0 ? null : new Duration.Literal(stepMillis),
                offsetMillis == 0 ? null : new Duration.Literal(offsetMillis),
                atMillis == null ? null : new At.Timestamp(atMillis),
                NOWHERE);
    }

    static Expr.Call call(Function function, Expr... arguments) {
        return new Expr.Call(function, Arrays.asList(arguments), new PositionRange(1, 9));
    }

    static Expr.NumberLiteral number(double value) {
        return new Expr.NumberLiteral(value, false, NOWHERE);
    }

    static Expr.Binary binary(BinaryOperator operator, Expr left, Expr right, boolean returnBool) {
        return new Expr.Binary(operator, left, right, returnBool, null, NOWHERE);
    }

    static Expr.Unary negate(Expr inner) {
        return new Expr.Unary(true, inner, NOWHERE);
    }

    static LeafPlan plan(
            Expr expression, Expr.VectorSelector selector, StepGrid grid, @Nullable PartialAggregate aggregate) {
        return new LeafPlan(
                expression, selector, grid, grid, aggregate, 300_000, Long.MIN_VALUE / 2, Long.MAX_VALUE / 2);
    }
}
