package io.weir.promql.aggregate;

import io.weir.promql.error.QueryException;
import io.weir.promql.exec.StepVector;
import io.weir.promql.function.GoFormat;
import java.util.Arrays;

/** topk and bottomk over the vectors of one step after the other (Prometheus 3.14, promql/engine.go aggregationK). */
public final class TopSelector {
    private final int[] groupOfSeries;
    private final TopHeap heap;
    private final int[] base;
    private final int[] count;
    private final double[] values;
    private final int[] series;

    /**
     * @param largest topk (else bottomk)
     * @param groupOfSeries the group of each series; series must be in label order, which decides between equal values
     */
    public TopSelector(boolean largest, int[] groupOfSeries, int groups) {
        this.groupOfSeries = groupOfSeries.clone();
        heap = new TopHeap(largest, Integer::compare);
        base = new int[groups];
        count = new int[groups];
        values = new double[groupOfSeries.length];
        series = new int[groupOfSeries.length];
        for (int group : groupOfSeries) {
            count[group]++;
        }
        for (int group = 1; group < groups; group++) {
            base[group] = base[group - 1] + count[group - 1];
        }
    }

    /**
     * The number of series to keep, at most {@link Integer#MAX_VALUE}; 0 for parameters less than 1.
     *
     * @throws QueryException.Execution if the parameter is NaN or no 64-bit integer
     */
    public static int toK(double parameter) {
        if (Double.isNaN(parameter)) {
            throw new QueryException.Execution("Parameter value is NaN");
        }
        if (parameter >= 0x1p63) {
            throw new QueryException.Execution("Scalar value " + GoFormat.general(parameter) + " overflows int64");
        }
        if (parameter <= -0x1p63) {
            throw new QueryException.Execution("Scalar value " + GoFormat.general(parameter) + " underflows int64");
        }
        return (int) Math.max(0, Math.min(Integer.MAX_VALUE, (long) parameter));
    }

    /** Copies the k best of each group to {@code out}, which this method resets. */
    public void select(int k, StepVector in, StepVector out) {
        out.reset(in.size());
        if (k < 1) {
            return;
        }
        Arrays.fill(count, 0);
        for (int i = 0; i < in.size(); i++) {
            if (in.isPresent(i)) {
                int group = groupOfSeries[i];
                count[group] = heap.offer(values, series, base[group], count[group], k, in.values()[i], i);
            }
        }
        for (int group = 0; group < base.length; group++) {
            for (int i = base[group]; i < base[group] + count[group]; i++) {
                out.values()[series[i]] = values[i];
            }
        }
    }
}
