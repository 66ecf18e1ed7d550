package io.weir.sketch.codec;

import io.weir.sketch.SampledSketch;

/** A sketch that was read, and the format it came in. */
public record DecodedSketch(SketchFormat format, SampledSketch sketch) {}
