package io.weir.promql.kernel;

/** A range function over one series. Instances keep scratch memory and belong to one thread. */
public interface RangeKernel {
    /**
     * Computes all steps of one series.
     *
     * @param timestamps ascending and unique, in ms; valid up to {@code size}
     * @param values without staleness markers
     * @param arguments the function's scalar arguments, each with one value per step
     * @param out receives one value per step; the stale marker where there is no result
     */
    void compute(long[] timestamps, double[] values, int size, Windows windows, double[][] arguments, double[] out);
}
