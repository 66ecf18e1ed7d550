package io.weir.collector.store;

import java.util.Arrays;

/** The samples of an interval that is not closed, by time; of two samples of one time the first stays, so that a repeated request counts once. */
final class OpenInterval {
    private static final int CAPACITY_FIRST = 2;
    private static final int OBJECT_BYTES = 160;

    private long[] times = new long[CAPACITY_FIRST];
    private double[] values = new double[CAPACITY_FIRST];
    private int size;

    /** @return whether it was not there */
    boolean add(long timeMillis, double value) {
        int at =
                size == 0 || times[size - 1] < timeMillis ? -size - 1 : Arrays.binarySearch(times, 0, size, timeMillis);
        if (at >= 0) {
            return false;
        }
        int place = -at - 1;
        if (size == times.length) {
            times = Arrays.copyOf(times, size * 2);
            values = Arrays.copyOf(values, size * 2);
        }
        System.arraycopy(times, place, times, place + 1, size - place);
        System.arraycopy(values, place, values, place + 1, size - place);
        times[place] = timeMillis;
        values[place] = value;
        size++;
        return true;
    }

    double[] values() {
        return Arrays.copyOf(values, size);
    }

    long retainedBytes() {
        return OBJECT_BYTES + (long) (Long.BYTES + Double.BYTES) * times.length;
    }
}
