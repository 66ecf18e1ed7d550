package io.weir.promql.kernel;

import io.weir.promql.series.StaleMarker;
import java.util.Arrays;

/**
 * rate, increase and delta (Prometheus 3.14, promql/functions.go extrapolatedRate).
 *
 * <p>Needs two samples in the window. The difference of last and first sample, plus the value before every counter reset, is
 * extrapolated to the window's edges.
 */
public final class ExtrapolatedKernel implements RangeKernel {
    /* Implementation notes.
     * Bit-identical to a rescan of each window: resets are kept as a list of positions, because differences of a prefix sum
     * round differently. The divisions depend only on four distances, which regular scrapes repeat at every step, so the last
     * result is kept. The advance of both window edges is first tried with the previous step's distance.
     */
    private final boolean counter;
    private final boolean perSecond;
    private int[] resets = new int[16];
    private int resetCount;

    private long toStartMillis = -1;
    private long toEndMillis = -1;
    private long sampledMillis = -1;
    private int sampleCount = -1;
    private double rangeSeconds;
    private double toStart;
    private double toEnd;
    private double sampled;
    private double factor;

    private ExtrapolatedKernel(boolean counter, boolean perSecond) {
        this.counter = counter;
        this.perSecond = perSecond;
    }

    public static ExtrapolatedKernel rate() {
        return new ExtrapolatedKernel(true, true);
    }

    public static ExtrapolatedKernel increase() {
        return new ExtrapolatedKernel(true, false);
    }

    public static ExtrapolatedKernel delta() {
        return new ExtrapolatedKernel(false, false);
    }

    @Override
    public void compute(
            long[] timestamps, double[] values, int size, Windows windows, double[][] arguments, double[] out) {
        resetCount = 0;
        if (counter) {
            findResets(values, size);
        }
        forgetFactor(windows);
        long range = windows.rangeMillis();
        long endStep = windows.endStepMillis();
        long end = windows.firstEndMillis();
        int count = windows.count();
        int low = 0;
        int high = 0;
        int lowAdvance = 0;
        int highAdvance = 0;
        int reset = 0;
        for (int step = 0; step < count; step++, end += endStep) {
            int nextHigh = high + highAdvance;
            if (!isFirstAfter(timestamps, size, nextHigh, end)) {
                nextHigh = firstAfter(timestamps, size, high, end);
            }
            highAdvance = nextHigh - high;
            high = nextHigh;
            long start = end - range;
            int nextLow = low + lowAdvance;
            if (!isFirstAfter(timestamps, size, nextLow, start)) {
                nextLow = firstAfter(timestamps, size, low, start);
            }
            lowAdvance = nextLow - low;
            low = nextLow;
            if (high - low < 2) {
                out[step] = StaleMarker.VALUE;
                continue;
            }
            double first = values[low];
            double difference = values[high - 1] - first;
            while (reset < resetCount && resets[reset] <= low) {
                reset++;
            }
            for (int i = reset; i < resetCount && resets[i] < high; i++) {
                difference += values[resets[i] - 1];
            }
            out[step] = extrapolate(
                    first,
                    difference,
                    timestamps[low] - start,
                    end - timestamps[high - 1],
                    timestamps[high - 1] - timestamps[low],
                    high - low);
        }
    }

    private static boolean isFirstAfter(long[] timestamps, int size, int index, long time) {
        return index <= size
                && (index == 0 || timestamps[index - 1] <= time)
                && (index == size || timestamps[index] > time);
    }

    /** The first index from {@code from} on whose timestamp is after the time. */
    private static int firstAfter(long[] timestamps, int size, int from, long time) {
        int index = from;
        while (index < size && timestamps[index] <= time) {
            index++;
        }
        return index;
    }

    private void findResets(double[] values, int size) {
        for (int i = 1; i < size; i++) {
            if (values[i] < values[i - 1]) {
                if (resetCount == resets.length) {
                    resets = Arrays.copyOf(resets, resetCount * 2);
                }
                resets[resetCount++] = i;
            }
        }
    }

    private void forgetFactor(Windows windows) {
        sampleCount = -1;
        rangeSeconds = windows.rangeSeconds();
    }

    private double extrapolate(
            double first, double difference, long fromStart, long untilEnd, long between, int samples) {
        if (fromStart != toStartMillis
                || untilEnd != toEndMillis
                || between != sampledMillis
                || samples != sampleCount) {
            computeFactor(fromStart, untilEnd, between, samples);
        }
        if (counter && difference > 0 && first >= 0 && (first < difference || sampled < toStart)) {
            // a counter starts at zero: do not extrapolate to before that
            double toZero = sampled * (first / difference);
            if (toZero < toStart) {
                return difference * factorOf(toZero);
            }
        }
        return difference * factor;
    }

    private void computeFactor(long fromStart, long untilEnd, long between, int samples) {
        toStartMillis = fromStart;
        toEndMillis = untilEnd;
        sampledMillis = between;
        sampleCount = samples;
        toStart = fromStart / 1000.0;
        toEnd = untilEnd / 1000.0;
        sampled = between / 1000.0;
        double average = sampled / (samples - 1);
        double threshold = average * 1.1;
        if (toStart >= threshold) {
            toStart = average / 2;
        }
        if (toEnd >= threshold) {
            toEnd = average / 2;
        }
        factor = factorOf(toStart);
    }

    private double factorOf(double start) {
        double extrapolation = (sampled + start + toEnd) / sampled;
        return perSecond ? extrapolation / rangeSeconds : extrapolation;
    }
}
