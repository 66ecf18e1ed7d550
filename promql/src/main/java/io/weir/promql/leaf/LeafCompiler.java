package io.weir.promql.leaf;

import io.weir.promql.annotation.Annotations;
import io.weir.promql.ast.At;
import io.weir.promql.ast.BinaryOperator;
import io.weir.promql.ast.Duration;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.ast.ValueType;
import io.weir.promql.error.QueryException;
import io.weir.promql.function.Elementwise;
import io.weir.promql.kernel.Checkpoint;
import io.weir.promql.kernel.InstantKernel;
import io.weir.promql.kernel.RangeExtension;
import io.weir.promql.kernel.RangeFunction;
import io.weir.promql.kernel.RangeKernels;
import io.weir.promql.kernel.RangeOptions;
import io.weir.promql.kernel.SmoothedKernel;
import io.weir.promql.kernel.Windows;
import io.weir.promql.series.Column;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import io.weir.promql.series.StepGrid;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns a per-series expression into nodes, once per leaf. */
final class LeafCompiler {
    /** Resolution of a subquery that names none: Prometheus' default evaluation interval. */
    static final long DEFAULT_SUBQUERY_STEP_MILLIS = 60_000;

    private final StepGrid queryGrid;
    private final long lookbackMillis;
    private final boolean keepsMetricName;
    private final LeafBudget budget;
    private final Checkpoint checkpoint;
    private final Annotations annotations;
    private final RangeOptions options;
    private final ScalarColumns scalars;
    private @Nullable StatisticsInput statistics;

    LeafCompiler(LeafPlan plan, LeafBudget budget, Annotations annotations, Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
        queryGrid = plan.queryGrid();
        lookbackMillis = plan.lookbackMillis();
        keepsMetricName = plan.keepsMetricName();
        this.budget = budget;
        this.annotations = annotations;
        options = plan.options();
        scalars = new ScalarColumns(plan.queryGrid());
    }

    /**
     * The nodes of a leaf's whole expression, which alone may yield several columns for a series.
     *
     * @throws QueryException.Unsupported naming what a leaf cannot evaluate
     */
    LeafNode root(Expr expression, StepGrid grid) {
        return withoutParentheses(expression) instanceof Expr.Call call && call.function() == Function.TOP_K_OVER_TIME
                ? range(call, grid)
                : vector(expression, grid);
    }

    /**
     * The nodes of a vector expression on a grid.
     *
     * @throws QueryException.Unsupported naming what a leaf cannot evaluate
     */
    LeafNode vector(Expr expression, StepGrid grid) {
        return switch (expression) {
            case Expr.Parenthesized parenthesized -> vector(parenthesized.expression(), grid);
            case Expr.Unary unary -> {
                LeafNode child = vector(unary.expression(), grid);
                yield unary.negative() ? new ColumnNodes.Negation(child, grid.count()) : child;
            }
            case Expr.VectorSelector selector -> selector(selector, grid);
            case Expr.Binary binary -> binary(binary, grid);
            case Expr.Call call -> call(call, grid);
            case Expr.NumberLiteral e -> throw unsupported("a number as a vector");
            case Expr.StringLiteral e -> throw unsupported("a string as a vector");
            case Expr.MatrixSelector e -> throw unsupported("a range vector without a function");
            case Expr.Subquery e -> throw unsupported("a subquery without a function");
            case Expr.Aggregate e -> throw unsupported(e.operator().text());
        };
    }

    private LeafNode selector(Expr.VectorSelector selector, StepGrid grid) {
        // anchored is allowed here but does nothing
        if (!selector.smoothed()) {
            return selector(selector, grid, InstantKernel.Part.SAMPLE);
        }
        SmoothedKernel kernel = new SmoothedKernel(lookbackMillis, selector.position(), annotations::add);
        Windows windows = windows(grid, selector.offset(), selector.at(), lookbackMillis);
        statistics = statistics(selector, windows, 0, lookbackMillis);
        return new SmoothedNode(kernel, windows);
    }

    private SelectorNode selector(Expr.VectorSelector selector, StepGrid grid, InstantKernel.Part part) {
        Windows windows = windows(grid, selector.offset(), selector.at(), lookbackMillis);
        statistics = statistics(selector, windows, 0, 0);
        return new SelectorNode(windows, part);
    }

    /** Reads of the whole query, of which the leaf may have some steps only. */
    private StatisticsInput statistics(
            Expr.VectorSelector selector, Windows windows, long beforeMillis, long afterMillis) {
        Windows whole =
                selector.at() == null ? windows(queryGrid, selector.offset(), null, windows.rangeMillis()) : windows;
        return new StatisticsInput(whole, beforeMillis, afterMillis);
    }

    /**
     * How the samples of the one selector are read where count and sum of histograms are enough.
     *
     * @throws IllegalStateException if nothing has been compiled
     */
    StatisticsInput statistics() {
        if (statistics == null) {
            throw new IllegalStateException("no selector was compiled");
        }
        return statistics;
    }

    private Windows windows(StepGrid grid, @Nullable Duration offset, @Nullable At at, long rangeMillis) {
        long offsetMillis = offset == null ? 0 : offset.millis();
        return switch (at) {
            case null -> Windows.moving(grid, offsetMillis, rangeMillis);
            case At.Timestamp timestamp -> Windows.pinned(grid, timestamp.millis() - offsetMillis, rangeMillis);
            case At.Start start -> Windows.pinned(grid, queryGrid.startMillis() - offsetMillis, rangeMillis);
            case At.End end -> Windows.pinned(grid, queryGrid.endMillis() - offsetMillis, rangeMillis);
        };
    }

    private LeafNode binary(Expr.Binary binary, StepGrid grid) {
        BinaryOperator operator = binary.operator();
        boolean scalarLeft = binary.left().type() == ValueType.SCALAR;
        Expr scalar = scalarLeft ? binary.left() : binary.right();
        if (scalar.type() != ValueType.SCALAR) {
            throw unsupported("the operator " + operator.symbol() + " between two vectors");
        }
        LeafNode child = vector(LeafNames.vectorSide(binary), grid);
        double[] column = scalars.of(scalar, grid);
        OperatorRemarks remarks = new OperatorRemarks(operator, binary.position(), annotations);
        if (operator == BinaryOperator.TRIM_LOWER || operator == BinaryOperator.TRIM_UPPER) {
            return new HistogramNodes.Trim(operator, child, grid.count(), column, scalarLeft, remarks);
        }
        return operator.isComparison()
                ? new ColumnNodes.Comparison(
                        operator, child, grid.count(), column, scalarLeft, binary.returnBool(), remarks)
                : new ColumnNodes.Arithmetic(operator, child, grid.count(), column, scalarLeft, remarks);
    }

    private LeafNode call(Expr.Call call, StepGrid grid) {
        Function function = call.function();
        if (RangeKernels.of(function).isPresent() && function != Function.TOP_K_OVER_TIME) {
            return range(call, grid);
        }
        if (function == Function.TIMESTAMP) {
            Expr argument = withoutParentheses(call.arguments().get(0));
            return argument instanceof Expr.VectorSelector selector
                    ? selector(selector, grid, InstantKernel.Part.TIME)
                    : new ColumnNodes.EvaluationTime(vector(argument, grid), grid);
        }
        if (function == Function.START_TIMESTAMP) {
            Expr argument = withoutParentheses(call.arguments().get(0));
            return options.startTimestamps() && argument instanceof Expr.VectorSelector selector
                    ? selector(selector, grid, InstantKernel.Part.START_TIME)
                    : new ColumnNodes.Emptied(vector(argument, grid), grid.count());
        }
        if (Elementwise.supports(function) && !call.arguments().isEmpty()) {
            LeafNode child = vector(call.arguments().get(0), grid);
            List<Expr> rest = call.arguments().subList(1, call.arguments().size());
            return new ColumnNodes.Elementwises(function, child, grid.count(), columns(rest, grid));
        }
        throw unsupported(function.text() + "()");
    }

    private double[][] columns(List<Expr> expressions, StepGrid grid) {
        double[][] columns = new double[expressions.size()][];
        for (int i = 0; i < columns.length; i++) {
            columns[i] = scalars.of(expressions.get(i), grid);
        }
        return columns;
    }

    private static Expr withoutParentheses(Expr expression) {
        Expr inner = expression;
        while (inner instanceof Expr.Parenthesized parenthesized) {
            inner = parenthesized.expression();
        }
        return inner;
    }

    private RangeNode range(Expr.Call call, StepGrid grid) {
        List<Expr> scalarArguments = new ArrayList<>();
        Expr matrix = call;
        for (Expr argument : call.arguments()) {
            if (argument.type() == ValueType.SCALAR) {
                scalarArguments.add(argument);
            } else {
                matrix = withoutParentheses(argument);
            }
        }
        Windows windows;
        RangeNode.SampleSource source;
        RangeExtension extension;
        if (matrix instanceof Expr.MatrixSelector selector) {
            windows = windows(
                    grid,
                    selector.selector().offset(),
                    selector.selector().at(),
                    selector.range().millis());
            source = SeriesInput::withoutStaleMarkers;
            extension = RangeExtension.of(selector.selector(), lookbackMillis);
            statistics = statistics(selector.selector(), windows, extension.beforeMillis(), extension.afterMillis());
        } else if (matrix instanceof Expr.Subquery subquery) {
            windows = windows(
                    grid, subquery.offset(), subquery.at(), subquery.range().millis());
            source = subquery(subquery, windows);
            extension = RangeExtension.NONE;
        } else {
            throw new IllegalArgumentException(call.function().text() + " without a range vector");
        }
        RangeFunction function = new RangeFunction(
                call, windows, columns(scalarArguments, grid), extension, options, annotations::add, checkpoint);
        return new RangeNode(function, source, !keepsMetricName && LeafNames.dropsName(matrix));
    }

    private RangeNode.SampleSource subquery(Expr.Subquery subquery, Windows windows) {
        long step = subquery.step() == null
                ? DEFAULT_SUBQUERY_STEP_MILLIS
                : subquery.step().millis();
        long start = windows.end(0) - windows.rangeMillis();
        long first = Math.floorDiv(start, step) * step + step;
        long end = windows.lastEnd();
        if (first > end) {
            SampleBuffer none = new SampleBuffer(0);
            return input -> none;
        }
        budget.takeCells((end - first) / step + 1);
        StepGrid grid = new StepGrid(first, end, step);
        return new SubquerySource(vector(subquery.expression(), grid), grid);
    }

    private static QueryException.Unsupported unsupported(String what) {
        return new QueryException.Unsupported("not supported inside a leaf: " + what);
    }

    static boolean isEmpty(Column column) {
        double[] values = column.values();
        for (double value : values) {
            if (!StaleMarker.is(value)) {
                return false;
            }
        }
        return true;
    }
}
