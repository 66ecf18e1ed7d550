package io.weir.sketch.delta;

import io.weir.sketch.SampledSketch;

/**
 * One message about the sketch of a partition and window.
 *
 * @param fromMillis the first moment it speaks of, in the producer's milliseconds since 1970
 * @param toMillis the moment up to which it speaks; the next change begins there
 */
public record DeltaFrame(long fromMillis, long toMillis, Body body) {
    /** What a message carries. */
    public sealed interface Body {
        /** All that was recorded from the beginning of the window on: a checkpoint. */
        record Full(SampledSketch sketch) implements Body {}

        /** What was recorded in the time of the message. */
        record Changes(DeltaChanges changes) implements Body {}
    }
}
