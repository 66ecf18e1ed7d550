package io.weir.queryapi.plan;

import io.weir.lake.catalog.SegmentCatalog;
import io.weir.lake.catalog.SegmentQuery;
import io.weir.promql.ast.Expr;
import io.weir.promql.error.QueryException;
import io.weir.promql.kernel.RangeOptions;
import io.weir.promql.parser.Feature;
import io.weir.promql.parser.PromqlParser;
import io.weir.promql.plan.PlanOptions;
import io.weir.promql.plan.QueryPlan;
import io.weir.promql.plan.QueryPlanner;
import io.weir.promql.series.StepGrid;
import io.weir.proto.trace.Trace;
import io.weir.queryapi.eval.QueryLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** From a request to its work: parse, plan, ask the catalog, cut into units. Thread-safe. */
public final class QueryPlanning {
    private final SegmentCatalog catalog;
    private final QueryLimits limits;
    private final Set<Feature> features;
    private final SegmentLookup lookup;
    private final WorkPlanner workPlanner;

    public QueryPlanning(SegmentCatalog catalog, QueryLimits limits, Set<Feature> features) {
        this.catalog = catalog;
        this.limits = limits;
        this.features = Set.copyOf(features);
        lookup = new SegmentLookup(catalog, limits.segmentsMax());
        workPlanner = new WorkPlanner(limits, features);
    }

    /**
     * Parses a text.
     *
     * @throws QueryException.BadData if it is no PromQL or too long
     */
    public Expr parse(String query) {
        if (query.length() > limits.lengthMax()) {
            throw new QueryException.BadData("the query has " + query.length() + " characters, more than the limit of "
                    + limits.lengthMax() + " (setting query-length-max)");
        }
        try (Trace span = Trace.current().child("parse")) {
            return PromqlParser.parse(query, features);
        }
    }

    /** Parses and plans, without asking the catalog. */
    public QueryPlan plan(QueryRequest request) {
        return understand(request).plan();
    }

    /**
     * A request that was parsed and planned.
     *
     * @param expression as it was written
     */
    public record Understood(Expr expression, QueryPlan plan) {}

    /** As {@link #plan}, with the expression that the plan is of. */
    public Understood understand(QueryRequest request) {
        Expr expression = parse(request.query());
        try (Trace span = Trace.current().child("plan")) {
            return new Understood(
                    expression, QueryPlanner.plan(expression, request.grid(), options(request.lookbackMillis())));
        }
    }

    /**
     * Plans an expression for nothing but its errors.
     *
     * @throws QueryException.Unsupported naming what this version does not evaluate
     */
    public void check(Expr expression) {
        QueryPlan ignored = QueryPlanner.plan(expression, StepGrid.instant(0), options(limits.lookbackMillis()));
    }

    private PlanOptions options(long lookbackMillis) {
        return new PlanOptions(
                        lookbackMillis,
                        PlanOptions.DEFAULT.pushdown(),
                        PlanOptions.SUBQUERY_STEP_MILLIS_DEFAULT,
                        false,
                        RangeOptions.NONE)
                .withFeatures(features);
    }

    /**
     * Finds the segments of a plan and cuts the work.
     *
     * @param run number of the attempt, from 0
     * @param earlyResults see {@link WorkPlanner}
     */
    public PlannedQuery work(QueryRequest request, QueryPlan plan, int run, boolean earlyResults) {
        List<SegmentQuery> questions = new ArrayList<>();
        plan.leaves().forEach(leaf -> questions.add(WorkPlanner.segmentQuery(request.tenant(), leaf)));
        return workPlanner.plan(request, plan, lookup.find(questions), run, earlyResults);
    }

    /** The segments of a failed query that are not current any more, so that running it again makes sense. */
    public Set<String> replacedSegments(String tenant, Set<String> segmentIds) {
        Set<String> replaced = new TreeSet<>(segmentIds);
        if (!segmentIds.isEmpty()) {
            replaced.removeAll(catalog.current(tenant, segmentIds));
        }
        return replaced;
    }

    SegmentLookup lookup() {
        return lookup;
    }

    QueryLimits limits() {
        return limits;
    }
}
