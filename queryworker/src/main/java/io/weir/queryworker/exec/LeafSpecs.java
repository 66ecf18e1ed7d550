package io.weir.queryworker.exec;

import io.weir.promql.aggregate.PartialAggregate;
import io.weir.promql.ast.AggregateOperator;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.leaf.LeafPlan;
import io.weir.promql.parser.Feature;
import io.weir.promql.plan.LeafPlans;
import io.weir.promql.plan.PlanOptions;
import io.weir.promql.series.StepGrid;
import io.weir.proto.leaf.v1.ExpressionLeaf;
import io.weir.proto.leaf.v1.Grid;
import io.weir.proto.leaf.v1.Matcher;
import io.weir.proto.leaf.v1.MatcherSet;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Turns the messages that describe a leaf into what evaluates it. */
final class LeafSpecs {
    private LeafSpecs() {}

    static LeafPlan plan(ExpressionLeaf leaf) {
        Set<Feature> features = new HashSet<>();
        for (String name : leaf.getFeaturesList()) {
            features.add(Feature.byName(name)
                    .orElseThrow(() -> new QueryException.Unsupported("feature " + name
                            + " is unknown to this worker; run API and workers of the same release")));
        }
        return rebuild(leaf, features);
    }

    private static LeafPlan rebuild(ExpressionLeaf leaf, Set<Feature> features) {
        StepGrid queryGrid = grid(leaf.getQueryGrid());
        StepGrid leafGrid = grid(leaf.getLeafGrid());
        int ordinal = leaf.getExprOrdinal();
        long lookbackMillis = leaf.getLookbackMillis();
        long subqueryStepMillis = leaf.getSubqueryStepMillis() > 0
                ? leaf.getSubqueryStepMillis()
                : PlanOptions.SUBQUERY_STEP_MILLIS_DEFAULT;
        if (leaf.hasAggregate()) {
            return LeafPlans.rebuild(
                    leaf.getQuery(),
                    queryGrid,
                    leafGrid,
                    ordinal,
                    aggregate(leaf.getAggregate()),
                    lookbackMillis,
                    subqueryStepMillis,
                    features);
        }
        return LeafPlans.rebuild(
                leaf.getQuery(), queryGrid, leafGrid, ordinal, null, lookbackMillis, subqueryStepMillis, features);
    }

    private static StepGrid grid(Grid grid) {
        return new StepGrid(grid.getStartMillis(), grid.getEndMillis(), grid.getStepMillis());
    }

    private static PartialAggregate aggregate(io.weir.proto.leaf.v1.PartialAggregate aggregate) {
        for (AggregateOperator operator : AggregateOperator.values()) {
            if (operator.text().equals(aggregate.getOperator())) {
                return new PartialAggregate(
                        operator,
                        aggregate.getWithout(),
                        aggregate.getGroupingList(),
                        aggregate.getParameter(),
                        aggregate.getLabel());
            }
        }
        throw new QueryException.Unsupported("aggregation " + aggregate.getOperator()
                + " is unknown to this worker; run API and workers of the same release");
    }

    /** The alternatives of matchers; no set at all means every series. */
    static List<List<LabelMatcher>> matcherSets(List<MatcherSet> sets) {
        List<List<LabelMatcher>> alternatives = new ArrayList<>();
        sets.forEach(set -> alternatives.add(matchers(set)));
        return alternatives.isEmpty() ? List.of(List.of()) : alternatives;
    }

    /** Matchers of which all must match. */
    static List<LabelMatcher> matchers(MatcherSet set) {
        List<LabelMatcher> matchers = new ArrayList<>();
        for (Matcher matcher : set.getMatchersList()) {
            matchers.add(matcher(matcher));
        }
        return matchers;
    }

    private static LabelMatcher matcher(Matcher matcher) {
        LabelMatcher.Type type = switch (matcher.getType()) {
            case EQUAL -> LabelMatcher.Type.EQUAL;
            case NOT_EQUAL -> LabelMatcher.Type.NOT_EQUAL;
            case REGEX -> LabelMatcher.Type.REGEX;
            case NOT_REGEX -> LabelMatcher.Type.NOT_REGEX;
            case UNRECOGNIZED ->
                throw new QueryException.Unsupported(
                        "a type of matcher is unknown to this worker; run API and workers of the same release");
        };
        try {
            return LabelMatcher.of(type, matcher.getName(), matcher.getValue());
        } catch (IllegalArgumentException e) {
            throw new QueryException.BadData(String.valueOf(e.getMessage()));
        }
    }
}
