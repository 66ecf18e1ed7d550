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

    /** The window's last message came. */
    record Closed(Known known) implements DeltaState {}

    /**
     * The sketch of exactly this time. Never a part of it, never more, and never an empty one in place of a missing one.
     */
    default Optional<SampledSketch> of(long fromMillis, long toMillis) {
        Optional<Known> known = switch (this) {
            case Started started -> Optional.empty();
            case Contiguous contiguous -> Optional.of(contiguous.known);
            case Gap gap -> gap.before;
            case Closed closed -> Optional.of(closed.known);
        };
        return known.filter(it -> it.fromMillis == fromMillis && it.throughMillis == toMillis)
                .map(Known::sketch)
                .map(it -> new SampledSketch(it.sketch().copy(), it.rate()));
    }
}
