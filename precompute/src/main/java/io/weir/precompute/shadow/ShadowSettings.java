package io.weir.precompute.shadow;

/**
 * How many answers are checked, and how much that may cost.
 *
 * @param share of the hits that are checked, 0 to 1; 0 for none
 * @param queueMax checks that wait; further ones are dropped and counted
 * @param durationMillisMax longest one may take
 * @param groupsMax different numbers of samples in a window for which quantiles are checked, those of the most series first: each costs a query
 */
public record ShadowSettings(double share, int queueMax, long durationMillisMax, int groupsMax) {
    public static final ShadowSettings DEFAULT = new ShadowSettings(0.01, 16, 30_000, 4);

    public ShadowSettings {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("precompute-shadow-share is " + share + "; set 0 to 1");
        }
        if (queueMax < 1 || queueMax > 10_000) {
            throw new IllegalArgumentException("precompute-shadow-queue-max is " + queueMax + "; set 1 to 10000");
        }
        if (durationMillisMax < 10 || durationMillisMax > 3_600_000) {
            throw new IllegalArgumentException(
                    "precompute-shadow-duration-millis-max is " + durationMillisMax + "; set 10 to 3600000");
        }
        if (groupsMax < 1 || groupsMax > 1_000) {
            throw new IllegalArgumentException("precompute-shadow-groups-max is " + groupsMax + "; set 1 to 1000");
        }
    }
}
