package io.weir.promql.plan;

import io.weir.promql.aggregate.PartialAggregate;
import io.weir.promql.ast.AggregateOperator;
import io.weir.promql.ast.BinaryOperator;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.ast.ValueType;
import io.weir.promql.ast.VectorMatching;
import io.weir.promql.error.QueryException;
import io.weir.promql.function.Elementwise;
import io.weir.promql.function.SampleItems;
import io.weir.promql.leaf.LeafPlan;
import io.weir.promql.parser.Nodes;
import io.weir.promql.series.StepGrid;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Splits an expression into leaves, which workers evaluate on shards of series, and the tree that is evaluated on their
 * results (DESIGN.md section 4, step 3; promql.md section 6.1).
 */
public final class QueryPlanner {
    private final StepGrid queryGrid;
    private final PlanOptions options;
    private final Map<Expr, Integer> ordinals = new IdentityHashMap<>();
    private final List<Leaf> leaves = new ArrayList<>();
    private final Map<LeafKey, Integer> leafIds = new HashMap<>();
    /** By leaf id: where the leaf that was planned first starts in the query. */
    private final List<Integer> leafStart = new ArrayList<>();

    private Set<Expr.VectorSelector> statistics = Set.of();

    /** What makes two leaves the same: everything but their place in the query. */
    private record LeafKey(
            Expr relative,
            StepGrid grid,
            @Nullable PartialAggregate aggregate,
            Leaf.Kind kind,
            boolean histogramStatistics) {}

    private QueryPlanner(StepGrid queryGrid, PlanOptions options) {
        this.queryGrid = queryGrid;
        this.options = options;
    }

    /**
     * Plans a query.
     *
     * @throws QueryException.Unsupported if the expression has something this version does not evaluate
     * @throws QueryException.BadData if a range vector is asked for at several steps
     */
    public static QueryPlan plan(Expr parsed, StepGrid queryGrid, PlanOptions options) {
        Expr resolved = Resolution.resolve(parsed, queryGrid, options.subqueryStepMillis());
        return new QueryPlanner(queryGrid, options).planRoot(resolved);
    }

    private QueryPlan planRoot(Expr resolved) {
        List<Expr> nodes = Nodes.preorder(resolved);
        for (int i = 0; i < nodes.size(); i++) {
            ordinals.put(nodes.get(i), i);
            PlanChecks.check(nodes.get(i));
        }
        statistics = HistogramStatistics.selectors(resolved);
        Expr top = LeafRules.unwrap(resolved);
        ValueType type = top.type();
        boolean instantOnly = type == ValueType.MATRIX || type == ValueType.STRING;
        if (instantOnly && !queryGrid.isInstant()) {
            throw new QueryException.BadData("invalid expression type \"" + type.documentedText()
                    + "\" for range query, must be Scalar or instant Vector");
        }
        StepGrid rootGrid = queryGrid;
        PlanNode root;
        if (top instanceof Expr.StringLiteral literal) {
            root = new PlanNode.Text(literal.value());
        } else if (top instanceof Expr.MatrixSelector selector) {
            root = new PlanNode.RawRead(
                    leaf(selector, null, queryGrid, Leaf.Kind.RAW_SAMPLES).id());
        } else if (top instanceof Expr.Subquery subquery) {
            StepGrid inner = SubqueryGrids.inner(subquery, queryGrid);
            rootGrid = inner == null ? queryGrid : inner;
            root = inner == null ? new PlanNode.Nothing() : node(subquery.expression(), inner);
        } else {
            root = node(top, queryGrid);
        }
        return new QueryPlan(resolved, root, type, queryGrid, rootGrid, leaves, order(top), options);
    }

    private ResultOrder order(Expr top) {
        if (!queryGrid.isInstant()) {
            return new ResultOrder.ByLabels();
        }
        if (top instanceof Expr.Aggregate aggregate
                && (aggregate.operator() == AggregateOperator.TOPK
                        || aggregate.operator() == AggregateOperator.BOTTOMK)) {
            return new ResultOrder.BestFirst(
                    aggregate.operator() == AggregateOperator.TOPK, aggregate.without(), aggregate.grouping());
        }
        if (top instanceof Expr.Call call) {
            return switch (call.function()) {
                case TOP_K_OVER_TIME -> new ResultOrder.BestFirst(true, true, List.of(SampleItems.LABEL));
                case SORT -> new ResultOrder.ByValue(false);
                case SORT_DESC -> new ResultOrder.ByValue(true);
                case SORT_BY_LABEL -> new ResultOrder.ByLabelValues(PlanStrings.from(call, 1), false);
                case SORT_BY_LABEL_DESC -> new ResultOrder.ByLabelValues(PlanStrings.from(call, 1), true);
                default -> new ResultOrder.ByLabels();
            };
        }
        return new ResultOrder.ByLabels();
    }

    private PlanNode node(Expr wrapped, StepGrid grid) {
        Expr expression = LeafRules.unwrap(wrapped);
        if (grid.count() > 1 && LeafRules.hasSelector(expression) && StepInvariance.isInvariant(expression)) {
            long time = grid.startMillis();
            return new PlanNode.StepInvariant(node(expression, StepGrid.instant(time)), time);
        }
        boolean pushed = options.pushdown() == Pushdown.FULL && (isPushable(expression) || isPushableItems(expression));
        if (LeafRules.isMinimal(expression) || pushed) {
            return leafNode(expression, grid);
        }
        return switch (expression) {
            case Expr.NumberLiteral literal -> new PlanNode.NumberLiteral(literal.value());
            case Expr.Unary unary -> unaryNode(unary, grid);
            case Expr.Binary binary -> binaryNode(binary, grid);
            case Expr.Call call -> callNode(call, grid);
            case Expr.Aggregate aggregate -> aggregateNode(aggregate, grid);
            case Expr.VectorSelector selector -> throw new IllegalStateException("a selector is a leaf");
            case Expr.Parenthesized parenthesized -> throw new IllegalStateException("parentheses are unwrapped");
            case Expr.StringLiteral literal -> throw misplaced(literal);
            case Expr.MatrixSelector selector -> throw misplaced(selector);
            case Expr.Subquery subquery -> throw misplaced(subquery);
        };
    }

    private PlanNode leafNode(Expr expression, StepGrid grid) {
        PlanNode read = read(expression, null, grid, LeafRules.dropsName(expression));
        boolean dropsHere = !options.delayedNameRemoval() && LeafRules.dropsOneOfSeveralNames(expression);
        boolean strict = LeafRules.hasMatrix(expression) && !LeafRules.yieldsItems(expression);
        return dropsHere ? new PlanNode.NameDrop(read, strict) : read;
    }

    private static IllegalStateException misplaced(Expr expression) {
        return new IllegalStateException(
                "the parser let a " + expression.type().text() + " through at " + expression.position());
    }

    private PlanNode read(Expr root, @Nullable PartialAggregate aggregate, StepGrid grid, boolean dropsName) {
        Leaf leaf = leaf(root, aggregate, grid, Leaf.Kind.STEP_VALUES);
        int firstStart = leafStart.get(leaf.id());
        return new PlanNode.LeafRead(
                leaf.id(),
                options.delayedNameRemoval() && dropsName,
                root.position().start() - firstStart);
    }

    private Leaf leaf(Expr root, @Nullable PartialAggregate aggregate, StepGrid grid, Leaf.Kind kind) {
        LeafKey key = new LeafKey(
                RelativePositions.of(root), grid, aggregate, kind, statistics.contains(LeafRules.selector(root)));
        Integer known = leafIds.get(key);
        if (known != null) {
            return leaves.get(known);
        }
        LeafPlan plan = LeafPlans.of(root, aggregate, grid, queryGrid, options, statistics);
        int ordinal = Objects.requireNonNull(ordinals.get(root), "a node that is not in the tree");
        Leaf leaf = new Leaf(leaves.size(), ordinal, kind, plan);
        leafIds.put(key, leaf.id());
        leaves.add(leaf);
        leafStart.add(root.position().start());
        return leaf;
    }

    private PlanNode unaryNode(Expr.Unary unary, StepGrid grid) {
        PlanNode inner = node(unary.expression(), grid);
        if (!unary.negative()) {
            return inner;
        }
        return unary.type() == ValueType.SCALAR ? new PlanNode.ScalarNegation(inner) : new PlanNode.Negation(inner);
    }

    private PlanNode binaryNode(Expr.Binary binary, StepGrid grid) {
        PlanNode left = node(binary.left(), grid);
        PlanNode right = node(binary.right(), grid);
        boolean scalarLeft = binary.left().type() == ValueType.SCALAR;
        boolean scalarRight = binary.right().type() == ValueType.SCALAR;
        BinaryOperator operator = binary.operator();
        if (scalarLeft && scalarRight) {
            return new PlanNode.ScalarBinary(operator, left, right);
        }
        if (scalarLeft) {
            return new PlanNode.VectorScalar(operator, right, left, true, binary.returnBool(), binary.position());
        }
        if (scalarRight) {
            return new PlanNode.VectorScalar(operator, left, right, false, binary.returnBool(), binary.position());
        }
        VectorMatching matching = binary.matching() == null ? VectorMatching.DEFAULT : binary.matching();
        return operator.isSetOperator()
                ? new PlanNode.SetOperation(operator, left, right, matching)
                : new PlanNode.VectorVector(operator, left, right, matching, binary.returnBool(), binary.position());
    }

    private PlanNode aggregateNode(Expr.Aggregate aggregate, StepGrid grid) {
        PartialAggregate partial = LeafRules.partial(aggregate);
        if (partial != null
                && options.pushdown() == Pushdown.FULL
                && isPushable(LeafRules.unwrap(aggregate.expression()))) {
            return read(aggregate, partial, grid, LeafRules.dropsName(aggregate.expression()));
        }
        PlanNode vector = node(aggregate.expression(), grid);
        Expr parameter = aggregate.parameter();
        if (aggregate.operator() == AggregateOperator.COUNT_VALUES) {
            return new PlanNode.Aggregation(aggregate, null, PlanStrings.of(Objects.requireNonNull(parameter)), vector);
        }
        return new PlanNode.Aggregation(aggregate, parameter == null ? null : node(parameter, grid), "", vector);
    }

    /**
     * Whether a subtree may be pushed whole. Where names are dropped and the selector has several, series of different shards may
     * become equal: an error that only central evaluation sees.
     */
    private boolean isPushable(Expr expression) {
        return LeafRules.isPerSeries(expression)
                && (options.delayedNameRemoval() || !LeafRules.dropsOneOfSeveralNames(expression));
    }

    private boolean isPushableItems(Expr expression) {
        return LeafRules.isItemsPerSeries(expression)
                && (options.delayedNameRemoval() || !LeafRules.dropsOneOfSeveralNames(expression));
    }

    private PlanNode callNode(Expr.Call call, StepGrid grid) {
        Function function = call.function();
        if (Elementwise.supports(function)) {
            return elementwise(call, grid);
        }
        if (LeafRules.matrixArgument(call) >= 0) {
            return rangeCall(call, grid);
        }
        return switch (function) {
            case TIME -> new PlanNode.Time();
            case PI -> new PlanNode.NumberLiteral(Math.PI);
            case START -> new PlanNode.NumberLiteral(queryGrid.startMillis() / 1000.0);
            case END -> new PlanNode.NumberLiteral(queryGrid.endMillis() / 1000.0);
            case STEP -> new PlanNode.NumberLiteral(queryGrid.stepMillis() / 1000.0);
            case RANGE -> new PlanNode.NumberLiteral((queryGrid.endMillis() - queryGrid.startMillis()) / 1000.0);
            case MIN_OF, MAX_OF ->
                new PlanNode.ScalarExtreme(
                        function == Function.MIN_OF, argument(call, 0, grid), argument(call, 1, grid));
            case SCALAR -> new PlanNode.ScalarOf(argument(call, 0, grid));
            case VECTOR -> new PlanNode.VectorOf(argument(call, 0, grid));
            case TIMESTAMP -> new PlanNode.Timestamp(argument(call, 0, grid));
            case START_TIMESTAMP -> new PlanNode.Emptied(argument(call, 0, grid));
            case ABSENT -> absent(call, grid);
            case SORT, SORT_DESC, SORT_BY_LABEL, SORT_BY_LABEL_DESC ->
                new PlanNode.Sorted(argument(call, 0, grid), call);
            case LABEL_REPLACE ->
                new PlanNode.LabelReplace(
                        argument(call, 0, grid),
                        PlanStrings.at(call, 1),
                        PlanStrings.at(call, 2),
                        PlanStrings.at(call, 3),
                        PlanStrings.at(call, 4));
            case LABEL_JOIN ->
                new PlanNode.LabelJoin(
                        argument(call, 0, grid),
                        PlanStrings.at(call, 1),
                        PlanStrings.at(call, 2),
                        PlanStrings.from(call, 3));
            case HISTOGRAM_QUANTILE ->
                new PlanNode.HistogramQuantile(call, argument(call, 0, grid), argument(call, 1, grid));
            case HISTOGRAM_QUANTILES ->
                new PlanNode.HistogramQuantiles(
                        call, PlanStrings.at(call, 1), arguments(call, 2, grid), argument(call, 0, grid));
            case HISTOGRAM_FRACTION ->
                new PlanNode.HistogramFraction(
                        call, argument(call, 0, grid), argument(call, 1, grid), argument(call, 2, grid));
            case INFO ->
                InfoSelectors.node(
                        call,
                        argument(call, InfoSelectors.VECTOR, grid),
                        infoSeries(call, InfoSelectors.SAMPLES, grid),
                        infoSeries(call, InfoSelectors.TIMESTAMPS, grid));
            case HISTOGRAM_COUNT, HISTOGRAM_SUM, HISTOGRAM_AVG, HISTOGRAM_STDDEV, HISTOGRAM_STDVAR ->
                new PlanNode.HistogramsOnly(function, argument(call, 0, grid));
            default -> throw new QueryException.Unsupported("function " + function.text() + " is not supported yet");
        };
    }

    private PlanNode argument(Expr.Call call, int index, StepGrid grid) {
        return node(call.arguments().get(index), grid);
    }

    /** A leaf that info() reads; with its names, and once if the time is fixed. */
    private PlanNode infoSeries(Expr.Call call, int index, StepGrid grid) {
        Expr expression = call.arguments().get(index);
        if (grid.count() > 1 && LeafRules.selector(expression).at() != null) {
            long time = grid.startMillis();
            return new PlanNode.StepInvariant(read(expression, null, StepGrid.instant(time), false), time);
        }
        return read(expression, null, grid, false);
    }

    private List<PlanNode> arguments(Expr.Call call, int from, StepGrid grid) {
        List<PlanNode> nodes = new ArrayList<>();
        for (int i = from; i < call.arguments().size(); i++) {
            nodes.add(argument(call, i, grid));
        }
        return nodes;
    }

    private PlanNode elementwise(Expr.Call call, StepGrid grid) {
        PlanNode vector =
                call.arguments().isEmpty() ? new PlanNode.VectorOf(new PlanNode.Time()) : argument(call, 0, grid);
        return new PlanNode.Elementwise(call.function(), vector, arguments(call, 1, grid));
    }

    /** absent needs to know only whether there is anything, so a per-series argument is pushed with group() on top. */
    private PlanNode absent(Expr.Call call, StepGrid grid) {
        Expr argument = LeafRules.unwrap(call.arguments().getFirst());
        PlanNode vector = options.pushdown() == Pushdown.FULL && isPushable(argument)
                ? read(argument, LeafRules.anyPresent(), grid, false)
                : node(argument, grid);
        return new PlanNode.Absent(vector, AbsentLabels.of(argument));
    }

    private PlanNode rangeCall(Expr.Call call, StepGrid grid) {
        Expr matrix = LeafRules.unwrap(call.arguments().get(LeafRules.matrixArgument(call)));
        boolean isAbsent = call.function() == Function.ABSENT_OVER_TIME;
        Expr.Call effective = isAbsent ? LeafPlans.presence(call) : call;
        if (isAbsent && isReadableAsLeaf(effective)) {
            PartialAggregate partial = options.pushdown() == Pushdown.FULL ? LeafRules.anyPresent() : null;
            return new PlanNode.Absent(read(call, partial, grid, false), AbsentLabels.of(matrix));
        }
        List<PlanNode> scalars = LeafRules.scalarArguments(call).stream()
                .map(scalar -> node(scalar, grid))
                .toList();
        if (matrix instanceof Expr.MatrixSelector selector) {
            Leaf leaf = leaf(selector, null, grid, Leaf.Kind.RAW_SAMPLES);
            return new PlanNode.RangeCall(call, selector, leaf.id(), scalars);
        }
        if (!(matrix instanceof Expr.Subquery subquery)) {
            throw new IllegalStateException(call.function().text() + " without a range vector");
        }
        StepGrid innerGrid = SubqueryGrids.inner(subquery, grid);
        PlanNode inner = innerGrid == null ? null : node(subquery.expression(), innerGrid);
        PlanNode values = new PlanNode.SubqueryCall(effective, subquery, inner, innerGrid, scalars);
        return isAbsent ? new PlanNode.Absent(values, AbsentLabels.of(matrix)) : values;
    }

    private boolean isReadableAsLeaf(Expr.Call call) {
        return LeafRules.isMinimal(call) || (options.pushdown() == Pushdown.FULL && isPushable(call));
    }
}
