package io.weir.sketch;

import java.util.List;

/**
 * A mergeable summary of samples. Mutable and not safe for use by several threads; whoever shares one shares a {@link #copy}.
 *
 * <p>Merging is commutative and associative in what it answers, and refuses with {@link SketchMismatchException} whatever was
 * built with other parameters: a merge never guesses.
 */
public sealed interface Sketch permits DdSketch, HyperLogLog, FrequencySketch {
    SketchKind kind();

    /** Whether nothing was recorded. An empty sketch is not an answer of zero: who serves it has to know that data was there. */
    boolean isEmpty();

    Sketch copy();

    /** A sketch of the same parameters that recorded nothing. */
    Sketch emptyCopy();

    /**
     * Adds what {@code other} recorded to this one. {@code other} stays as it is; on an exception so does this one.
     *
     * @throws SketchMismatchException when kind or parameters differ
     * @throws SketchCapacityException when the union is beyond this sketch's bound
     */
    void mergeFrom(Sketch other);

    /**
     * Adds what all of them recorded, as one after the other does, but for less where a merge is more than a sum. On an exception this sketch may
     * have some of them.
     *
     * @throws SketchMismatchException as {@link #mergeFrom(Sketch)}
     * @throws SketchCapacityException as {@link #mergeFrom(Sketch)}
     */
    default void mergeFrom(List<? extends Sketch> others) {
        others.forEach(this::mergeFrom);
    }

    /**
     * A new sketch of what all of them recorded.
     *
     * @param sketches one at least; they stay as they are
     * @throws SketchMismatchException as {@link #mergeFrom(Sketch)}
     * @throws SketchCapacityException as {@link #mergeFrom(Sketch)}
     */
    static Sketch merged(List<? extends Sketch> sketches) {
        Sketch merged = sketches.getFirst().copy();
        merged.mergeFrom(sketches.subList(1, sketches.size()));
        return merged;
    }

    /** The heap this sketch takes, estimated, in bytes. */
    long retainedBytes();
}
