package io.weir.promql.function;

/**
 * A Kahan-Neumaier sum: the rounding errors are kept apart from the running sum (Prometheus 3.14, util/kahansum).
 *
 * <p>{@code 1e100 + 1 - 1e100} is 1 this way. A sum that becomes infinite drops its compensation, which would be NaN.
 */
public final class NeumaierSum {
    private double sum;
    private double compensation;

    public NeumaierSum() {}

    public void reset() {
        reset(0, 0);
    }

    public void reset(double sum, double compensation) {
        this.sum = sum;
        this.compensation = compensation;
    }

    public void add(double value) {
        double next = sum + value;
        compensation = compensation(sum, compensation, value, next);
        sum = next;
    }

    /** The running sum without its compensation. */
    public double sum() {
        return sum;
    }

    public double compensation() {
        return compensation;
    }

    public double total() {
        return total(sum, compensation);
    }

    /** The compensation after {@code next = sum + value}. */
    public static double compensation(double sum, double compensation, double value, double next) {
        if (Double.isInfinite(next)) {
            return 0;
        }
        return Math.abs(sum) >= Math.abs(value)
                ? compensation + ((sum - next) + value)
                : compensation + ((value - next) + sum);
    }

    /** The value of a sum and its compensation; an infinite sum stands for itself. */
    public static double total(double sum, double compensation) {
        return Double.isInfinite(sum) ? sum : sum + compensation;
    }
}
