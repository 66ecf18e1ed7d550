package io.weir.promql.function;

import java.util.Arrays;

/** Quantiles with linear interpolation; NaN sorts first (Prometheus 3.14, promql/quantile.go quantile). */
public final class Quantiles {
    private Quantiles() {}

    /** Whether the quantile is outside of [0, 1], which Prometheus warns about. */
    public static boolean isInvalid(double quantile) {
        return !(quantile >= 0 && quantile <= 1);
    }

    /** The quantile of the first {@code size} values, which this method sorts; see {@link #ofSorted}. */
    public static double ofUnsorted(double quantile, double[] values, int size) {
        if (quantile >= 0 && quantile <= 1) {
            Arrays.sort(values, 0, size);
        }
        return ofSorted(quantile, values, size);
    }

    /**
     * The quantile of the first {@code size} values; NaN without values.
     *
     * @param quantile -Inf results for less than 0, +Inf for more than 1, NaN for NaN
     * @param values in the order of {@link Arrays#sort(double[])}
     */
    public static double ofSorted(double quantile, double[] values, int size) {
        if (size == 0 || Double.isNaN(quantile)) {
            return Double.NaN;
        }
        if (quantile < 0) {
            return Double.NEGATIVE_INFINITY;
        }
        if (quantile > 1) {
            return Double.POSITIVE_INFINITY;
        }
        // Java sorts NaN to the end, Prometheus to the start
        int numbers = size;
        while (numbers > 0 && Double.isNaN(values[numbers - 1])) {
            numbers--;
        }
        double rank = quantile * (size - 1.0);
        int lower = (int) Math.floor(rank);
        int upper = Math.min(size - 1, lower + 1);
        double weight = rank - Math.floor(rank);
        return at(values, size, numbers, lower) * (1 - weight) + at(values, size, numbers, upper) * weight;
    }

    private static double at(double[] values, int size, int numbers, int position) {
        int nans = size - numbers;
        return position < nans ? Double.NaN : values[position - nans];
    }
}
