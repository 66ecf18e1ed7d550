package io.weir.precompute.result;

import io.weir.precompute.source.SketchPoint;
import java.util.List;

/**
 * What one tick of a job computed. Immutable: the sketches are never changed after it is made.
 *
 * @param evalMillis the tick: a multiple of the granularity; the window is (evalMillis - window, evalMillis]
 * @param coverage of the window; below 1 it is not served
 * @param computedAtMillis wall clock
 * @param sketches of which the vector was made, which answer other quantiles; empty if there are none, or they were too large to keep
 */
public record TickResult(
        String jobId,
        long evalMillis,
        ResultVector vector,
        ErrorBound bound,
        double coverage,
        long computedAtMillis,
        List<SketchPoint> sketches) {
    public TickResult {
        sketches = List.copyOf(sketches);
    }
}
