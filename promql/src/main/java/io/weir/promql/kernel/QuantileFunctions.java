package io.weir.promql.kernel;

import io.weir.promql.function.Quantiles;

/** The range functions that sort a window (Prometheus 3.14, promql/functions.go and quantile.go). */
final class QuantileFunctions {
    private QuantileFunctions() {}

    /** quantile_over_time; argument 0 is the quantile. */
    static final class Quantile extends WindowFunction {
        private final SortedWindow window = new SortedWindow();

        @Override
        protected void prepare(double[] values, int size) {
            window.reset();
        }

        @Override
        protected double apply(
                long[] timestamps,
                double[] values,
                int low,
                int high,
                long evaluationMillis,
                double[][] arguments,
                int step) {
            window.moveTo(values, low, high);
            return Quantiles.ofSorted(arguments[0][step], window.sorted(), window.size());
        }
    }

    /** mad_over_time: the median of the distances from the median; NaN if there is a NaN among the samples. */
    static final class MedianAbsoluteDeviation extends WindowFunction {
        private double[] sorted = new double[64];

        @Override
        protected double apply(
                long[] timestamps, double[] values, int low, int high, long evaluationMillis, double[][] a, int step) {
            int size = high - low;
            if (sorted.length < size) {
                sorted = new double[Math.max(size, sorted.length * 2)];
            }
            for (int i = low; i < high; i++) {
                if (Double.isNaN(values[i])) {
                    return Double.NaN;
                }
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
