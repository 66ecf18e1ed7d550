package io.weir.promql.function;

/** Functions of Go's package math that Java lacks or defines differently. */
public final class GoMath {
    private static final double LN2 = 0.693147180559945309417232121458176568;
    private static final double LN10 = 2.30258509299404568401799145468436421;
    /** 2^28: above it the root in the inverse hyperbolic functions is the number itself. */
    private static final double LARGE = 1 << 28;

    private static final double NEAR_ZERO = 1.0 / (1 << 28);

    private GoMath() {}

    /** math.Max: like Java's, but +Inf wins over NaN. */
    public static double max(double a, double b) {
        return a == Double.POSITIVE_INFINITY || b == Double.POSITIVE_INFINITY
                ? Double.POSITIVE_INFINITY
                : Math.max(a, b);
    }

    /** math.Min: like Java's, but -Inf wins over NaN. */
    public static double min(double a, double b) {
        return a == Double.NEGATIVE_INFINITY || b == Double.NEGATIVE_INFINITY
                ? Double.NEGATIVE_INFINITY
                : Math.min(a, b);
    }

    /** math.Log2: exact for powers of two. */
    public static double log2(double value) {
        if (!(value > 0) || value == Double.POSITIVE_INFINITY) {
            return StrictMath.log(value);
        }
        // value = fraction * 2^exponent with 0.5 <= fraction < 1; subnormals are scaled up first
        double normal = value < Double.MIN_NORMAL ? value * 0x1p54 : value;
        int exponent = Math.getExponent(normal) + 1;
        double fraction = Math.scalb(normal, -exponent);
        int unscaled = value < Double.MIN_NORMAL ? exponent - 54 : exponent;
        if (fraction == 0.5) {
            return unscaled - 1;
        }
        return StrictMath.log(fraction) * (1 / LN2) + unscaled;
    }

    /** math.Log10, which Go derives from Log2: log10(1000) is 2.9999999999999996. */
    public static double log10(double value) {
        return log2(value) * (LN2 / LN10);
    }

    /** math.Acosh. */
    public static double acosh(double value) {
        if (!(value >= 1)) {
            return Double.NaN;
        }
        if (value == 1) {
            return 0;
        }
        if (value >= LARGE) {
            return StrictMath.log(value) + LN2;
        }
        if (value > 2) {
            return StrictMath.log(2 * value - 1 / (value + Math.sqrt(value * value - 1)));
        }
        double t = value - 1;
        return StrictMath.log1p(t + Math.sqrt(2 * t + t * t));
    }

    /** math.Asinh. */
    public static double asinh(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return value;
        }
        double x = Math.abs(value);
        double result;
        if (x > LARGE) {
            result = StrictMath.log(x) + LN2;
        } else if (x > 2) {
            result = StrictMath.log(2 * x + 1 / (Math.sqrt(x * x + 1) + x));
        } else if (x < NEAR_ZERO) {
            result = x;
        } else {
            result = StrictMath.log1p(x + x * x / (1 + Math.sqrt(1 + x * x)));
        }
        return Math.copySign(result, value);
    }

    /** math.Atanh. */
    public static double atanh(double value) {
        double x = Math.abs(value);
        if (!(x <= 1)) {
            return Double.NaN;
        }
        double result;
        if (x == 1) {
            result = Double.POSITIVE_INFINITY;
        } else if (x < NEAR_ZERO) {
            result = x;
        } else if (x < 0.5) {
            double t = x + x;
            result = 0.5 * StrictMath.log1p(t + t * x / (1 - x));
        } else {
            result = 0.5 * StrictMath.log1p((x + x) / (1 - x));
        }
        return Math.copySign(result, value);
    }
}
