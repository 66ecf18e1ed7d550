package io.weir.promql.kernel;

import io.weir.promql.series.StaleMarker;

/** A range function given by its value on one window that has at least one sample. */
abstract class WindowFunction implements RangeKernel {
    private Checkpoint checkpoint = Checkpoint.NONE;

    /** Windows overlap, so that one series may be a lot of work: it is checked inside of it. */
    final void setCheckpoint(Checkpoint newCheckpoint) {
        checkpoint = newCheckpoint;
    }

    /** Looks at a series once, before its windows. */
    protected void prepare(double[] values, int size) {}

    /**
     * The function's value on the samples {@code low} (inclusive) to {@code high} (exclusive); the stale marker for none.
     *
     * @param evaluationMillis the step's time
     */
    protected abstract double apply(
            long[] timestamps,
            double[] values,
            int low,
            int high,
            long evaluationMillis,
            double[][] arguments,
            int step);

    @Override
    public final void compute(
            long[] timestamps, double[] values, int size, Windows windows, double[][] arguments, double[] out) {
        prepare(values, size);
        long range = windows.rangeMillis();
        int count = windows.count();
        int low = 0;
        int high = 0;
        long unchecked = 0;
        for (int step = 0; step < count; step++) {
            long end = windows.end(step);
            while (high < size && timestamps[high] <= end) {
                high++;
            }
            while (low < high && timestamps[low] <= end - range) {
                low++;
            }
            out[step] = low < high
                    ? apply(timestamps, values, low, high, windows.evaluation().at(step), arguments, step)
                    : StaleMarker.VALUE;
            unchecked += high - low;
            if (unchecked >= Checkpoint.SAMPLES_MAX) {
                unchecked = 0;
                checkpoint.check();
            }
        }
    }
}
