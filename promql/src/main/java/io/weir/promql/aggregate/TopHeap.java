package io.weir.promql.aggregate;

import java.util.function.IntBinaryOperator;

/**
 * The rule of topk and bottomk, and heaps of the best k values kept in stretches of the caller's arrays, the worst first.
 *
 * <p>NaN is worse than any number; equal values go by the order of the series, which makes the choice independent of the
 * order of insertion.
 */
final class TopHeap {
    private final boolean largest;
    private final IntBinaryOperator seriesOrder;

    /**
     * @param seriesOrder compares two series by ordinal as a comparator does; asked only if their values are equal
     */
    TopHeap(boolean largest, IntBinaryOperator seriesOrder) {
        this.largest = largest;
        this.seriesOrder = seriesOrder;
    }

    private boolean isBetter(double value, int series, double otherValue, int otherSeries) {
        if (value == otherValue || (Double.isNaN(value) && Double.isNaN(otherValue))) {
            return seriesOrder.applyAsInt(series, otherSeries) < 0;
        }
        if (Double.isNaN(value) || Double.isNaN(otherValue)) {
            return Double.isNaN(otherValue);
        }
        return largest ? value > otherValue : value < otherValue;
    }

    /**
     * Offers a value to the heap at {@code base}.
     *
     * @param count elements in it
     * @param k elements to keep, at least 1
     * @return the new number of elements
     */
    int offer(double[] values, int[] series, int base, int count, int k, double value, int ordinal) {
        if (count < k) {
            siftUp(values, series, base, count, value, ordinal);
            return count + 1;
        }
        if (isBetter(value, ordinal, values[base], series[base])) {
            siftDown(values, series, base, count, value, ordinal);
        }
        return count;
    }

    private void siftUp(double[] values, int[] series, int base, int count, double value, int ordinal) {
        int hole = count;
        while (hole > 0) {
            int parent = (hole - 1) / 2;
            if (!isBetter(values[base + parent], series[base + parent], value, ordinal)) {
                break;
            }
            values[base + hole] = values[base + parent];
            series[base + hole] = series[base + parent];
            hole = parent;
        }
        values[base + hole] = value;
        series[base + hole] = ordinal;
    }

    private void siftDown(double[] values, int[] series, int base, int count, double value, int ordinal) {
        int hole = 0;
        while (2 * hole + 1 < count) {
            int child = 2 * hole + 1;
            if (child + 1 < count
                    && isBetter(
                            values[base + child],
                            series[base + child],
                            values[base + child + 1],
                            series[base + child + 1])) {
                child++;
            }
            if (!isBetter(value, ordinal, values[base + child], series[base + child])) {
                break;
            }
            values[base + hole] = values[base + child];
            series[base + hole] = series[base + child];
            hole = child;
        }
        values[base + hole] = value;
        series[base + hole] = ordinal;
    }
}
