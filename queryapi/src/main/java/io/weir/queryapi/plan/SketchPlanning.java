package io.weir.queryapi.plan;

import io.weir.lake.catalog.SegmentQuery;
import io.weir.lake.catalog.SegmentSelection;
import io.weir.lake.segment.SegmentMeta;
import io.weir.promql.labels.LabelMatcher;
import io.weir.proto.leaf.v1.SketchLeaf;
import io.weir.proto.leaf.v1.WorkSpec;
import io.weir.proto.sketch.v1.Kind;
import io.weir.queryapi.spi.SketchQueries.Form;
import io.weir.queryapi.spi.SketchQueries.Granules;
import io.weir.queryapi.spi.SketchQueries.Question;
import io.weir.queryapi.workmanager.WorkUnit;
import java.util.List;
import java.util.Map;

/** From a question for sketches to its work units. Thread-safe. */
public final class SketchPlanning {
    private final QueryPlanning planning;

    public SketchPlanning(QueryPlanning planning) {
        this.planning = planning;
    }

    /** The work of a question: its units, and the segments that they read. */
    public record Planned(List<WorkUnit> units, List<SegmentMeta> segments) {
        public Planned {
            units = List.copyOf(units);
            segments = List.copyOf(segments);
        }
    }

    /** The segments that may hold samples of a selector in (after, until]. */
    public List<SegmentMeta> segments(String tenant, List<LabelMatcher> matchers, long afterMillis, long untilMillis) {
        SegmentQuery query = new SegmentQuery(tenant, matchers, afterMillis + 1, untilMillis);
        Map<SegmentQuery, SegmentSelection> found = planning.lookup().find(List.of(query));
        SegmentSelection selection = found.get(query);
        if (selection == null) {
            throw new IllegalStateException("no selection for " + query);
        }
        return selection.segments();
    }

    /**
     * Cuts the work.
     *
     * @param queryId of this question alone
     * @param run number of the attempt, from 0
     */
    public Planned work(String queryId, Question question, int run) {
        Granules granules = question.granules();
        List<SegmentMeta> segments =
                segments(question.tenant(), question.matchers(), granules.afterMillis(), granules.untilMillis());
        if (segments.isEmpty()) {
            return new Planned(List.of(), segments);
        }
        WorkSpec.Builder spec = WorkSpec.newBuilder().setTenant(question.tenant());
        segments.forEach(segment -> spec.addSegments(WorkSpecs.segment(segment)));
        spec.setSketches(leaf(question)).setLimits(WorkSpecs.limits(planning.limits()));
        long samples = ShardCut.estimateSamples(
                segments, question.matchers(), granules.afterMillis() + 1, granules.untilMillis());
        int units = ShardCut.units(samples, planning.limits().samplesPerUnitTarget());
        return new Planned(
                WorkPlanner.shardUnits(queryId, question.tenant(), spec.build(), 0, units, 0, run), segments);
    }

    private static SketchLeaf leaf(Question question) {
        Granules granules = question.granules();
        Form form = question.form();
        SketchLeaf.Builder leaf = SketchLeaf.newBuilder()
                .setMatchers(WorkSpecs.matchers(question.matchers()))
                .setFirstGranuleEndMillis(granules.firstEndMillis())
                .setGranuleMillis(granules.lengthMillis())
                .setGranules(granules.count());
        return switch (form.kind()) {
            case DDSKETCH ->
                leaf.setKind(Kind.DDSKETCH)
                        .setRelativeAccuracy(form.relativeAccuracy())
                        .build();
            case HYPERLOGLOG ->
                leaf.setKind(Kind.HYPERLOGLOG).setPrecision(form.precision()).build();
            case COUNT_MIN ->
                leaf.setKind(Kind.FREQUENCIES)
                        .setCandidatesMax(form.candidatesMax())
                        .build();
            case COUNT_SKETCH ->
                throw new IllegalArgumentException("of samples a Count-Min is built, not a Count Sketch");
        };
    }
}
