package io.weir.sketch;

import java.util.OptionalDouble;

/**
 * A quantile sketch whose answers are within a relative accuracy of a value that was recorded.
 *
 * <p>Positive and negative values go into bins of their magnitude, zero and magnitudes below the smallest normal double
 * ({@value Double#MIN_NORMAL}) into a count of zeros. The infinities are counted by themselves and take part in ranks as
 * what they are: below and above every number. NaN takes part in no rank; {@link #nanWeight} says how much of it there was.
 * A staleness marker is the absence of a sample and is not recorded at all.
 *
 * <p>The quantile {@code q} is the value of rank {@code max(1, ceil(q * count))}, the nearest-rank definition: no interpolation.
 * Source: Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch" (VLDB 2019).
 */
public final class DdSketch implements Sketch {
    private static final int OBJECT_BYTES = 96;
    /** Prometheus' staleness marker, a NaN with a payload of its own. */
    private static final long STALE_BITS = 0x7ff0000000000002L;

    private final LogarithmicMapping mapping;
    private final DdSketchLimits limits;
    private final BinStore positive;
    private final BinStore negative;
    private double zero;
    private double positiveInfinity;
    private double negativeInfinity;
    private double nan;

    public DdSketch(LogarithmicMapping mapping, DdSketchLimits limits) {
        this(mapping, limits, new BinStore(limits), new BinStore(limits));
    }

    /** A sketch of this relative accuracy with the default limits. */
    public static DdSketch ofAccuracy(double relativeAccuracy) {
        return new DdSketch(LogarithmicMapping.ofAccuracy(relativeAccuracy), DdSketchLimits.DEFAULT);
    }

    private DdSketch(LogarithmicMapping mapping, DdSketchLimits limits, BinStore positive, BinStore negative) {
        this.mapping = mapping;
        this.limits = limits;
        this.positive = positive;
        this.negative = negative;
    }

    public LogarithmicMapping mapping() {
        return mapping;
    }

    public DdSketchLimits limits() {
        return limits;
    }

    /** Records one sample. */
    public void add(double value) {
        add(value, 1);
    }

    /**
     * Records a value as often as {@code weight} says.
     *
     * @param weight positive and finite
     * @throws SketchCapacityException when its bin is beyond the bound; the sketch is as before
     */
    public void add(double value, double weight) {
        requireWeight(weight);
        double magnitude = Math.abs(value);
        if (magnitude >= Double.MIN_NORMAL && magnitude <= Double.MAX_VALUE) {
            (value > 0 ? positive : negative).add(mapping.index(magnitude), weight);
        } else if (magnitude < Double.MIN_NORMAL) {
            zero += weight;
        } else if (value == Double.POSITIVE_INFINITY) {
            positiveInfinity += weight;
        } else if (value == Double.NEGATIVE_INFINITY) {
            negativeInfinity += weight;
        } else if (Double.doubleToRawLongBits(value) != STALE_BITS) {
            nan += weight;
        }
    }

    /** Records weight straight into a bin, as formats and SQL deliver it. */
    public void addToBin(boolean isPositive, int index, double weight) {
        requireWeight(weight);
        (isPositive ? positive : negative).add(index, weight);
    }

    private static void requireWeight(double weight) {
        if (!(weight > 0 && weight <= Double.MAX_VALUE)) {
            throw new IllegalArgumentException("a weight is positive and finite, not " + weight);
        }
    }

    /** The weight of all that has a rank: numbers and infinities. */
    public double count() {
        return negativeInfinity + negative.total() + zero + positive.total() + positiveInfinity;
    }

    public double zeroWeight() {
        return zero;
    }

    public double positiveInfinityWeight() {
        return positiveInfinity;
    }

    public double negativeInfinityWeight() {
        return negativeInfinity;
    }

    /** The weight of what is not a number. A quantile of samples among which there was such must say so. */
    public double nanWeight() {
        return nan;
    }

    /**
     * The value at a quantile, within the relative accuracy of one that was recorded.
     *
     * @param q from 0 to 1
     * @return empty when nothing has a rank
     */
    public OptionalDouble quantile(double q) {
        double count = count();
        double rank = rankOf(q, count);
        if (count == 0) {
            return OptionalDouble.empty();
        }
        if (rank <= negativeInfinity) {
            return OptionalDouble.of(Double.NEGATIVE_INFINITY);
        }
        rank -= negativeInfinity;
        if (rank <= negative.total()) {
            return OptionalDouble.of(-mapping.value(negative.indexAtRankFromAbove(rank)));
        }
        rank -= negative.total();
        if (rank <= zero) {
            return OptionalDouble.of(0);
        }
        rank -= zero;
        if (rank <= positive.total() || (positiveInfinity == 0 && positive.total() > 0)) {
            return OptionalDouble.of(mapping.value(positive.indexAtRankFromBelow(rank)));
        }
        return OptionalDouble.of(positiveInfinity > 0 ? Double.POSITIVE_INFINITY : 0);
    }

    private static double rankOf(double q, double count) {
        if (!(q >= 0 && q <= 1)) {
            throw new IllegalArgumentException("a quantile lies from 0 to 1, not at " + q);
        }
        // Weights may be fractions: no rank is beyond their sum.
        return Math.min(count, Math.max(Math.min(1, count), Math.ceil(q * count)));
    }

    /** What is told about the bins of one sign, in the order of indexes. */
    @FunctionalInterface
    public interface BinVisitor {
        void bin(int index, double weight);
    }

    /** Visits the bins in use, lowest index first, with a weight above zero. */
    public void forEachBin(boolean isPositive, BinVisitor visitor) {
        BinStore store = isPositive ? positive : negative;
        for (int index = store.lowest(); index <= store.highest(); index++) {
            double weight = store.at(index);
            if (weight > 0) {
                visitor.bin(index, weight);
            }
        }
    }

    /** The weight in the bins of one sign. */
    public double binnedWeight(boolean isPositive) {
        return (isPositive ? positive : negative).total();
    }

    @Override
    public SketchKind kind() {
        return SketchKind.DDSKETCH;
    }

    @Override
    public boolean isEmpty() {
        return count() == 0 && nan == 0;
    }

    @Override
    public DdSketch copy() {
        DdSketch copy = new DdSketch(mapping, limits, positive.copy(), negative.copy());
        copy.zero = zero;
        copy.positiveInfinity = positiveInfinity;
        copy.negativeInfinity = negativeInfinity;
        copy.nan = nan;
        return copy;
    }

    @Override
    public DdSketch emptyCopy() {
        return new DdSketch(mapping, limits);
    }

    @Override
    public void mergeFrom(Sketch other) {
        if (!(other instanceof DdSketch that) || !mapping.isSameAs(that.mapping)) {
            throw new SketchMismatchException("a DDSketch of " + mapping + " does not merge with "
                    + (other instanceof DdSketch that ? "one of " + that.mapping : "a sketch of kind " + other.kind()));
        }
        if (that == this) {
            throw new SketchMismatchException("a sketch does not merge with itself");
        }
        positive.requireRoomFor(that.positive);
        negative.requireRoomFor(that.negative);
        positive.addAll(that.positive);
        negative.addAll(that.negative);
        zero += that.zero;
        positiveInfinity += that.positiveInfinity;
        negativeInfinity += that.negativeInfinity;
        nan += that.nan;
    }

    @Override
    public long retainedBytes() {
        return OBJECT_BYTES + positive.retainedBytes() + negative.retainedBytes();
    }

    /** Whether both hold the same weights in the same bins. */
    public boolean sameContents(DdSketch other) {
        return mapping.isSameAs(other.mapping)
                && positive.sameWeights(other.positive)
                && negative.sameWeights(other.negative)
                && zero == other.zero
                && positiveInfinity == other.positiveInfinity
                && negativeInfinity == other.negativeInfinity
                && nan == other.nan;
    }
}
