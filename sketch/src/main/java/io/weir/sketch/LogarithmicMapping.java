package io.weir.sketch;

/**
 * Which bin a positive value falls into: {@code floor(ln(value) / ln(gamma) + offset)}, with
 * {@code gamma = (1 + accuracy) / (1 - accuracy)}.
 *
 * <p>A bin stands for {@code gamma^(index - offset) * (1 + accuracy)}, which lies within {@code accuracy} (relatively) of every
 * value of the bin. Source: Masson, Rim, Lee, "DDSketch" (VLDB 2019), section 2.1; the formula is that of sketchlib and of
 * DataDog's LogarithmicMapping.
 */
public final class LogarithmicMapping {
    /** Producers derive accuracy from gamma and gamma from accuracy; the rounding of that is far below this. */
    private static final double SAME_ACCURACY = 1e-9;

    private final double relativeAccuracy;
    private final double gamma;
    private final double logGamma;
    private final double inverseLogGamma;
    private final double offset;

    private LogarithmicMapping(double relativeAccuracy, double gamma, double offset) {
        this.relativeAccuracy = relativeAccuracy;
        this.gamma = gamma;
        this.offset = offset;
        logGamma = Math.log(gamma);
        inverseLogGamma = 1 / logGamma;
    }

    /**
     * The mapping of a relative accuracy.
     *
     * @param relativeAccuracy from {@link #ACCURACY_MIN} and below 1
     */
    public static LogarithmicMapping ofAccuracy(double relativeAccuracy) {
        return new LogarithmicMapping(checked(relativeAccuracy), (1 + relativeAccuracy) / (1 - relativeAccuracy), 0);
    }

    /**
     * The mapping of a ratio between the borders of a bin.
     *
     * @param gamma above 1; the mapping's accuracy is (gamma - 1) / (gamma + 1)
     */
    public static LogarithmicMapping ofGamma(double gamma, double offset) {
        if (!(gamma > 1) || Double.isInfinite(gamma)) {
            throw new IllegalArgumentException("gamma is a number above 1, not " + gamma);
        }
        if (!(Math.abs(offset) <= OFFSET_MAX)) {
            throw new IllegalArgumentException("an index offset lies within " + OFFSET_MAX + " of 0, not at " + offset);
        }
        return new LogarithmicMapping(checked((gamma - 1) / (gamma + 1)), gamma, offset);
    }

    /** A finer mapping would number bins beyond 32 bits. */
    public static final double ACCURACY_MIN = 1e-6;

    /** Offsets beyond it would number bins beyond 32 bits. */
    public static final double OFFSET_MAX = 1 << 30;

    private static double checked(double relativeAccuracy) {
        if (!(relativeAccuracy >= ACCURACY_MIN && relativeAccuracy < 1)) {
            throw new IllegalArgumentException(
                    "a relative accuracy lies between " + ACCURACY_MIN + " and 1, not at " + relativeAccuracy);
        }
        return relativeAccuracy;
    }

    public double relativeAccuracy() {
        return relativeAccuracy;
    }

    public double gamma() {
        return gamma;
    }

    public double offset() {
        return offset;
    }

    /**
     * The bin of a value.
     *
     * @param value positive, finite and normal
     */
    public int index(double value) {
        return (int) Math.floor(Math.log(value) * inverseLogGamma + offset);
    }

    /** What stands for the values of a bin; never infinite. */
    public double value(int index) {
        return Math.min(Double.MAX_VALUE, Math.exp((index - offset) * logGamma) * (1 + relativeAccuracy));
    }

    /** Whether bins of the two mean the same values. */
    public boolean isSameAs(LogarithmicMapping other) {
        return Math.abs(relativeAccuracy - other.relativeAccuracy) <= SAME_ACCURACY * relativeAccuracy
                && Math.abs(offset - other.offset) <= SAME_ACCURACY * Math.max(1, Math.abs(offset));
    }

    @Override
    public String toString() {
        return "accuracy " + relativeAccuracy + (offset == 0 ? "" : ", offset " + offset);
    }
}
