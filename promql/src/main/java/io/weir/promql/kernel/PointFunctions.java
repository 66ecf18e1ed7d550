package io.weir.promql.kernel;

import io.weir.promql.series.StaleMarker;

/**
 * The range functions that look at single samples of a window or count them (Prometheus 3.14, promql/functions.go).
 */
final class PointFunctions {
    private PointFunctions() {}

    static final class Count extends WindowFunction {
        @Override
        protected double apply(long[] t, double[] v, int low, int high, long millis, double[][] a, int step) {
            return high - low;
        }
    }

    static final class Present extends WindowFunction {
        @Override
        protected double apply(long[] t, double[] v, int low, int high, long millis, double[][] a, int step) {
            return 1;
        }
    }

    /** First or last sample, its value or its time in seconds. */
    static final class Edge extends WindowFunction {
        private final boolean last;
        private final boolean time;

        Edge(boolean last, boolean time) {
            this.last = last;
            this.time = time;
        }

        @Override
        protected double apply(
                long[] timestamps, double[] values, int low, int high, long millis, double[][] a, int step) {
            int index = last ? high - 1 : low;
            return time ? timestamps[index] / 1000.0 : values[index];
        }
    }

    /** irate and idelta: the last two samples. */
    static final class LastTwo extends WindowFunction {
        private final boolean counterRate;

        LastTwo(boolean counterRate) {
            this.counterRate = counterRate;
        }

        @Override
        protected double apply(
                long[] timestamps, double[] values, int low, int high, long millis, double[][] a, int step) {
            if (high - low < 2) {
                return StaleMarker.VALUE;
            }
            double last = values[high - 1];
            double previous = values[high - 2];
            if (!counterRate) {
                return last - previous;
            }
            // after a reset the counter grew from zero to the last value
            double increase = last < previous ? last : last - previous;
            return increase / ((timestamps[high - 1] - timestamps[high - 2]) / 1000.0);
        }
    }

    /** changes and resets, as differences of running counts. */
    static final class Transitions extends WindowFunction {
        private final boolean resetsOnly;
        private int[] before = new int[64];

        Transitions(boolean resetsOnly) {
            this.resetsOnly = resetsOnly;
        }

        @Override
        protected void prepare(double[] values, int size) {
            if (before.length < size) {
                before = new int[Math.max(size, before.length * 2)];
            }
            int count = 0;
            for (int i = 0; i < size; i++) {
                if (i > 0 && (resetsOnly ? values[i] < values[i - 1] : isChange(values[i - 1], values[i]))) {
                    count++;
                }
                before[i] = count;
            }
        }

        private static boolean isChange(double previous, double value) {
            return value != previous && !(Double.isNaN(value) && Double.isNaN(previous));
        }

        @Override
        protected double apply(long[] t, double[] v, int low, int high, long millis, double[][] a, int step) {
            return before[high - 1] - before[low];
        }
    }

    /**
     * Smallest or largest sample, its value or the time of its last occurrence. NaN counts only if there is nothing else.
     *
     * <p>Keeps the extreme's position from window to window and looks again only when it has left.
     */
    static final class Extreme extends WindowFunction {
        private final boolean maximum;
        private final boolean time;
        private int best;
        private int seen;

        Extreme(boolean maximum, boolean time) {
            this.maximum = maximum;
            this.time = time;
        }

        @Override
        protected void prepare(double[] values, int size) {
            best = -1;
            seen = 0;
        }

        @Override
        protected double apply(
                long[] timestamps, double[] values, int low, int high, long millis, double[][] a, int step) {
            if (best < low) {
                best = low;
                seen = low;
            }
            for (int i = seen; i < high; i++) {
                if (replaces(values[i], values[best])) {
                    best = i;
                }
            }
            seen = high;
            return time ? timestamps[best] / 1000.0 : values[best];
        }

        private boolean replaces(double value, double extreme) {
            if (Double.isNaN(extreme)) {
                return true;
            }
            if (time && value == extreme) {
                return true;
            }
            return maximum ? value > extreme : value < extreme;
        }
    }
}
