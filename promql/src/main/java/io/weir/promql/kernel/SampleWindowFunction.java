package io.weir.promql.kernel;

import io.weir.promql.series.Column;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;

/** A range function given by its result on one window, extended or not, that has at least one sample. */
abstract class SampleWindowFunction implements SampleKernel {
    private final long beforeMillis;
    private final long afterMillis;
    /** By sample: how many histograms there are before it. */
    private int[] histogramsBefore = new int[0];

    private double rangeSeconds;
    private Checkpoint checkpoint = Checkpoint.NONE;

    SampleWindowFunction(RangeExtension extension) {
        beforeMillis = extension.beforeMillis();
        afterMillis = extension.afterMillis();
    }

    /** Windows overlap, so that one series may be a lot of work: it is checked inside of it. */
    final void setCheckpoint(Checkpoint newCheckpoint) {
        checkpoint = newCheckpoint;
    }

    /** Looks at a series once, before its windows. */
    void prepare(SampleBuffer samples) {}

    /**
     * Puts the function's result on the samples {@code low} (inclusive) to {@code high} (exclusive) into the column, if there is one.
     *
     * @param startMillis start of the range without its extension, exclusive
     * @param endMillis end of the range without its extension
     */
    abstract void apply(
            SampleBuffer samples,
            int low,
            int high,
            long startMillis,
            long endMillis,
            RangeRemark.Sink remarks,
            int step,
            Column out);

    @Override
    public final void compute(
            SampleBuffer samples, Windows windows, double[][] arguments, RangeRemark.Sink remarks, Column out) {
        rangeSeconds = windows.rangeSeconds();
        countHistograms(samples);
        prepare(samples);
        long[] timestamps = samples.timestamps();
        int size = samples.size();
        int low = 0;
        int high = 0;
        long unchecked = 0;
        for (int step = 0; step < windows.count(); step++) {
            long end = windows.end(step);
            long start = end - windows.rangeMillis();
            while (high < size && timestamps[high] <= end + afterMillis) {
                high++;
            }
            while (low < high && timestamps[low] <= start - beforeMillis) {
                low++;
            }
            out.set(step, StaleMarker.VALUE);
            if (low < high) {
                apply(samples, low, high, start, end, remarks, step, out);
            }
            unchecked += high - low;
            if (unchecked >= Checkpoint.SAMPLES_MAX) {
                unchecked = 0;
                checkpoint.check();
            }
        }
    }

    private void countHistograms(SampleBuffer samples) {
        if (!samples.hasHistograms()) {
            histogramsBefore = new int[0];
            return;
        }
        int[] counts = new int[samples.size() + 1];
        for (int i = 0; i < samples.size(); i++) {
            counts[i + 1] = counts[i] + (samples.isHistogram(i) ? 1 : 0);
        }
        histogramsBefore = counts;
    }

    /** The range without its extension. */
    final double rangeSeconds() {
        return rangeSeconds;
    }

    /** Number of histograms in a window. */
    final int histograms(int low, int high) {
        return histogramsBefore.length == 0 ? 0 : histogramsBefore[high] - histogramsBefore[low];
    }

    final boolean isMixed(int low, int high) {
        int histograms = histograms(low, high);
        return histograms > 0 && histograms < high - low;
    }
}
