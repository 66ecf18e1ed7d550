package io.weir.queryapi.spi;

import org.jspecify.annotations.Nullable;

/** Something that happened to a query. */
public sealed interface QueryEvent {
    /** UUID of the query. */
    String queryId();

    /**
     * It was understood, and waits for a slot.
     *
     * @param kind instant, range, stream, series or labels
     * @param startMillis wall clock
     */
    record Queued(String queryId, String tenant, String text, String kind, QueryOrigin origin, long startMillis)
            implements QueryEvent {}

    /** It went on to another phase of its work. */
    record PhaseEntered(String queryId, Phase phase, long elapsedNanos) implements QueryEvent {}

    /** The first part of its result is there for its client. */
    record FirstResult(String queryId, long elapsedNanos) implements QueryEvent {}

    /**
     * It ended; the last event.
     *
     * @param outcome success, or the type of the error by Prometheus' name
     * @param reason what went wrong, for people; null on success
     * @param phase it ended in
     */
    record Ended(
            String queryId,
            String outcome,
            @Nullable String reason,
            Phase phase,
            long elapsedNanos,
            int units,
            int workers,
            long samplesRead)
            implements QueryEvent {}

    /** What a query is busy with. */
    enum Phase {
        QUEUED,
        PLANNING,
        WORKING,
        EVALUATING,
        SENDING
    }
}
