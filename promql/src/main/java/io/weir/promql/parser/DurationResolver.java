package io.weir.promql.parser;

import io.weir.promql.ast.At;
import io.weir.promql.ast.BinaryOperator;
import io.weir.promql.ast.Duration;
import io.weir.promql.ast.Expr;
import io.weir.promql.error.QueryException;
import io.weir.promql.series.StepGrid;
import org.jspecify.annotations.Nullable;

/**
 * Replaces duration expressions by literals and {@code @ start()}, {@code @ end()} by timestamps, once the query's times are
 * known (Prometheus 3.14, promql/durations.go and PreprocessExpr of promql/engine.go).
 */
public final class DurationResolver {
    private static final double MILLIS_PER_SECOND = 1000;

    private final StepGrid grid;

    private DurationResolver(StepGrid grid) {
        this.grid = grid;
    }

    /**
     * The tree with every duration a literal and every {@code @} a timestamp; positions and the preorder numbers of its nodes
     * stay.
     *
     * @param queryGrid the times of the whole query: step() is its step (0 for an instant query), range() its length
     * @throws QueryException.BadData if a range or resolution is not greater than 0, or a duration has no value
     */
    public static Expr resolve(Expr root, StepGrid queryGrid) {
        DurationResolver resolver = new DurationResolver(queryGrid);
        return Nodes.rewrite(root, resolver::resolveNode);
    }

    private Expr resolveNode(Expr node) {
        return switch (node) {
            case Expr.VectorSelector selector -> resolveSelector(selector);
            case Expr.MatrixSelector matrix ->
                matrix.range() instanceof Duration.Literal
                        ? matrix
                        : new Expr.MatrixSelector(matrix.selector(), positive(matrix.range()), matrix.position());
            case Expr.Subquery subquery -> resolveSubquery(subquery);
            case Expr.NumberLiteral _,
                    Expr.StringLiteral _,
                    Expr.Call _,
                    Expr.Aggregate _,
                    Expr.Binary _,
                    Expr.Unary _,
                    Expr.Parenthesized _ -> node;
        };
    }

    private Expr resolveSelector(Expr.VectorSelector selector) {
        if (isResolved(selector.offset()) && isResolved(selector.at())) {
            return selector;
        }
        return new Expr.VectorSelector(
                selector.name(),
                selector.matchers(),
                offset(selector.offset()),
                at(selector.at()),
                selector.anchored(),
                selector.smoothed(),
                selector.position());
    }

    private Expr resolveSubquery(Expr.Subquery subquery) {
        Duration step = subquery.step();
        if (isResolved(subquery.range())
                && isResolved(step)
                && isResolved(subquery.offset())
                && isResolved(subquery.at())) {
            return subquery;
        }
        return new Expr.Subquery(
                subquery.expression(),
                positive(subquery.range()),
                step == null ? null : positive(step),
                offset(subquery.offset()),
                at(subquery.at()),
                subquery.position());
    }

    private static boolean isResolved(@Nullable Duration duration) {
        return duration == null || duration instanceof Duration.Literal;
    }

    private static boolean isResolved(@Nullable At at) {
        return at == null || at instanceof At.Timestamp;
    }

    private @Nullable At at(@Nullable At at) {
        return switch (at) {
            case null -> null;
            case At.Timestamp timestamp -> timestamp;
            case At.Start() -> new At.Timestamp(grid.startMillis());
            case At.End() -> new At.Timestamp(grid.endMillis());
        };
    }

    private @Nullable Duration offset(@Nullable Duration offset) {
        return offset == null || offset instanceof Duration.Literal ? offset : literal(seconds(offset));
    }

    private Duration positive(Duration duration) {
        if (duration instanceof Duration.Literal) {
            return duration;
        }
        double seconds = seconds(duration);
        if (!(seconds > 0)) {
            throw new QueryException.BadData("duration must be greater than 0: " + PromqlPrinter.duration(duration)
                    + " is " + GoText.number(seconds) + " s");
        }
        return literal(seconds);
    }

    private static Duration literal(double seconds) {
        double millis = seconds * MILLIS_PER_SECOND;
        if (Double.isNaN(millis) || Math.abs(millis) > Literals.DURATION_MILLIS_MAX) {
            throw new QueryException.BadData("duration is out of range: " + GoText.number(seconds) + " s");
        }
        return new Duration.Literal(Math.round(millis));
    }

    private double seconds(Duration duration) {
        return switch (duration) {
            case Duration.Literal(long millis) -> millis / MILLIS_PER_SECOND;
            case Duration.Number(double seconds) -> seconds;
            case Duration.Step() -> grid.stepMillis() / MILLIS_PER_SECOND;
            case Duration.Range() -> (grid.endMillis() - grid.startMillis()) / MILLIS_PER_SECOND;
            case Duration.Unary(boolean negative, Duration operand) -> negative ? -seconds(operand) : seconds(operand);
            case Duration.Parenthesized(Duration inner) -> seconds(inner);
            case Duration.Extreme(boolean minimum, Duration left, Duration right) ->
                minimum ? Math.min(seconds(left), seconds(right)) : Math.max(seconds(left), seconds(right));
            case Duration.Binary(BinaryOperator operator, Duration left, Duration right) ->
                calculate(operator, seconds(left), seconds(right));
        };
    }

    private static double calculate(BinaryOperator operator, double left, double right) {
        return switch (operator) {
            case ADD -> left + right;
            case SUB -> left - right;
            case MUL -> left * right;
            case DIV -> {
                if (right == 0) {
                    throw new QueryException.BadData("division by zero in a duration expression");
                }
                yield left / right;
            }
            case MOD -> {
                if (right == 0) {
                    throw new QueryException.BadData("modulo by zero in a duration expression");
                }
                yield left % right;
            }
            case POW -> power(left, right);
            case ATAN2, EQL, NEQ, GTR, LSS, GTE, LTE, TRIM_UPPER, TRIM_LOWER, AND, OR, UNLESS ->
                throw new IllegalStateException("no operator of durations: " + operator);
        };
    }

    /* Go's math.Pow: 1 to any power and -1 to an infinite power are 1, where Java's are NaN. */
    private static double power(double base, double exponent) {
        if (base == 1 || (base == -1 && Double.isInfinite(exponent))) {
            return 1;
        }
        return Math.pow(base, exponent);
    }
}
