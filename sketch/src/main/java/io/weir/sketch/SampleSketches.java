package io.weir.sketch;

import io.weir.sketch.hash.HashProfile;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Arrays;

/**
 * Sketches of the values of samples, built alike wherever Weir builds them, so that they merge: by workers over segments, of a Prometheus'
 * samples, in a collector.
 *
 * <p>The item of a value is its text as Prometheus' JSON has it ({@link #text}), in UTF-8; staleness markers are no samples and never recorded.
 */
public final class SampleSketches {
    /** The matrix of Count-Min: estimates exceed the weight by at most 0.13 % of the total with probability 0.993. */
    public static final int ROWS = 5;

    public static final int COLUMNS = 2048;

    private static final long STALE_BITS = 0x7ff0000000000002L;
    private static final double PLAIN_FROM = 1e-3;
    private static final double PLAIN_BELOW = 1e7;
    private static final double EXPONENT_BELOW = 1e-6;
    private static final double EXPONENT_FROM = 1e21;

    private SampleSketches() {}

    /** An empty sketch for quantiles. @param relativeAccuracy alpha */
    public static DdSketch quantiles(double relativeAccuracy) {
        return DdSketch.ofAccuracy(relativeAccuracy);
    }

    /** An empty sketch for distinct counts. @param precision in bits */
    public static HyperLogLog distinct(int precision) {
        return new HyperLogLog(precision, HashProfile.STANDARD.canonicalSeed(), HyperLogLog.Variant.REGULAR);
    }

    /** An empty sketch for the most frequent values. @param candidatesMax values it remembers */
    public static CountMin frequencies(int candidatesMax) {
        return new CountMin(FrequencyParameters.of(ROWS, COLUMNS, candidatesMax));
    }

    /**
     * Records the value of one sample.
     *
     * @throws SketchCapacityException when a DDSketch would grow beyond its bound
     */
    public static void record(Sketch sketch, double value) {
        if (Double.doubleToRawLongBits(value) == STALE_BITS) {
            return;
        }
        switch (sketch) {
            case DdSketch quantiles -> quantiles.add(value);
            case HyperLogLog distinct -> distinct.add(key(value).bytes());
            case FrequencySketch frequencies -> frequencies.add(key(value));
        }
    }

    /**
     * Records the values of many samples: as one by one, but an item that comes often is named and hashed once.
     *
     * @param values reordered
     * @throws SketchCapacityException when a DDSketch would grow beyond its bound; some are recorded then
     */
    public static void recordAll(Sketch sketch, double[] values, int count) {
        switch (sketch) {
            case DdSketch quantiles -> {
                for (int i = 0; i < count; i++) {
                    record(quantiles, values[i]);
                }
            }
            case HyperLogLog distinct -> forEachItem(values, count, (item, times) -> distinct.add(item.bytes()));
            case FrequencySketch frequencies -> forEachItem(values, count, frequencies::add);
        }
    }

    private interface ItemVisitor {
        void visit(SketchKey item, double times);
    }

    private static void forEachItem(double[] values, int count, ItemVisitor visitor) {
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (Double.doubleToRawLongBits(values[i]) != STALE_BITS) {
                // The two zeros are one item.
                values[kept++] = values[i] + 0.0;
            }
        }
        Arrays.sort(values, 0, kept);
        for (int from = 0; from < kept; ) {
            int to = from + 1;
            while (to < kept && Double.compare(values[from], values[to]) == 0) {
                to++;
            }
            visitor.visit(key(values[from]), to - from);
            from = to;
        }
    }

    /** The item that a value is. */
    public static SketchKey key(double value) {
        return SketchKey.of(text(value));
    }

    /**
     * A value as Prometheus' JSON has it: the shortest digits that give it back, with an exponent below 1e-6 and from 1e21 on. Negative zero is
     * {@code 0}, and all NaN are {@code NaN}: each is one value.
     */
    public static String text(double value) {
        if (Double.isNaN(value)) {
            return "NaN";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "+Inf" : "-Inf";
        }
        double magnitude = Math.abs(value);
        if (magnitude < 1e15 && magnitude == (long) magnitude) {
            return Long.toString((long) value);
        }
        String sign = value < 0 ? "-" : "";
        if (magnitude >= PLAIN_FROM && magnitude < PLAIN_BELOW) {
            // Java writes these as Prometheus does: the shortest digits, and no exponent.
            return sign + Double.toString(magnitude);
        }
        BigDecimal shortest = shortest(magnitude);
        return magnitude < EXPONENT_BELOW || magnitude >= EXPONENT_FROM
                ? sign + withExponent(shortest)
                : sign + shortest.toPlainString();
    }

    /** Java writes two digits at least, and chooses the nearest (4.9E-324) where one would do (5E-324). */
    private static BigDecimal shortest(double magnitude) {
        BigDecimal decimal = new BigDecimal(Double.toString(magnitude)).stripTrailingZeros();
        if (decimal.precision() == 2) {
            BigDecimal one = decimal.round(new MathContext(1, RoundingMode.HALF_UP));
            return one.doubleValue() == magnitude ? one.stripTrailingZeros() : decimal;
        }
        return decimal;
    }

    private static String withExponent(BigDecimal decimal) {
        String digits = decimal.unscaledValue().toString();
        int exponent = digits.length() - 1 - decimal.scale();
        String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
        return digits.charAt(0) + fraction + "e" + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "")
                + Math.abs(exponent);
    }
}
