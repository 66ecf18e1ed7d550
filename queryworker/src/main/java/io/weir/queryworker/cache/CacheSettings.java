package io.weir.queryworker.cache;

/**
 * Bounds of the segment cache; the bytes on disk are bounded by {@link io.weir.queryworker.disk.DiskLimits}.
 *
 * @param indexBytesMax heap bytes of series indexes kept in memory
 * @param downloadsMax downloads that run at the same time
 * @param downloadTimeoutMillis longest time anybody waits for one object
 */
public record CacheSettings(long indexBytesMax, int downloadsMax, long downloadTimeoutMillis) {
    /** 512 MiB of indexes, 8 downloads, 2 minutes. */
    public static final CacheSettings DEFAULT = new CacheSettings(512L << 20, 8, 120_000);

    public CacheSettings {
        if (indexBytesMax < 0 || downloadsMax <= 0 || downloadTimeoutMillis <= 0) {
            throw new IllegalArgumentException("cache settings must be positive: indexBytesMax " + indexBytesMax
                    + ", downloadsMax " + downloadsMax + ", downloadTimeoutMillis " + downloadTimeoutMillis);
        }
    }
}
