package io.weir.ingest.scrape;

/**
 * Settings of a {@link ScrapeLoop}; interval, timeout and size of a target are the target's own.
 *
 * @param targetsMax targets at most, each has a thread
 * @param statisticsInstance label "instance" of this machine's statistics, such as the host's name; their job is "node"
 * @param statisticsIntervalMillis between two readings of the statistics
 */
public record ScrapeSettings(int targetsMax, String statisticsInstance, long statisticsIntervalMillis) {
    public ScrapeSettings {
        if (targetsMax <= 0 || statisticsIntervalMillis <= 0) {
            throw new IllegalArgumentException("targetsMax and statisticsIntervalMillis must be positive");
        }
        if (statisticsInstance.isEmpty()) {
            throw new IllegalArgumentException("statisticsInstance must not be empty: give the host's name");
        }
    }

    public static ScrapeSettings of(String statisticsInstance, long statisticsIntervalMillis) {
        return new ScrapeSettings(256, statisticsInstance, statisticsIntervalMillis);
    }
}
