package io.weir.promql.kernel;

import io.weir.promql.series.StaleMarker;

/**
 * The instant vector selector: at each step the newest sample of {@code (t - lookback, t]}; none if that sample is a
 * staleness marker (Prometheus 3.14, promql/engine.go vectorSelectorSingle).
 */
public final class InstantKernel {
    private InstantKernel() {}

    /**
     * Selects for all steps of one series.
     *
     * @param values with their staleness markers
     * @param windows the range is the lookback
     * @param sampleTime whether to return the sample's time in seconds in place of its value
     */
    public static void compute(
            long[] timestamps, double[] values, int size, Windows windows, boolean sampleTime, double[] out) {
        int count = windows.count();
        long lookback = windows.rangeMillis();
        int next = 0;
        for (int step = 0; step < count; step++) {
            long end = windows.end(step);
            while (next < size && timestamps[next] <= end) {
                next++;
            }
            double value = StaleMarker.VALUE;
            if (next > 0 && timestamps[next - 1] > end - lookback) {
                value = values[next - 1];
                if (sampleTime && !StaleMarker.is(value)) {
                    value = timestamps[next - 1] / 1000.0;
                }
            }
            out[step] = value;
        }
    }
}
