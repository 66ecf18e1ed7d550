package io.weir.workcoord.coordinator;

import io.weir.workcoord.Check;

/**
 * When a piece of work that takes much longer than the others of its query gets a second attempt on another worker.
 *
 * @param percentMax second attempts of one query, in percent of its pieces, rounded up; 0 turns hedging off
 * @param millisMin a piece younger than this is no straggler, however fast the others were
 * @param medianPercent a piece is a straggler when it is older than this, in percent of the median of its query's finished pieces
 */
public record HedgeLimits(int percentMax, long millisMin, int medianPercent) {
    /** No second attempts. When turned on by {@code percentMax} alone: after twice the median, at least half a second. */
    public static final HedgeLimits OFF = new HedgeLimits(0, 500, 200);

    public HedgeLimits {
        Check.range("hedged work of a query (percent)", percentMax, 0, 100);
        Check.range("age before hedging (ms)", millisMin, 1, 3_600_000);
        Check.range("age before hedging (percent of the median)", medianPercent, 100, 10_000);
    }

    public boolean isOff() {
        return percentMax == 0;
    }

    /** Second attempts a query of so many pieces may have. */
    int budget(int pieces) {
        return (int) (((long) pieces * percentMax + 99) / 100);
    }

    /** Age at which a piece is a straggler, given the median time the finished pieces of its query took. */
    long thresholdMillis(long medianMillis) {
        return Math.max(millisMin, medianMillis * medianPercent / 100);
    }
}
