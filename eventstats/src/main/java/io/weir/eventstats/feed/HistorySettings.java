package io.weir.eventstats.feed;

/**
 * Bounds of what is remembered of Weir's own queries.
 *
 * @param enabled whether queries are told to snapshots and history
 */
public record HistorySettings(boolean enabled) {
    public static final HistorySettings DEFAULT = new HistorySettings(true);
}
