package io.weir.eventstats.feed;

import io.weir.eventstats.signal.SnapshotStore;
import io.weir.eventstats.signature.SignatureStore;
import io.weir.eventstats.telemetry.TtfsEventStore;
import org.jspecify.annotations.Nullable;

/**
 * Where it is written what came of queries.
 *
 * @param signals null if first signals are switched off
 * @param history null if the history is switched off
 */
record FeedStores(@Nullable Signals signals, @Nullable HistoryStore history) {
    /** The stores of first signals. */
    record Signals(SnapshotStore snapshots, TtfsEventStore events, SignatureStore signatures) {}
}
