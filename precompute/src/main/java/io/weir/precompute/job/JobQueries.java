package io.weir.precompute.job;

import io.weir.promql.ast.Duration;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.ast.ValueType;
import io.weir.promql.error.QueryException;
import io.weir.promql.parser.CanonicalExpression;
import io.weir.promql.parser.Feature;
import io.weir.promql.parser.PromqlParser;
import io.weir.promql.plan.PlanOptions;
import io.weir.promql.plan.QueryPlanner;
import io.weir.promql.series.StepGrid;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Understands queries of jobs, and says why one cannot be a job. */
final class JobQueries {
    private static final String FIELD = "query";
    /** The controller's legacy template puts a quantile into every function. */
    private static final Pattern NEEDLESS_SCALAR = Pattern.compile(
            "(\\s*count_distinct_over_time\\s*\\(\\s*)[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?\\s*,\\s*(.*)", Pattern.DOTALL);

    private final JobLimits limits;
    private final Set<Feature> features;

    JobQueries(JobLimits limits, Set<Feature> features) {
        this.limits = limits;
        this.features = Set.copyOf(features);
    }

    /**
     * A query, understood.
     *
     * @param warnings gets what was read with a smile
     */
    JobQuery parse(String text, List<String> warnings) {
        if (text.length() > limits.queryCharactersMax()) {
            throw bad("has " + text.length() + " characters, more than " + limits.queryCharactersMax()
                    + " (setting precompute-jobs-query-characters-max)");
        }
        Matcher needless = NEEDLESS_SCALAR.matcher(text);
        boolean isRewritten = needless.matches();
        Expr expression = expression(isRewritten ? needless.group(1) + needless.group(2) : text);
        long windowMillis = windowMillis(expression);
        if (windowMillis > limits.windowMillisMax()) {
            throw bad("reads " + Durations.text(windowMillis) + " back, more than "
                    + Durations.text(limits.windowMillisMax()) + " (setting precompute-jobs-window-millis-max)");
        }
        String canonical = CanonicalExpression.text(expression);
        Optional<JobQuery> sketch = ofSketch(text, expression, canonical);
        if (isRewritten) {
            if (sketch.isEmpty()) {
                // Its text as it was sent is what a source would evaluate, and is no PromQL.
                throw bad("has a number in count_distinct_over_time, which takes none: it is ignored only where the"
                        + " whole query is count_distinct_over_time over a plain range selector; leave it out");
            }
            warnings.add("count_distinct_over_time takes no number: the one before the selector is ignored");
        }
        return sketch.orElseGet(() -> new JobQuery.OfExpression(text, expression, canonical, windowMillis));
    }

    private Expr expression(String text) {
        Expr expression;
        try {
            expression = PromqlParser.parse(text, features);
        } catch (QueryException.BadData e) {
            throw bad(String.valueOf(e.getMessage()));
        }
        List<Expr.VectorSelector> selectors = new ArrayList<>();
        check(expression, selectors);
        if (selectors.isEmpty()) {
            throw bad("has no selector, so there is nothing to compute before");
        }
        if (expression.type() != ValueType.VECTOR) {
            throw bad("is " + describe(expression.type())
                    + "; a job's query must give an instant vector: put it into vector() or a function over time");
        }
        try {
            // For nothing but its errors, which would else come with every tick.
            var ignored =
                    QueryPlanner.plan(expression, StepGrid.instant(0), PlanOptions.DEFAULT.withFeatures(features));
        } catch (QueryException e) {
            throw bad(String.valueOf(e.getMessage()));
        }
        return expression;
    }

    private static String describe(ValueType type) {
        return switch (type) {
            case SCALAR -> "a scalar";
            case STRING -> "a string";
            case MATRIX -> "a range vector";
            case VECTOR -> "an instant vector";
        };
    }

    /** Refuses what has another meaning at each tick than in the query of a user, and collects the selectors. */
    private static void check(Expr expression, List<Expr.VectorSelector> selectors) {
        switch (expression) {
            case Expr.VectorSelector selector -> {
                checkTimes(selector.offset(), selector.at() != null);
                if (selector.smoothed()) {
                    throw bad("has a smoothed selector, which reads what comes after the tick");
                }
                selectors.add(selector);
            }
            case Expr.MatrixSelector matrix -> checkDuration(matrix.range());
            case Expr.Subquery subquery -> {
                checkDuration(subquery.range());
                if (subquery.step() != null) {
                    checkDuration(subquery.step());
                }
                checkTimes(subquery.offset(), subquery.at() != null);
            }
            case Expr.Call call -> checkGrid(call.function());
            case Expr other -> {}
        }
        expression.children().forEach(child -> check(child, selectors));
    }

    private static void checkGrid(Function function) {
        switch (function) {
            case START, END, STEP, RANGE ->
                throw bad("asks for the grid of a query by " + function.text()
                        + "(), and a tick is not on the grids that users ask for: write a number");
            default -> {
                // All others mean the same at each tick.
            }
        }
    }

    private static void checkTimes(@Nullable Duration offset, boolean pinned) {
        if (pinned) {
            throw bad("is pinned to a time by @, so it has nothing to compute again at each tick: leave the @ out");
        }
        if (offset != null) {
            checkDuration(offset);
            if (offset.millis() < 0) {
                throw bad("has a negative offset, which reads what comes after the tick");
            }
        }
    }

    private static void checkDuration(Duration duration) {
        if (!(duration instanceof Duration.Literal)) {
            throw bad("has a duration that depends on the step or range of a query: write it as a number, such as 5m");
        }
    }

    /** How far back it reads: the longest way from the top to a selector. */
    private static long windowMillis(Expr expression) {
        long below = 0;
        for (Expr child : expression.children()) {
            below = Math.max(below, windowMillis(child));
        }
        return switch (expression) {
            case Expr.VectorSelector selector -> sum(millis(selector.offset()), PlanOptions.LOOKBACK_MILLIS_DEFAULT);
            case Expr.MatrixSelector matrix ->
                sum(millis(matrix.selector().offset()), matrix.range().millis());
            case Expr.Subquery subquery -> sum(sum(below, subquery.range().millis()), millis(subquery.offset()));
            case Expr other -> below;
        };
    }

    private static long millis(@Nullable Duration duration) {
        return duration == null ? 0 : duration.millis();
    }

    private static long sum(long a, long b) {
        return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }

    private Optional<JobQuery> ofSketch(String text, Expr expression, String canonical) {
        Expr inner = withoutParentheses(expression);
        if (!(inner instanceof Expr.Call call) || call.arguments().isEmpty()) {
            return Optional.empty();
        }
        Optional<SketchFunction> function = function(call);
        if (function.isEmpty()
                || !(withoutParentheses(call.arguments().getLast()) instanceof Expr.MatrixSelector matrix)
                || matrix.selector().offset() != null
                || matrix.selector().anchored()) {
            return Optional.empty();
        }
        return Optional.of(new JobQuery.OfSketch(
                text, expression, canonical, matrix.range().millis(), function.get(), matrix.selector()));
    }

    /** Empty if it is another one, or its parameter is computed. */
    private Optional<SketchFunction> function(Expr.Call call) {
        String name = call.function().text();
        Double parameter =
                call.arguments().size() == 2 ? constant(call.arguments().getFirst()) : null;
        return switch (name) {
            case "quantile_over_time" -> {
                if (parameter == null) {
                    yield Optional.empty();
                }
                if (!(parameter >= 0 && parameter <= 1)) {
                    throw bad("quantile_over_time takes a quantile from 0 to 1, not " + parameter);
                }
                yield Optional.of(new SketchFunction.Quantile(parameter));
            }
            case "count_distinct_over_time" -> Optional.of(new SketchFunction.CountDistinct());
            case "top_k_over_time" -> {
                if (parameter == null) {
                    yield Optional.empty();
                }
                if (parameter != Math.rint(parameter) || !(parameter >= 1 && parameter <= limits.topCountMax())) {
                    throw bad("top_k_over_time takes a whole number of items from 1 to " + limits.topCountMax()
                            + " (setting precompute-jobs-top-count-max), not " + parameter);
                }
                yield Optional.of(new SketchFunction.Top(parameter.intValue()));
            }
            default -> Optional.empty();
        };
    }

    private static Expr withoutParentheses(Expr expression) {
        return expression instanceof Expr.Parenthesized parenthesized
                ? withoutParentheses(parenthesized.expression())
                : expression;
    }

    /** The value of a number, with signs before it; null if it is something else. */
    private static @Nullable Double constant(Expr expression) {
        return switch (withoutParentheses(expression)) {
            case Expr.NumberLiteral number -> number.value();
            case Expr.Unary unary -> {
                Double value = constant(unary.expression());
                yield value == null ? null : unary.negative() ? -value : value;
            }
            case Expr other -> null;
        };
    }

    private static QueryException.BadData bad(String why) {
        return JobFields.bad(FIELD, why);
    }
}
