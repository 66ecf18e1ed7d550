package io.weir.bench;

import java.util.Arrays;

/** Times of one request repeated, in milliseconds, ascending. */
record Timings(double[] sortedMillis) {
    static Timings of(double[] millis) {
        double[] sorted = millis.clone();
        Arrays.sort(sorted);
        return new Timings(sorted);
    }

    /** The smallest time that is not exceeded by this share of the requests; NaN for none. */
    double quantile(double share) {
        if (sortedMillis.length == 0) {
            return Double.NaN;
        }
        int rank = (int) Math.ceil(share * sortedMillis.length);
        return sortedMillis[Math.max(0, rank - 1)];
    }

    int count() {
        return sortedMillis.length;
    }

    double median() {
        return quantile(0.5);
    }
}
