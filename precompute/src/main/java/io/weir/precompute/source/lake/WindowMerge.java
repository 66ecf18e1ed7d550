package io.weir.precompute.source.lake;

import io.weir.precompute.source.SketchBatch;
import io.weir.precompute.source.SketchPoint;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.Sketch;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Merges the granules of a window into one sketch for each series. */
final class WindowMerge {
    private WindowMerge() {}

    /**
     * The window.
     *
     * @param mayShareLabels whether series that differ by the metric's name alone are a job's wish; else they are an error, as in PromQL
     * @param bytesMax heap bytes of the sketches
     * @param setting that says so
     */
    static SketchBatch merge(List<GranuleSketches> granules, boolean mayShareLabels, long bytesMax, String setting) {
        Map<Labels, List<Sketch>> bySeries = GranuleBlocks.bySeries(granules);
        long bytes = 0;
        List<SketchPoint> points = new ArrayList<>(bySeries.size());
        Set<Labels> seen = new HashSet<>();
        for (Map.Entry<Labels, List<Sketch>> series : bySeries.entrySet()) {
            Sketch merged = Sketch.merged(series.getValue());
            bytes += merged.retainedBytes();
            if (bytes > bytesMax) {
                throw new QueryException.LimitExceeded("the sketches of the window take more than " + bytesMax
                        + " bytes (setting " + setting + "); select fewer series, or build smaller sketches");
            }
            Labels labels = series.getKey().withoutMetricName();
            if (!seen.add(labels) && !mayShareLabels) {
                throw new QueryException.Execution(
                        "vector cannot contain metrics with the same labelset: " + labels + "; select one metric");
            }
            points.add(new SketchPoint(labels, SampledSketch.of(merged)));
        }
        return new SketchBatch(points, 1);
    }
}
