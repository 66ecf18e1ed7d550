package io.weir.eventstats.stats;

/**
 * Bounds of raw rows and named statistics.
 *
 * @param enabled whether the routes are served
 * @param connectionsMax connections of the pool that reads
 */
public record StatsSettings(boolean enabled, int connectionsMax) {
    public static final StatsSettings DEFAULT = new StatsSettings(true, 4);

    public StatsSettings {
        if (connectionsMax < 1) {
            throw new IllegalArgumentException("stats-connections-max must be at least 1");
        }
    }
}
