package io.weir.promql.kernel;

import io.weir.promql.function.Quantiles;

/** The range functions that sort a window (Prometheus 3.14, promql/functions.go and quantile.go). */
final class QuantileFunctions {
    private QuantileFunctions() {}

    /** quantile_over_time; argument 0 is the quantile. */
    static final class Quantile extends WindowFunction {
        private double[] sorted = new double[64];

        @Override
        protected double apply(
                long[] timestamps,
                double[] values,
                int low,
                int high,
                long evaluationMillis,
                double[][] arguments,
                int step) {
            int size = high - low;
            if (sorted.length < size) {
                sorted = new double[Math.max(size, sorted.length * 2)];
            }
            System.arraycopy(values, low, sorted, 0, size);
            return Quantiles.ofUnsorted(arguments[0][step], sorted, size);
        }
    }

    /** mad_over_time: the median of the distances from the median. */
    static final class MedianAbsoluteDeviation extends WindowFunction {
        private double[] sorted = new double[64];

        @Override
        protected double apply(
                long[] timestamps, double[] values, int low, int high, long evaluationMillis, double[][] a, int step) {
            int size = high - low;
            if (sorted.length < size) {
                sorted = new double[Math.max(size, sorted.length * 2)];
            }
            System.arraycopy(values, low, sorted, 0, size);
            double median = Quantiles.ofUnsorted(0.5, sorted, size);
            for (int i = 0; i < size; i++) {
                sorted[i] = Math.abs(values[low + i] - median);
            }
            return Quantiles.ofUnsorted(0.5, sorted, size);
        }
    }
}
