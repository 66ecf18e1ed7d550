package io.weir.lake.codec;

import java.util.Arrays;

/**
 * Finds decimal mantissas and a common exponent for doubles: {@code (double) mantissa / 10^e} has a value's exact bits. Values for
 * which there are none (NaN payloads, -0.0, infinities, odd doubles) are marked raw. Reused from block to block.
 */
final class DecimalAnalysis {
    private static final byte NONE = -1;

    private byte[] exponents = new byte[0];
    private long[] smallMantissas = new long[0];
    private final int[] histogram = new int[BlockFormat.EXPONENT_MAX + 1];
    private long mantissaFound;

    /** Largest exponent a value needs. */
    int exponentMax;
    /** Smallest exponent that suffices for at least 7 of 8 values. */
    int exponentOfMost;

    /** Whether at most one value in eight has no decimal form. */
    boolean analyse(double[] values, int from, int count) {
        if (exponents.length < count) {
            exponents = new byte[Math.max(count, 1024)];
            smallMantissas = new long[Math.max(count, 1024)];
        }
        Arrays.fill(histogram, 0);
        int rawMax = count / 8;
        int raw = 0;
        int hint = 0;
        for (int i = 0; i < count; i++) {
            int exponent = smallestExponent(values[from + i], hint);
            exponents[i] = (byte) exponent;
            if (exponent == NONE) {
                if (++raw > rawMax) {
                    return false;
                }
            } else {
                smallMantissas[i] = mantissaFound;
                histogram[exponent]++;
                hint = exponent;
            }
        }
        chooseExponents(count, rawMax - raw);
        return true;
    }

    private void chooseExponents(int count, int spare) {
        exponentMax = 0;
        for (int e = 0; e <= BlockFormat.EXPONENT_MAX; e++) {
            if (histogram[e] > 0) {
                exponentMax = e;
            }
        }
        exponentOfMost = exponentMax;
        int left = Math.min(spare, count);
        while (exponentOfMost > 0 && histogram[exponentOfMost] <= left) {
            left -= histogram[exponentOfMost];
            exponentOfMost--;
        }
    }

    private int smallestExponent(double value, int hint) {
        long bits = Double.doubleToRawLongBits(value);
        if (!(Math.abs(value) < BlockFormat.MANTISSA_LIMIT) || bits == Long.MIN_VALUE) {
            return NONE;
        }
        if (isExact(value, bits, hint)) {
            int exponent = hint;
            long mantissa = mantissaFound;
            while (exponent > 0 && isExact(value, bits, exponent - 1)) {
                exponent--;
                mantissa = mantissaFound;
            }
            mantissaFound = mantissa;
            return exponent;
        }
        for (int e = 0; e <= BlockFormat.EXPONENT_MAX; e++) {
            if (isExact(value, bits, e)) {
                return e;
            }
            if (Math.abs(value) * BlockFormat.powerOfTen(e) >= BlockFormat.MANTISSA_LIMIT) {
                return NONE;
            }
        }
        return NONE;
    }

    private boolean isExact(double value, long bits, int exponent) {
        double power = BlockFormat.powerOfTen(exponent);
        double scaled = Math.rint(value * power);
        if (!(Math.abs(scaled) < BlockFormat.MANTISSA_LIMIT)) {
            return false;
        }
        // Divide, never multiply by 10^-e: only the division of two exact numbers is rounded once.
        mantissaFound = (long) scaled;
        return Double.doubleToRawLongBits((double) mantissaFound / power) == bits;
    }

    /**
     * Fills the mantissas at an exponent. Values without one get a mantissa in between their neighbours', so that the deltas stay
     * ordinary.
     *
     * @param rawOut set true for each value that has no mantissa
     * @return how many have none, or -1 if they are more than one in eight
     */
    int mantissas(int exponent, int count, long[] out, boolean[] rawOut) {
        int raw = 0;
        for (int i = 0; i < count; i++) {
            int own = exponents[i];
            boolean fits = own != NONE && own <= exponent;
            if (fits) {
                long factor = (long) BlockFormat.powerOfTen(exponent - own);
                long limit = BlockFormat.MANTISSA_LIMIT / factor;
                fits = smallMantissas[i] < limit && smallMantissas[i] > -limit;
                out[i] = fits ? smallMantissas[i] * factor : 0;
            }
            rawOut[i] = !fits;
            if (!fits && ++raw > count / 8) {
                return -1;
            }
        }
        if (raw > 0) {
            interpolate(count, out, rawOut);
        }
        return raw;
    }

    private static void interpolate(int count, long[] mantissas, boolean[] raw) {
        int i = 0;
        while (i < count) {
            if (!raw[i]) {
                i++;
                continue;
            }
            int end = i;
            while (end < count && raw[end]) {
                end++;
            }
            long step;
            if (i == 0) {
                step = end + 1 < count && !raw[end + 1] ? mantissas[end + 1] - mantissas[end] : 0;
                for (int k = end - 1; k >= 0; k--) {
                    mantissas[k] = clamp(mantissas[k + 1] - step);
                }
            } else {
                step = end < count
                        ? (mantissas[end] - mantissas[i - 1]) / (end - i + 1)
                        : i >= 2 ? mantissas[i - 1] - mantissas[i - 2] : 0;
                for (int k = i; k < end; k++) {
                    mantissas[k] = clamp(mantissas[k - 1] + step);
                }
            }
            i = end;
        }
    }

    private static long clamp(long mantissa) {
        return Math.max(-BlockFormat.MANTISSA_LIMIT, Math.min(BlockFormat.MANTISSA_LIMIT, mantissa));
    }
}
