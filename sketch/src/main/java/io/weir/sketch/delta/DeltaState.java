package io.weir.sketch.delta;

import io.weir.sketch.SampledSketch;
import java.util.Optional;

/** What is known of the sketch of one partition and window. Values: the sketches in it are never changed. */
public sealed interface DeltaState {
    /** A sketch of everything from one moment to another. */
    record Known(SampledSketch sketch, long fromMillis, long throughMillis) {}

    /**
     * Nothing came yet.
     *
     * @param windowStartMillis when the window began
     * @param empty a sketch of the stream's parameters, when the carrier names them; changes from the beginning of the window
     *     on join it
     */
    record Started(long windowStartMillis, Optional<SampledSketch> empty) implements DeltaState {}

    /** Everything up to a moment came. */
    record Contiguous(Known known) implements DeltaState {}

    /** Something is missing. What was known before the gap stays true of its own time. */
    record Gap(Optional<Known> before) implements DeltaState {}
}
