package io.weir.eventstats.feed;

import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.QueryEvent;
import org.jspecify.annotations.Nullable;

/**
 * What of a query has not been written yet: its latest state, and what happened on the way to it.
 *
 * @param firstResult not written; null if there is none
 * @param latest the end, if it has come
 */
record Unwritten(AskedQuery query, QueryEvent.@Nullable FirstResult firstResult, QueryEvent latest) {
    /** A query without its texts. */
    private static final long BYTES = 1_024;

    static Unwritten of(QueryEvent event) {
        return new Unwritten(event.query(), event instanceof QueryEvent.FirstResult first ? first : null, event);
    }

    /** With one more event: the later state wins, and the end beats all. */
    Unwritten with(QueryEvent event) {
        boolean later = !hasEnded() && event.sequence() > latest.sequence();
        return new Unwritten(
                query,
                event instanceof QueryEvent.FirstResult first ? first : firstResult,
                later || event instanceof QueryEvent.Ended ? event : latest);
    }

    boolean hasEnded() {
        return latest instanceof QueryEvent.Ended;
    }

    /** Whether it ended by a failure before anything of its result was sent, which is an event. */
    boolean hasErrorEvent() {
        return latest instanceof QueryEvent.Ended ended && ended.firstResultNanos() < 0 && isFailure(ended.cause());
    }

    private static boolean isFailure(QueryEvent.Cause cause) {
        return switch (cause) {
            case DONE, CANCELED, CLIENT_GONE -> false;
            case BAD_DATA,
                    EXECUTION,
                    UNSUPPORTED,
                    LIMIT,
                    TIMEOUT,
                    TOO_MANY_QUERIES,
                    NO_WORKERS,
                    WORKERS_LOST,
                    CATALOG_UNAVAILABLE,
                    STORAGE,
                    UNAVAILABLE,
                    INTERNAL -> true;
        };
    }

    /** Events of time to first signal in it. */
    int events() {
        return (firstResult == null ? 0 : 1) + (hasErrorEvent() ? 1 : 0);
    }

    /** Estimated memory. */
    long bytes() {
        String reason = latest instanceof QueryEvent.Ended ended ? ended.reason() : null;
        return BYTES + 2L * (query.text().length() + (reason == null ? 0 : reason.length()));
    }
}
