package io.weir.queryapi.plan;

import io.weir.promql.plan.QueryPlan;
import io.weir.queryapi.workmanager.WorkUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A query with its plan, its segments and its work.
 *
 * @param groups steps that are evaluated together, in chronological order; one group unless no leaf has a window
 * @param leaves by leaf id
 */
public record PlannedQuery(QueryRequest request, QueryPlan plan, List<StepRange> groups, List<LeafWork> leaves) {
    public PlannedQuery {
        groups = List.copyOf(groups);
        leaves = List.copyOf(leaves);
    }

    public List<WorkUnit> units() {
        return leaves.stream().flatMap(leaf -> leaf.units().stream()).toList();
    }

    /** Ids of all segments the query reads. */
    public Set<String> segmentIds() {
        Set<String> ids = new HashSet<>();
        leaves.forEach(leaf -> leaf.selection().segments().forEach(segment -> ids.add(segment.id())));
        return ids;
    }
}
