package io.weir.promql.kernel;

import io.weir.promql.function.NeumaierSum;

/**
 * The range functions that add up: sum, average, variance and deviation over time (Prometheus 3.14, promql/functions.go).
 *
 * <p>A compensated sum cannot be undone, so every window is added up afresh.
 */
final class SumFunctions {
    private SumFunctions() {}

    static final class Sum extends WindowFunction {
        @Override
        protected double apply(
                long[] timestamps, double[] values, int low, int high, long evaluationMillis, double[][] a, int step) {
            double sum = 0;
            double compensation = 0;
            for (int i = low; i < high; i++) {
                double value = values[i];
                double next = sum + value;
                compensation = NeumaierSum.compensation(sum, compensation, value, next);
                sum = next;
            }
            return NeumaierSum.total(sum, compensation);
        }
    }

    /** The sum divided by the count, or from where the sum overflows on a running mean. */
    static final class Average extends WindowFunction {
        @Override
        protected double apply(
                long[] timestamps, double[] values, int low, int high, long evaluationMillis, double[][] a, int step) {
            double sum = values[low];
            double compensation = 0;
            for (int i = low + 1; i < high; i++) {
                double value = values[i];
                double next = sum + value;
                if (Double.isInfinite(next)) {
                    return runningMean(values, low, i, high, sum, compensation);
                }
                compensation = NeumaierSum.compensation(sum, compensation, value, next);
                sum = next;
            }
            double count = high - low;
            return sum / count + compensation / count;
        }

        private static double runningMean(
                double[] values, int low, int from, int high, double sum, double sumCompensation) {
            double before = from - low;
            double mean = sum / before;
            double compensation = sumCompensation / before;
            for (int i = from; i < high; i++) {
                double count = i - low + 1;
                double share = (count - 1) / count;
                double scaled = share * mean;
                double part = values[i] / count;
                double next = scaled + part;
                compensation = NeumaierSum.compensation(scaled, share * compensation, part, next);
                mean = next;
            }
            return mean + compensation;
        }
    }

    /** Welford's method with compensated mean and moment. */
    static final class Variance extends WindowFunction {
        private final boolean root;

        Variance(boolean root) {
            this.root = root;
        }

        @Override
        protected double apply(
                long[] timestamps, double[] values, int low, int high, long evaluationMillis, double[][] a, int step) {
            double mean = 0;
            double meanCompensation = 0;
            double moment = 0;
            double momentCompensation = 0;
            for (int i = low; i < high; i++) {
                double value = values[i];
                double delta = value - (mean + meanCompensation);
                double part = delta / (i - low + 1);
                double nextMean = mean + part;
                meanCompensation = NeumaierSum.compensation(mean, meanCompensation, part, nextMean);
                mean = nextMean;
                double square = delta * (value - (mean + meanCompensation));
                double nextMoment = moment + square;
                momentCompensation = NeumaierSum.compensation(moment, momentCompensation, square, nextMoment);
                moment = nextMoment;
            }
            double variance = (moment + momentCompensation) / (high - low);
            return root ? Math.sqrt(variance) : variance;
        }
    }
}
