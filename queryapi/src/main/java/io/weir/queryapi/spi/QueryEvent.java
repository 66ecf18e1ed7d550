package io.weir.queryapi.spi;

import org.jspecify.annotations.Nullable;

/** Something that happened to a query. The first is {@link Queued}, unless the query was refused at once; the last is {@link Ended}. */
public sealed interface QueryEvent {
    AskedQuery query();

    /** Of the query's events, from 1, ascending. */
    int sequence();

    /** Since the query's start. */
    long elapsedNanos();

    /** It was understood. */
    record Queued(AskedQuery query, int sequence, long elapsedNanos) implements QueryEvent {}

    /**
     * No slot was free for it.
     *
     * @param position among the queries that wait, from 1
     */
    record Waiting(AskedQuery query, int sequence, long elapsedNanos, int position) implements QueryEvent {}

    /** It went on: to another phase of its work, or further in its phase. The latter is told only now and then. */
    record Advanced(AskedQuery query, int sequence, long elapsedNanos, Phase phase, Progress progress)
            implements QueryEvent {}

    /** The first part of its result goes to its client: the first frame of a stream, else the start of sending. */
    record FirstResult(AskedQuery query, int sequence, long elapsedNanos, Phase phase, Progress progress)
            implements QueryEvent {}

    /**
     * It ended.
     *
     * @param outcome success, or the type of the error by Prometheus' name
     * @param reason what went wrong, for people; null on success
     * @param phase it ended in
     * @param firstResultNanos when the first part of its result went to its client; -1 if none did
     */
    record Ended(
            AskedQuery query,
            int sequence,
            long elapsedNanos,
            String outcome,
            Cause cause,
            @Nullable String reason,
            Phase phase,
            long firstResultNanos,
            Progress progress)
            implements QueryEvent {}

    /**
     * How far its work has come.
     *
     * @param unitsDone pieces of work whose results are here
     * @param workers that computed them
     * @param precomputed whether its answer was computed before it came, so that nobody works for it
     */
    record Progress(int unitsDone, int unitsTotal, int workers, long samplesRead, boolean precomputed) {
        public static final Progress NONE = new Progress(0, 0, 0, 0, false);
    }

    /** What a query is busy with. */
    enum Phase {
        QUEUED,
        PLANNING,
        WORKING,
        EVALUATING,
        SENDING
    }

    /** Why a query ended. */
    enum Cause {
        /** It was answered. */
        DONE,
        /** The request is wrong in itself. */
        BAD_DATA,
        /** It failed on the data. */
        EXECUTION,
        /** The language has it, this version does not. */
        UNSUPPORTED,
        /** It went over one of its limits. */
        LIMIT,
        /** Its time was up. */
        TIMEOUT,
        /** Somebody asked for its end, or the process stops. */
        CANCELED,
        /** Its client closed the connection. */
        CLIENT_GONE,
        /** It found no free slot. */
        TOO_MANY_QUERIES,
        /** No worker takes work, and none has taken any of it. */
        NO_WORKERS,
        /** The workers that computed it are gone. */
        WORKERS_LOST,
        /** The catalog does not answer. */
        CATALOG_UNAVAILABLE,
        /** An object of the lake or an artifact is missing or damaged. */
        STORAGE,
        /** Something else that it needs is not there right now. */
        UNAVAILABLE,
        /** A defect, or a failure that has no name. */
        INTERNAL
    }
}
