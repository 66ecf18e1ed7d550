package io.weir.promql.exec;

import io.weir.promql.series.StaleMarker;
import java.util.Arrays;

/** The values of all series of an operator at one step, by series ordinal; the stale marker's bits mean "no sample". */
public final class StepVector {
    private double[] values;
    private int size;

    public StepVector(int capacity) {
        values = new double[capacity];
    }

    /** Sets the number of series and empties them all. */
    public void reset(int size) {
        if (values.length < size) {
            values = new double[size];
        }
        this.size = size;
        Arrays.fill(values, 0, size, StaleMarker.VALUE);
    }

    public int size() {
        return size;
    }

    /** The values; valid up to {@link #size}. */
    public double[] values() {
        return values;
    }

    /** Whether no series has a value. */
    public boolean isEmpty() {
        for (int i = 0; i < size; i++) {
            if (isPresent(i)) {
                return false;
            }
        }
        return true;
    }

    public boolean isPresent(int ordinal) {
        return !StaleMarker.is(values[ordinal]);
    }
}
