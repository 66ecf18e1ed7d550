package io.weir.promql.leaf;

import io.weir.promql.aggregate.AggregateNotes;
import io.weir.promql.aggregate.PartialAggregate;
import io.weir.promql.annotation.Annotations;
import io.weir.promql.error.QueryException;
import io.weir.promql.function.SampleItems;
import io.weir.promql.kernel.Checkpoint;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.Column;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.SampleCost;
import io.weir.promql.series.StepGrid;
import org.jspecify.annotations.Nullable;

/**
 * Evaluates a leaf, series by series: {@link #add} for each series, then {@link #finish}, once. Not thread-safe.
 *
 * <p>Floating-point aggregation adds the series up in the order in which they are given, so callers give them in an order that
 * depends on nothing but the data: ascending labels, as Prometheus. Everything else, topk included, does not depend on the order.
 */
public final class LeafEvaluator {
    private final LeafBudget budget;
    private final Annotations annotations = new Annotations();
    private final LeafNode program;
    /** The program, if it yields several columns for a series. */
    private final @Nullable RangeNode items;

    private final LeafOutput output;
    private final Column column;
    private final @Nullable StatisticsInput statistics;
    private final boolean dropsName;
    private final boolean oneName;
    private final @Nullable DuplicateGuard guard;
    private final SeriesInput input = new SeriesInput();
    private boolean typeOrUnitSeen;
    private boolean finished;

    /**
     * Compiles the leaf.
     *
     * @throws QueryException.Unsupported naming a part of the expression that a leaf cannot evaluate
     * @throws QueryException.LimitExceeded if the steps alone, or those of a subquery, are more than a leaf may hold
     */
    public LeafEvaluator(LeafPlan plan, LeafLimits limits) {
        this(plan, limits, Checkpoint.NONE);
    }

    /**
     * Compiles the leaf as the other constructor does.
     *
     * @param checkpoint asked now and then inside of the work on a series
     */
    public LeafEvaluator(LeafPlan plan, LeafLimits limits, Checkpoint checkpoint) {
        StepGrid grid = plan.grid();
        if (grid.count() > limits.resultCellsMax()) {
            throw new QueryException.LimitExceeded(
                    "the query has " + grid.count() + " steps, more than the " + limits.resultCellsMax()
                            + " values a work unit may hold (setting worker-executor-result-cells-max); use a longer"
                            + " step");
        }
        budget = new LeafBudget(limits);
        LeafCompiler compiler = new LeafCompiler(plan, budget, annotations, checkpoint);
        program = compiler.root(plan.expression(), grid);
        items = program instanceof RangeNode range && range.yieldsItems() ? range : null;
        column = new Column(grid.count());
        statistics = plan.histogramStatistics() ? compiler.statistics() : null;
        dropsName = !plan.keepsMetricName() && LeafNames.dropsName(plan.expression());
        oneName = LeafNames.hasOneName(plan.selector());
        boolean joins = items != null || !LeafNames.hasRangeFunction(plan.expression());
        PartialAggregate aggregate = plan.aggregate();
        if (items != null && aggregate != null) {
            throw new QueryException.Unsupported("not supported inside a leaf: "
                    + aggregate.operator().text() + " of a function with several results");
        }
        output = output(plan, joins);
        guard = aggregate != null && dropsName ? new DuplicateGuard(joins, budget) : null;
    }

    private LeafOutput output(LeafPlan plan, boolean joins) {
        StepGrid grid = plan.grid();
        PartialAggregate aggregate = plan.aggregate();
        if (aggregate == null) {
            // the columns of items are counted where they are made
            return new SeriesOutput(grid, items == null ? budget::takeCells : count -> {}, joins);
        }
        AggregateNotes notes = new AggregateNotes(plan.notePosition(), annotations);
        return switch (aggregate.operator()) {
            case SUM, AVG, MIN, MAX, COUNT, GROUP, STDDEV, STDVAR -> new GroupOutput(grid, aggregate, budget, notes);
            case TOPK, BOTTOMK -> new TopOutput(grid, aggregate, budget, notes);
            case COUNT_VALUES -> new CountValuesOutput(grid, aggregate, budget);
            case LIMIT_RATIO ->
                new RatioOutput(aggregate.parameter(), new SeriesOutput(grid, budget::takeCells, joins));
            case QUANTILE, LIMITK ->
                throw new QueryException.Unsupported(
                        "not supported inside a leaf: " + aggregate.operator().text());
        };
    }

    /**
     * Evaluates one series.
     *
     * @param labels with the metric name
     * @param samples all samples of the plan's data range, ascending and unique in time, staleness markers included; not kept
     * @throws QueryException.Execution if the result has two samples of the same labels
     * @throws QueryException.LimitExceeded naming the limit
     */
    public void add(Labels labels, SampleBuffer samples) {
        if (finished) {
            throw new IllegalStateException("leaf is finished");
        }
        budget.takeSamples(SampleCost.of(samples));
        input.set(labels, statistics != null && samples.hasHistograms() ? statistics.of(samples) : samples);
        if (items != null) {
            addItems(items, labels);
            return;
        }
        program.eval(input, column);
        if (LeafCompiler.isEmpty(column)) {
            return;
        }
        Labels result = dropsName ? LeafNames.withoutMetadata(labels) : labels;
        if (guard != null) {
            typeOrUnitSeen |= LeafNames.hasTypeOrUnit(labels);
            if (!oneName || typeOrUnitSeen || LeafNames.precedesItselfWithType(labels)) {
                guard.check(result, column);
            }
        }
        output.add(result, column);
    }

    private void addItems(RangeNode node, Labels labels) {
        Labels result = dropsName ? LeafNames.withoutMetadata(labels) : labels;
        node.evalItems(input, column, budget::takeCells).forEach((item, counts) -> {
            System.arraycopy(counts, 0, column.values(), 0, counts.length);
            output.add(SampleItems.labels(result, item), column);
        });
    }

    /** The result; no series can be added after it. */
    public LeafColumns finish() {
        if (finished) {
            throw new IllegalStateException("leaf is finished");
        }
        finished = true;
        return output.finish(annotations.list());
    }
}
