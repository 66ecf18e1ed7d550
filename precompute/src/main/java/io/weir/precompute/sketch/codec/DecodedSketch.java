package io.weir.precompute.sketch.codec;

import io.weir.precompute.sketch.SampledSketch;

/** A sketch that was read, and the format it came in. */
public record DecodedSketch(SketchFormat format, SampledSketch sketch) {}
