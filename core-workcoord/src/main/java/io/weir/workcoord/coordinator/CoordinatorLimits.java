package io.weir.workcoord.coordinator;

import io.weir.workcoord.Check;
import io.weir.workcoord.HeartbeatLimits;

/**
 * Bounds of a {@link Coordinator}.
 *
 * @param worksMax pieces of work of all running queries together; a query beyond it is refused
 * @param queriesMax running queries
 * @param attemptsMax attempts at one piece of work that may fail, by its own failure or its worker's death
 * @param assignmentsMax times one piece of work may be assigned at all, rejections and hand-backs included
 * @param queryRetriesMax failures reported by workers and fetches that one query may survive
 * @param retryBackoffMillis wait before a failed piece of work goes to a worker that has already tried it; doubles with each failure
 * @param workersMax live workers; further sessions are refused
 * @param noWorkersGraceMillis a query is still taken when the last worker was lost no longer ago than this
 * @param noWorkersWaitMillis queued work waits this long for a worker that accepts work, then its query fails
 * @param hedge second attempts at stragglers
 * @param backgroundPercentMax of a worker's credits, in percent, rounded down, that background work may take; one credit in any case
 */
public record CoordinatorLimits(
        HeartbeatLimits heartbeat,
        int worksMax,
        int queriesMax,
        int attemptsMax,
        int assignmentsMax,
        int queryRetriesMax,
        long retryBackoffMillis,
        int workersMax,
        long noWorkersGraceMillis,
        long noWorkersWaitMillis,
        HedgeLimits hedge,
        int backgroundPercentMax) {
    private static final int BACKGROUND_PERCENT = 25;

    public static final CoordinatorLimits DEFAULT =
            new CoordinatorLimits(HeartbeatLimits.DEFAULT, 100_000, 1_000, 4, 32, 256, 50, 1_000, 5_000, 10_000);

    /** Without hedging, and with the usual share for background work. */
    public CoordinatorLimits(
            HeartbeatLimits heartbeat,
            int worksMax,
            int queriesMax,
            int attemptsMax,
            int assignmentsMax,
            int queryRetriesMax,
            long retryBackoffMillis,
            int workersMax,
            long noWorkersGraceMillis,
            long noWorkersWaitMillis) {
        this(
                heartbeat,
                worksMax,
                queriesMax,
                attemptsMax,
                assignmentsMax,
                queryRetriesMax,
                retryBackoffMillis,
                workersMax,
                noWorkersGraceMillis,
                noWorkersWaitMillis,
                HedgeLimits.OFF,
                BACKGROUND_PERCENT);
    }

    public CoordinatorLimits {
        Check.range("works at once", worksMax, 1, 10_000_000);
        Check.range("queries at once", queriesMax, 1, 1_000_000);
        Check.range("attempts per work", attemptsMax, 1, 100);
        Check.range("assignments per work", assignmentsMax, attemptsMax, 10_000);
        Check.range("retries per query", queryRetriesMax, 0, 1_000_000);
        Check.range("retry back-off (ms)", retryBackoffMillis, 0, 60_000);
        Check.range("workers", workersMax, 1, 100_000);
        Check.range("grace without workers (ms)", noWorkersGraceMillis, 0, 3_600_000);
        Check.range("wait without workers (ms)", noWorkersWaitMillis, 0, 3_600_000);
        Check.range("credits for background work (percent)", backgroundPercentMax, 1, 100);
    }

    /** These limits with others for hedging. */
    public CoordinatorLimits withHedge(HedgeLimits other) {
        return new CoordinatorLimits(
                heartbeat,
                worksMax,
                queriesMax,
                attemptsMax,
                assignmentsMax,
                queryRetriesMax,
                retryBackoffMillis,
                workersMax,
                noWorkersGraceMillis,
                noWorkersWaitMillis,
                other,
                backgroundPercentMax);
    }

    /** These limits with another share for background work. */
    public CoordinatorLimits withBackgroundPercentMax(int other) {
        return new CoordinatorLimits(
                heartbeat,
                worksMax,
                queriesMax,
                attemptsMax,
                assignmentsMax,
                queryRetriesMax,
                retryBackoffMillis,
                workersMax,
                noWorkersGraceMillis,
                noWorkersWaitMillis,
                hedge,
                other);
    }
}
