package io.weir.promql.kernel;

import java.util.Arrays;

/** The samples of a window that moves forward, kept in the order of {@link Arrays#sort(double[])}. */
final class SortedWindow {
    private double[] sorted = new double[64];
    private int size;
    private int low;
    private int high;

    /** Forgets the samples, before another series. */
    void reset() {
        size = 0;
        low = 0;
        high = 0;
    }

    double[] sorted() {
        return sorted;
    }

    int size() {
        return size;
    }

    /** Moves to the samples from {@code toLow} (inclusive) to {@code toHigh} (exclusive); neither is less than before. */
    void moveTo(double[] values, int toLow, int toHigh) {
        if (sorted.length < toHigh - low) {
            sorted = Arrays.copyOf(sorted, Math.max(toHigh - low, sorted.length * 2));
        }
        // one by one costs a binary search and a block move each: worth it as long as most samples stay
        if (toLow >= high || (toLow - low) + (toHigh - high) > (toHigh - toLow) / 4) {
            size = toHigh - toLow;
            System.arraycopy(values, toLow, sorted, 0, size);
            Arrays.sort(sorted, 0, size);
        } else {
            for (int i = high; i < toHigh; i++) {
                insert(values[i]);
            }
            for (int i = low; i < toLow; i++) {
                remove(values[i]);
            }
        }
        low = toLow;
        high = toHigh;
    }

    private void insert(double value) {
        int found = Arrays.binarySearch(sorted, 0, size, value);
        int position = found < 0 ? -found - 1 : found;
        System.arraycopy(sorted, position, sorted, position + 1, size - position);
        sorted[position] = value;
        size++;
    }

    private void remove(double value) {
        int position = Arrays.binarySearch(sorted, 0, size, value);
        if (position < 0) {
            throw new IllegalStateException("sample " + value + " is not in the window");
        }
        size--;
        System.arraycopy(sorted, position + 1, sorted, position, size - position);
    }
}
