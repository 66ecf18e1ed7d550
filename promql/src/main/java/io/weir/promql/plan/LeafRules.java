package io.weir.promql.plan;

import io.weir.promql.aggregate.PartialAggregate;
import io.weir.promql.ast.AggregateOperator;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.ast.ValueType;
import io.weir.promql.function.Elementwise;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which subtrees may be leaves: those that are exact on a shard of whole series (promql.md section 6.1).
 *
 * <p>All methods expect resolved trees, or trees of which only durations and {@code @} are unresolved.
 */
final class LeafRules {
    private LeafRules() {}

    /** Whether the subtree is an instant vector that each series of one selector yields by itself. */
    static boolean isPerSeries(Expr expression) {
        return switch (expression) {
            case Expr.VectorSelector selector -> true;
            case Expr.Parenthesized parenthesized -> isPerSeries(parenthesized.expression());
            case Expr.Unary unary -> isPerSeries(unary.expression());
            case Expr.Binary binary ->
                !binary.operator().isSetOperator()
                        && ((isPerSeries(binary.left()) && isStepScalar(binary.right()))
                                || (isStepScalar(binary.left()) && isPerSeries(binary.right())));
            case Expr.Call call -> isPerSeriesCall(call);
            case Expr.NumberLiteral literal -> false;
            case Expr.StringLiteral literal -> false;
            case Expr.MatrixSelector selector -> false;
            case Expr.Subquery subquery -> false;
            case Expr.Aggregate aggregate -> false;
        };
    }

    private static boolean isPerSeriesCall(Expr.Call call) {
        if (call.arguments().isEmpty()) {
            return false;
        }
        if (isTimestamp(call) || Elementwise.supports(call.function())) {
            return isPerSeries(call.arguments().getFirst())
                    && call.arguments().stream().skip(1).allMatch(LeafRules::isStepScalar);
        }
        return call.function() != Function.ABSENT_OVER_TIME && !yieldsItems(call) && isOverOneSeries(call);
    }

    /** Whether the subtree is a function that yields several elements for each series of one selector: a leaf, but nothing on top of it. */
    static boolean isItemsPerSeries(Expr expression) {
        return yieldsItems(expression) && isOverOneSeries((Expr.Call) expression);
    }

    /** Whether a function yields several elements for each series. */
    static boolean yieldsItems(Expr expression) {
        return expression instanceof Expr.Call call && call.function() == Function.TOP_K_OVER_TIME;
    }

    private static boolean isOverOneSeries(Expr.Call call) {
        int matrix = matrixArgument(call);
        if (matrix < 0) {
            return false;
        }
        boolean perSeries = switch (unwrap(call.arguments().get(matrix))) {
            case Expr.MatrixSelector selector -> true;
            case Expr.Subquery subquery -> isPerSeries(subquery.expression());
            case Expr other -> false;
        };
        return perSeries && scalarArguments(call).stream().allMatch(LeafRules::isStepScalar);
    }

    private static boolean isTimestamp(Expr.Call call) {
        return call.function() == Function.TIMESTAMP || call.function() == Function.START_TIMESTAMP;
    }

    /** Whether the subtree is a bare selector or one function directly on a selector: the least that a leaf can be. */
    static boolean isMinimal(Expr expression) {
        Expr inner = unwrap(expression);
        if (inner instanceof Expr.VectorSelector) {
            return true;
        }
        if (!(inner instanceof Expr.Call call) || !(isPerSeries(call) || isItemsPerSeries(call))) {
            return false;
        }
        if (isTimestamp(call)) {
            return unwrap(call.arguments().getFirst()) instanceof Expr.VectorSelector;
        }
        int matrix = matrixArgument(call);
        return matrix >= 0 && unwrap(call.arguments().get(matrix)) instanceof Expr.MatrixSelector;
    }

    /** Whether the subtree is a scalar that depends on the step at most, never on data. */
    static boolean isStepScalar(Expr expression) {
        return switch (expression) {
            case Expr.NumberLiteral literal -> true;
            case Expr.Parenthesized parenthesized -> isStepScalar(parenthesized.expression());
            case Expr.Unary unary -> isStepScalar(unary.expression());
            case Expr.Binary binary -> isStepScalar(binary.left()) && isStepScalar(binary.right());
            case Expr.Call call ->
                switch (call.function()) {
                    case TIME, PI, START, END, STEP, RANGE -> true;
                    case MIN_OF, MAX_OF -> call.arguments().stream().allMatch(LeafRules::isStepScalar);
                    default -> false;
                };
            case Expr.StringLiteral literal -> false;
            case Expr.VectorSelector selector -> false;
            case Expr.MatrixSelector selector -> false;
            case Expr.Subquery subquery -> false;
            case Expr.Aggregate aggregate -> false;
        };
    }

    /** The subtree without the parentheses around it. */
    static Expr unwrap(Expr expression) {
        Expr inner = expression;
        while (inner instanceof Expr.Parenthesized parenthesized) {
            inner = parenthesized.expression();
        }
        return inner;
    }

    /** Index of the range vector argument; -1 if the function takes none. */
    static int matrixArgument(Expr.Call call) {
        for (int i = 0; i < call.arguments().size(); i++) {
            if (call.arguments().get(i).type() == ValueType.MATRIX) {
                return i;
            }
        }
        return -1;
    }

    static List<Expr> scalarArguments(Expr.Call call) {
        return call.arguments().stream()
                .filter(argument -> argument.type() == ValueType.SCALAR)
                .toList();
    }

    /** Whether there is a range vector in the subtree. */
    static boolean hasMatrix(Expr expression) {
        return expression.type() == ValueType.MATRIX
                || expression.children().stream().anyMatch(LeafRules::hasMatrix);
    }

    /** The selector of a per-series subtree, or of a matrix selector. */
    static Expr.VectorSelector selector(Expr expression) {
        return findSelector(expression).orElseThrow(() -> new IllegalArgumentException("no selector in " + expression));
    }

    private static Optional<Expr.VectorSelector> findSelector(Expr expression) {
        if (expression instanceof Expr.VectorSelector selector) {
            return Optional.of(selector);
        }
        return expression.children().stream()
                .map(LeafRules::findSelector)
                .flatMap(Optional::stream)
                .findFirst();
    }

    /** Whether all series of a selector have one metric name. */
    static boolean hasOneName(Expr.VectorSelector selector) {
        return selector.matchers().stream()
                .anyMatch(matcher ->
                        matcher.name().equals(Labels.METRIC_NAME) && matcher.type() == LabelMatcher.Type.EQUAL);
    }

    /** Whether names are dropped that keep series apart, so that series of different shards may become equal. */
    static boolean dropsOneOfSeveralNames(Expr expression) {
        return dropsName(expression) && !hasOneName(selector(expression));
    }

    /** Whether there is any selector in the subtree. */
    static boolean hasSelector(Expr expression) {
        return findSelector(expression).isPresent();
    }

    /** The aggregation as mergeable state, or null if it has none or its parameter is not a plain literal. */
    static @Nullable PartialAggregate partial(Expr.Aggregate aggregate) {
        return switch (aggregate.operator()) {
            case SUM, AVG, MIN, MAX, COUNT, GROUP, STDDEV, STDVAR -> partial(aggregate, 0, "");
            case TOPK, BOTTOMK ->
                aggregate.parameter() != null
                                && unwrap(aggregate.parameter()) instanceof Expr.NumberLiteral literal
                                && literal.value() >= 1
                                && literal.value() <= Integer.MAX_VALUE
                        ? partial(aggregate, literal.value(), "")
                        : null;
            case COUNT_VALUES ->
                aggregate.parameter() != null
                                && unwrap(aggregate.parameter()) instanceof Expr.StringLiteral literal
                                && Labels.isValidName(literal.value())
                        ? partial(aggregate, 0, literal.value())
                        : null;
            case LIMIT_RATIO -> {
                double ratio = aggregate.parameter() == null ? Double.NaN : literal(aggregate.parameter());
                yield ratio >= -1 && ratio <= 1 ? partial(aggregate, ratio, "") : null;
            }
            case QUANTILE, LIMITK -> null;
        };
    }

    /** The value of a number, perhaps negative; NaN if the expression is none. */
    private static double literal(Expr expression) {
        return switch (unwrap(expression)) {
            case Expr.NumberLiteral literal -> literal.value();
            case Expr.Unary unary -> unary.negative() ? -literal(unary.expression()) : literal(unary.expression());
            case Expr other -> Double.NaN;
        };
    }

    private static PartialAggregate partial(Expr.Aggregate aggregate, double parameter, String label) {
        return new PartialAggregate(aggregate.operator(), aggregate.without(), aggregate.grouping(), parameter, label);
    }

    /** Everything in one group: all that {@code absent} needs to know of a leaf. */
    static PartialAggregate anyPresent() {
        return new PartialAggregate(AggregateOperator.GROUP, false, List.of(), 0, "");
    }

    /** Whether the metric name is dropped somewhere in a per-series subtree. */
    static boolean dropsName(Expr expression) {
        if (expression.type() == ValueType.SCALAR) {
            return false;
        }
        return switch (expression) {
            case Expr.VectorSelector selector -> false;
            case Expr.MatrixSelector selector -> false;
            case Expr.Parenthesized parenthesized -> dropsName(parenthesized.expression());
            case Expr.Subquery subquery -> dropsName(subquery.expression());
            case Expr.Unary unary -> unary.negative() || dropsName(unary.expression());
            case Expr.Binary binary -> {
                boolean filter = !binary.operator().changesMeaning() && !binary.returnBool();
                yield !filter || dropsName(binary.left()) || dropsName(binary.right());
            }
            case Expr.Call call ->
                switch (call.function()) {
                    case LAST_OVER_TIME, FIRST_OVER_TIME ->
                        call.arguments().stream().anyMatch(LeafRules::dropsName);
                    default -> true;
                };
            case Expr.Aggregate aggregate -> dropsName(aggregate.expression());
            case Expr.NumberLiteral literal -> false;
            case Expr.StringLiteral literal -> false;
        };
    }
}
