package io.weir.eventstats.feed;

import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.QueryEvent;
import io.weir.queryapi.spi.QueryEvent.Cause;
import io.weir.queryapi.spi.QueryEvent.Phase;
import io.weir.queryapi.spi.QueryEvent.Progress;
import io.weir.queryapi.spi.QueryOrigin;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Makes the events of queries. */
final class TestingQueries {
    static final long START_MILLIS = 1_780_000_000_000L;
    static final Progress PROGRESS = new Progress(2, 3, 1, 1_000, false);

    private TestingQueries() {}

    static AskedQuery asked(String text) {
        return asked(text, QueryOrigin.UNKNOWN);
    }

    static AskedQuery asked(String text, QueryOrigin origin) {
        return new AskedQuery(
                UUID.randomUUID().toString(),
                "acme",
                text,
                "range",
                new AskedQuery.Range(START_MILLIS - 60_000, START_MILLIS, 15_000),
                origin,
                START_MILLIS,
                0);
    }

    private static long millis(long millis) {
        return millis * 1_000_000;
    }

    static QueryEvent.Queued queued(AskedQuery query) {
        return new QueryEvent.Queued(query, 1, 0);
    }

    static QueryEvent.Advanced advanced(AskedQuery query, int sequence, Phase phase) {
        return new QueryEvent.Advanced(query, sequence, millis(sequence), phase, PROGRESS);
    }

    static QueryEvent.FirstResult firstResult(AskedQuery query, int sequence) {
        return new QueryEvent.FirstResult(query, sequence, millis(sequence), Phase.SENDING, PROGRESS);
    }

    /** An end after so many ms as its number says. */
    static QueryEvent.Ended ended(AskedQuery query, int sequence, Cause cause, Phase phase, @Nullable String reason) {
        return new QueryEvent.Ended(
                query,
                sequence,
                millis(sequence),
                cause == Cause.DONE ? "success" : "execution",
                cause,
                reason,
                phase,
                cause == Cause.DONE ? millis(sequence - 1) : -1,
                PROGRESS);
    }

    /** All events of a query that is answered from precomputed results. */
    static List<QueryEvent> precomputed(AskedQuery query) {
        Progress nothing = new Progress(0, 0, 0, 0, true);
        return List.of(
                queued(query),
                new QueryEvent.FirstResult(query, 2, millis(2), Phase.SENDING, nothing),
                new QueryEvent.Ended(
                        query, 3, millis(3), "success", Cause.DONE, null, Phase.SENDING, millis(2), nothing));
    }

    static QueryEvent.Ended done(AskedQuery query, int sequence) {
        return ended(query, sequence, Cause.DONE, Phase.SENDING, null);
    }
}
