package io.weir.sketch;

import java.util.Comparator;

/** An item and its estimated weight. */
public record HeavyHitter(SketchKey key, double weight) {
    /** Heaviest first; equal weights by their keys. */
    public static final Comparator<HeavyHitter> HEAVIEST_FIRST =
            Comparator.comparingDouble(HeavyHitter::weight).reversed().thenComparing(HeavyHitter::key);
}
