package io.weir.collector.store;

/**
 * What a collector keeps, and how much of it.
 *
 * @param intervalMillis length of an interval, aligned to 1970; windows that are fetched are whole numbers of it
 * @param allowedLatenessMillis how long after its end an interval takes samples; then it is closed
 * @param retentionMillis how long after its end an interval is kept
 * @param exactValuesMax values of a closed interval of one series up to which they are kept as they are, which is smaller than their sketches
 * @param bytesMax of all that is kept, estimated; at it requests are refused until intervals expire
 */
public record StoreSettings(
        long intervalMillis, long allowedLatenessMillis, long retentionMillis, int exactValuesMax, long bytesMax) {
    public static final StoreSettings DEFAULT = new StoreSettings(1_000, 5_000, 3_900_000, 8_192, 256L << 20);

    /** Intervals kept of one series, whatever the settings are: they are held in memory one by one. */
    private static final long INTERVALS_MAX = 1_000_000;

    public StoreSettings {
        if (intervalMillis < 1 || allowedLatenessMillis < 0) {
            throw new IllegalArgumentException("need intervalMillis >= 1 and allowedLatenessMillis >= 0, got "
                    + intervalMillis + " and " + allowedLatenessMillis);
        }
        if (retentionMillis < intervalMillis || retentionMillis / intervalMillis > INTERVALS_MAX) {
            throw new IllegalArgumentException("retentionMillis must be from one interval to " + INTERVALS_MAX
                    + " intervals of " + intervalMillis + " ms, not " + retentionMillis);
        }
        if (exactValuesMax < 0 || bytesMax < 1) {
            throw new IllegalArgumentException(
                    "need exactValuesMax >= 0 and bytesMax >= 1, got " + exactValuesMax + " and " + bytesMax);
        }
    }

    /** The end of the interval that a sample of this time belongs to: an interval is (end - length, end]. */
    long endOf(long timeMillis) {
        return -Math.floorDiv(-timeMillis, intervalMillis) * intervalMillis;
    }

    /** The last end of an interval that is not after this time. */
    long endAtOrBefore(long timeMillis) {
        return Math.floorDiv(timeMillis, intervalMillis) * intervalMillis;
    }

    /** @throws IllegalArgumentException if a window is none, or cuts an interval */
    void requireWholeIntervals(long fromMillis, long toMillis) {
        if (fromMillis >= toMillis) {
            throw new IllegalArgumentException(
                    "the window (" + fromMillis + ", " + toMillis + "] is empty; from_millis must be below to_millis");
        }
        if (Math.floorMod(fromMillis, intervalMillis) != 0 || Math.floorMod(toMillis, intervalMillis) != 0) {
            throw new IllegalArgumentException("the window (" + fromMillis + ", " + toMillis
                    + "] cuts an interval; this collector keeps sketches of collector-store-interval-millis="
                    + intervalMillis
                    + ", so granularity and window must be multiples of it");
        }
    }
}
