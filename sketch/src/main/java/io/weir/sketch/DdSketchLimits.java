package io.weir.sketch;

/**
 * How far a {@link DdSketch} may grow. A value beyond is refused, and the sketch stays as it was.
 *
 * @param binsMax bins of each of the two stores, from the lowest to the highest in use; 8 bytes each
 */
public record DdSketchLimits(int binsMax) {
    /** At an accuracy of 1 % these bins span 142 powers of ten: more than any unit of measure needs. 128 KiB a store. */
    public static final DdSketchLimits DEFAULT = new DdSketchLimits(16_384);

    public DdSketchLimits {
        if (binsMax < 2 || binsMax > 1 << 26) {
            throw new IllegalArgumentException("bins lie between 2 and 67108864, not at " + binsMax);
        }
    }
}
