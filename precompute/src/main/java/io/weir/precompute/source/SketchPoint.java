package io.weir.precompute.source;

import io.weir.promql.labels.Labels;
import io.weir.sketch.SampledSketch;

/** The sketch of one attribute set; the receiver owns it. @param labels without the metric's name */
public record SketchPoint(Labels labels, SampledSketch sketch) {}
