package io.weir.sketch;

/**
 * Ertl's improved raw estimator of a HyperLogLog (arXiv 1702.01284, section 4, algorithm 6), from how many registers hold each value.
 */
final class ErtlEstimator {
    private static final double ALPHA_INFINITE = 0.5 / Math.log(2);

    private ErtlEstimator() {}

    /**
     * The number of different items.
     *
     * @param histogram {@code histogram[k]} registers hold {@code k}; its last index is the largest rank there is
     * @param registers the sum of the histogram
     */
    static double estimate(int[] histogram, int registers) {
        int rankMax = histogram.length - 1;
        double z = registers * tau(1 - (double) histogram[rankMax] / registers);
        for (int rank = rankMax - 1; rank >= 1; rank--) {
            z = 0.5 * (z + histogram[rank]);
        }
        z += registers * sigma((double) histogram[0] / registers);
        return ALPHA_INFINITE * registers * registers / z;
    }

    /** x + sum over k of x^(2^k) * 2^(k-1): what the empty registers say. Infinite at 1, where the estimate is 0. */
    private static double sigma(double x) {
        if (x == 1) {
            return Double.POSITIVE_INFINITY;
        }
        double power = x;
        double factor = 1;
        double sum = x;
        double before;
        do {
            power *= power;
            before = sum;
            sum += power * factor;
            factor += factor;
        } while (sum != before);
        return sum;
    }

    /** (1 - x - sum over k of (1 - x^(2^-k))^2 * 2^-k) / 3: what the full registers say. */
    private static double tau(double x) {
        if (x == 0 || x == 1) {
            return 0;
        }
        double root = x;
        double factor = 1;
        double sum = 1 - x;
        double before;
        do {
            root = Math.sqrt(root);
            before = sum;
            factor *= 0.5;
            sum -= (1 - root) * (1 - root) * factor;
        } while (sum != before);
        return sum / 3;
    }
}
