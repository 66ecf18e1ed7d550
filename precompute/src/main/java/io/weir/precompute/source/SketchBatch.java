package io.weir.precompute.source;

import java.util.List;

/**
 * What a source has of one window: one point per attribute set.
 *
 * @param coverage share of the window that the source has seen completely, 0 to 1; below 1 nothing is served
 */
public record SketchBatch(List<SketchPoint> points, double coverage) {
    public SketchBatch {
        points = List.copyOf(points);
    }
}
