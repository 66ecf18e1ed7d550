package io.weir.sketch;

/** The kinds of sketches. */
public enum SketchKind {
    DDSKETCH,
    HYPERLOGLOG,
    COUNT_MIN,
    COUNT_SKETCH
}
