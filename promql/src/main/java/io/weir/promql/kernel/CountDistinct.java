package io.weir.promql.kernel;

/** count_distinct_over_time: how many different values the samples of a window have. */
final class CountDistinct extends WindowFunction {
    private final CountedWindow window = new CountedWindow();

    @Override
    protected void prepare(double[] values, int size) {
        window.reset();
    }

    @Override
    protected double apply(
            long[] timestamps, double[] values, int low, int high, long evaluationMillis, double[][] a, int step) {
        window.moveTo(values, low, high);
        return window.distinct();
    }
}
