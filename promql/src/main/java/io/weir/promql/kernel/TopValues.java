package io.weir.promql.kernel;

import io.weir.promql.aggregate.TopSelector;
import io.weir.promql.series.StaleMarker;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/**
 * top_k_over_time: the most frequent values of a window, each with its count; argument 0 says how many. The kernel's own column is how many
 * there are; what is asked for are the {@link #columns}, one for each value.
 */
final class TopValues extends WindowFunction {
    private final TopCounts top = new TopCounts();
    private final CountedWindow window = new CountedWindow(top);
    private Map<String, double[]> columns = new TreeMap<>();
    private LongConsumer cells = count -> {};

    /** Who is told of each column's length before there is one, and may throw. */
    void setCells(LongConsumer consumer) {
        cells = consumer;
    }

    /** The columns of the last series, by value as text; the stale marker where the value is not among the most frequent ones. */
    Map<String, double[]> columns() {
        return columns;
    }

    @Override
    protected void prepare(double[] values, int size) {
        window.reset();
        columns = new TreeMap<>();
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
        int k = TopSelector.toK(arguments[0][step]);
        if (k == 0) {
            return StaleMarker.VALUE;
        }
        window.moveTo(values, low, high);
        top.give(window, k, (item, count) -> column(item, arguments[0].length)[step] = count);
        return Math.min(k, window.distinct());
    }

    private double[] column(String item, int steps) {
        double[] column = columns.get(item);
        if (column == null) {
            cells.accept(steps);
            column = new double[steps];
            Arrays.fill(column, StaleMarker.VALUE);
            columns.put(item, column);
        }
        return column;
    }
}
