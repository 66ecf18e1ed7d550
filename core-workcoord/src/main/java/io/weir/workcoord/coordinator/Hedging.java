package io.weir.workcoord.coordinator;

import java.util.ArrayList;
import java.util.List;

/**
 * Finds stragglers: pieces of work that take much longer than those of their query that are done. Only when half of a query
 * is done says the median of what is done something about the rest, so a query of one piece has no stragglers.
 */
final class Hedging {
    private final HedgeLimits limits;
    private final int assignmentsMax;
    private long quietUntilMillis = Long.MIN_VALUE;

    Hedging(CoordinatorLimits limits) {
        this.limits = limits.hedge();
        this.assignmentsMax = limits.assignmentsMax();
    }

    /** This process did not run for a while; what the workers finished meanwhile is still to be read. */
    void stalled(long nowMillis) {
        quietUntilMillis = nowMillis + limits.millisMin();
    }

    /** A piece is done. */
    void committed(Attempt attempt) {
        if (!limits.isOff()) {
            attempt.work.query.pieceMillis.add(attempt.workedMillis);
        }
    }

    /** Whether a query may have another second attempt, and it is known what is slow in it. Nobody waits for background work. */
    boolean mayHedge(QueryEntry query) {
        return query.priority == Priority.INTERACTIVE
                && query.hedged < limits.budget(query.works.size())
                && 2 * query.pieceMillis.count() >= query.works.size();
    }

    /** Pieces of a query that {@link #mayHedge} that ought to have a second attempt by now, oldest first. */
    List<WorkItem> stragglers(QueryEntry query, long nowMillis) {
        long thresholdMillis = limits.thresholdMillis(query.pieceMillis.median());
        List<WorkItem> stragglers = new ArrayList<>();
        for (Attempt attempt : query.running) {
            if (dueMillis(attempt, thresholdMillis) > nowMillis) {
                break;
            }
            if (isAlone(attempt)) {
                stragglers.add(attempt.work);
            }
        }
        return stragglers;
    }

    /** When the next piece of a query that {@link #mayHedge} becomes a straggler, after the time; MAX_VALUE for never. */
    long nextStragglerMillis(QueryEntry query, long afterMillis) {
        long thresholdMillis = limits.thresholdMillis(query.pieceMillis.median());
        for (Attempt attempt : query.running) {
            // One that is due already waits for room, not for time.
            long dueMillis = dueMillis(attempt, thresholdMillis);
            if (dueMillis > afterMillis && isAlone(attempt)) {
                return dueMillis;
            }
        }
        return Long.MAX_VALUE;
    }

    private long dueMillis(Attempt attempt, long thresholdMillis) {
        return Math.max(attempt.assignedMillis + thresholdMillis, quietUntilMillis);
    }

    private boolean isAlone(Attempt attempt) {
        return attempt.work.hedge == null && attempt.work.assignments < assignmentsMax;
    }
}
