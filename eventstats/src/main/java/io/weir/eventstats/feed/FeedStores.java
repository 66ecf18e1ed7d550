package io.weir.eventstats.feed;

import org.jspecify.annotations.Nullable;

/**
 * Where it is written what came of queries.
 *
 * @param signals null if first signals are switched off
 * @param history null if the history is switched off
 */
record FeedStores(
        QueryFeed.@Nullable Signals signals, @Nullable HistoryStore history) {}
