package io.weir.queryworker.cache;

/**
 * Bounds of the segment cache; the bytes on disk are bounded by {@link io.weir.queryworker.disk.DiskLimits}.
 *
 * @param indexBytesMax heap bytes of series indexes kept in memory
 * @param downloadsMax downloads that run at the same time
 * @param downloadTimeoutMillis longest time anybody waits for one object
 * @param downloadAttemptsMax tries to get one object from a store that fails; the store's own tries are within each
 * @param downloadRetryMillis wait before the second try; doubles with each, with jitter
 */
public record CacheSettings(
        long indexBytesMax,
        int downloadsMax,
        long downloadTimeoutMillis,
        int downloadAttemptsMax,
        long downloadRetryMillis) {
    /** 512 MiB of indexes, 8 downloads, 2 minutes, 3 tries 200 ms apart. */
    public static final CacheSettings DEFAULT = new CacheSettings(512L << 20, 8, 120_000, 3, 200);

    public CacheSettings {
        if (indexBytesMax < 0 || downloadsMax <= 0 || downloadTimeoutMillis <= 0) {
            throw new IllegalArgumentException("cache settings must be positive: indexBytesMax " + indexBytesMax
                    + ", downloadsMax " + downloadsMax + ", downloadTimeoutMillis " + downloadTimeoutMillis);
        }
        if (downloadAttemptsMax <= 0 || downloadRetryMillis < 0 || downloadRetryMillis > downloadTimeoutMillis) {
            throw new IllegalArgumentException("downloads need at least one try, and less wait before the second ("
                    + downloadRetryMillis + " ms) than there is time (" + downloadTimeoutMillis + " ms); tries: "
                    + downloadAttemptsMax);
        }
    }
}
