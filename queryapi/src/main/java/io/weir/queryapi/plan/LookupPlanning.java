package io.weir.queryapi.plan;

import io.weir.lake.Shards;
import io.weir.lake.catalog.SegmentQuery;
import io.weir.lake.catalog.SegmentSelection;
import io.weir.lake.segment.SegmentMeta;
import io.weir.promql.labels.LabelMatcher;
import io.weir.proto.leaf.v1.LabelNamesLeaf;
import io.weir.proto.leaf.v1.LabelValuesLeaf;
import io.weir.proto.leaf.v1.MatcherSet;
import io.weir.proto.leaf.v1.SeriesLeaf;
import io.weir.proto.leaf.v1.WorkSpec;
import io.weir.queryapi.workmanager.WorkUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** From a question about series to its work units. Thread-safe. */
public final class LookupPlanning {
    /** Series of segments that one unit goes through; their indexes are in memory, so this is a matter of milliseconds. */
    private static final long SERIES_PER_UNIT_TARGET = 500_000;

    private final QueryPlanning planning;

    public LookupPlanning(QueryPlanning planning) {
        this.planning = planning;
    }

    /** The units of a question; none without segments. */
    public List<WorkUnit> work(LookupRequest request, int run) {
        List<List<LabelMatcher>> sets = request.matcherSets().isEmpty() ? List.of(List.of()) : request.matcherSets();
        List<SegmentQuery> questions = sets.stream()
                .map(matchers ->
                        new SegmentQuery(request.tenant(), matchers, request.startMillis(), request.endMillis()))
                .toList();
        Map<SegmentQuery, SegmentSelection> selections = planning.lookup().find(questions);
        Map<String, SegmentMeta> segments = new TreeMap<>();
        for (SegmentSelection selection : selections.values()) {
            selection.segments().forEach(segment -> segments.put(segment.id(), segment));
        }
        if (segments.isEmpty()) {
            return List.of();
        }
        WorkSpec.Builder spec = WorkSpec.newBuilder().setTenant(request.tenant());
        segments.values().stream()
                .sorted(Comparator.comparingLong(SegmentMeta::minTimeMillis).thenComparing(SegmentMeta::id))
                .forEach(segment -> spec.addSegments(WorkSpecs.segment(segment)));
        spec.setLimits(WorkSpecs.limits(planning.limits()));
        setLeaf(request, spec);
        long series =
                segments.values().stream().mapToLong(SegmentMeta::seriesCount).sum();
        int unitCount = 1;
        while (unitCount < Shards.COUNT && series / unitCount > SERIES_PER_UNIT_TARGET) {
            unitCount *= 2;
        }
        return WorkPlanner.shardUnits(request.queryId(), request.tenant(), spec.build(), 0, unitCount, 0, run);
    }

    private static void setLeaf(LookupRequest request, WorkSpec.Builder spec) {
        List<MatcherSet> sets =
                request.matcherSets().stream().map(WorkSpecs::matchers).toList();
        // One more than wanted, to know whether there is more.
        long limit = request.limit() == 0 ? 0 : request.limit() + 1L;
        switch (request.kind()) {
            case SERIES ->
                spec.setSeries(SeriesLeaf.newBuilder()
                        .addAllMatcherSets(sets)
                        .setStartMillis(request.startMillis())
                        .setEndMillis(request.endMillis())
                        .setLimit(limit));
            case LABEL_NAMES ->
                spec.setLabelNames(LabelNamesLeaf.newBuilder()
                        .addAllMatcherSets(sets)
                        .setStartMillis(request.startMillis())
                        .setEndMillis(request.endMillis())
                        .setLimit(limit));
            case LABEL_VALUES ->
                spec.setLabelValues(LabelValuesLeaf.newBuilder()
                        .setLabel(request.label())
                        .addAllMatcherSets(sets)
                        .setStartMillis(request.startMillis())
                        .setEndMillis(request.endMillis())
                        .setLimit(limit));
        }
    }
}
