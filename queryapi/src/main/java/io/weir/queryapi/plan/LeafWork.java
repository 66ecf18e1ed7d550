package io.weir.queryapi.plan;

import io.weir.lake.catalog.SegmentSelection;
import io.weir.promql.plan.Leaf;
import io.weir.queryapi.workmanager.WorkUnit;
import java.util.List;

/**
 * What is to be done for one leaf.
 *
 * @param selection the segments that may hold its samples
 * @param samplesEstimated how many samples its work is expected to touch
 * @param groups the units of each group of steps, in the order of their shards; an empty list where there is no data
 */
public record LeafWork(Leaf leaf, SegmentSelection selection, long samplesEstimated, List<List<WorkUnit>> groups) {
    public LeafWork {
        groups = groups.stream().map(List::copyOf).toList();
    }

    public List<WorkUnit> units() {
        return groups.stream().flatMap(List::stream).toList();
    }
}
