package io.weir.ingest.scrape;

import io.weir.ingest.openmetrics.TextFormatSettings;

/**
 * Settings of scraping.
 *
 * @param intervalMillis between the starts of two scrapes of a target
 * @param timeoutMillis for one scrape; at most the interval
 * @param bodyBytesMax a larger answer fails the scrape
 * @param samplesMax more samples in one answer fail the scrape
 * @param targetsMax targets, each with a virtual thread of its own
 */
public record ScrapeSettings(
        long intervalMillis,
        long timeoutMillis,
        long bodyBytesMax,
        int samplesMax,
        int targetsMax,
        TextFormatSettings parser) {
    public static final ScrapeSettings DEFAULTS = new ScrapeSettings(
            15_000, 10_000, 64L * 1024 * 1024, 500_000, 256, new TextFormatSettings(1 << 18, 256, 1 << 14, 8L << 20));

    public ScrapeSettings {
        require("scrape interval (ms)", intervalMillis, 10, 3_600_000);
        require("scrape timeout (ms)", timeoutMillis, 1, intervalMillis);
        require("scraped body (bytes)", bodyBytesMax, 1, 1L << 32);
        require("samples per scrape", samplesMax, 1, 10_000_000);
        require("scrape targets", targetsMax, 1, 10_000);
    }

    /** The defaults with another interval; the timeout is at most that. */
    public static ScrapeSettings ofInterval(long intervalMillis) {
        return new ScrapeSettings(
                intervalMillis,
                Math.min(DEFAULTS.timeoutMillis, intervalMillis),
                DEFAULTS.bodyBytesMax,
                DEFAULTS.samplesMax,
                DEFAULTS.targetsMax,
                DEFAULTS.parser);
    }

    private static void require(String what, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    what + " must be between " + least + " and " + most + ", but is " + value);
        }
    }
}
