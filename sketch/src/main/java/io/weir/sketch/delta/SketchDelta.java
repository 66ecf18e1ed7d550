package io.weir.sketch.delta;

/**
 * A change of the sketch of one partition and window ({@code sketchlib.v1.SketchDeltaEnvelope}).
 *
 * @param partitionKey whose sketch changed
 * @param windowStartMillis when the window began, milliseconds since 1970; 0 without windows
 * @param isWindowClose whether this is the last change of the window
 */
public record SketchDelta(String partitionKey, long windowStartMillis, boolean isWindowClose, DeltaChanges changes) {}
