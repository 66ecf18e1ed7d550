package io.weir.sketch;

/**
 * How far a {@link DdSketch} may grow.
 *
 * @param binsMax bins of each of the two stores, from the lowest to the highest in use; 8 bytes each
 * @param overflow what happens to a value beyond them
 */
public record DdSketchLimits(int binsMax, Overflow overflow) {
    /** At an accuracy of 1 % these bins span 142 powers of ten: more than any unit of measure needs. 128 KiB a store. */
    public static final DdSketchLimits DEFAULT = new DdSketchLimits(16_384, Overflow.REFUSE);

    public DdSketchLimits {
        if (binsMax < 2 || binsMax > 1 << 26) {
            throw new IllegalArgumentException("bins lie between 2 and 67108864, not at " + binsMax);
        }
    }

    /** What happens to a value beyond the bins. */
    public enum Overflow {
        /** A {@link SketchCapacityException}; the sketch stays as it was. */
        REFUSE,
        /** The lowest bins (magnitudes nearest to zero) become one; {@link DdSketch#keepsAccuracyAt} says what is still exact. */
        COLLAPSE_LOWEST
    }
}
