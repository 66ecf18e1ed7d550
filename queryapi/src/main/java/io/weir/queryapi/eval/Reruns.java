package io.weir.queryapi.eval;

import io.weir.promql.error.QueryException;
import io.weir.queryapi.plan.QueryPlanning;
import io.weir.queryapi.workmanager.UnreadableObjectException;
import java.util.Set;

/**
 * Decides whether a query whose work failed is planned again from the catalog as it is now. Thread-safe.
 *
 * <p>When segments were replaced meanwhile, it is, up to the limit of runs. An object that is missing or damaged though the catalog still names it gets
 * one more run, since stores may be late; then the query fails with the reason.
 */
final class Reruns {
    private final QueryPlanning planning;
    private final int runsMax;

    Reruns(QueryPlanning planning, int runsMax) {
        this.planning = planning;
        this.runsMax = runsMax;
    }

    /**
     * @param run number of the run that failed, from 0
     * @param segmentIds what it read
     */
    boolean isWorthAnother(QueryException cause, int run, String tenant, Set<String> segmentIds) {
        if (run + 1 >= runsMax) {
            return false;
        }
        boolean replacedOnly = switch (cause) {
            case UnreadableObjectException e -> run > 0;
            case QueryException.Internal e -> true;
            case QueryException.Unavailable e -> true;
            case QueryException.BadData e -> false;
            case QueryException.Execution e -> false;
            case QueryException.Timeout e -> false;
            case QueryException.Canceled e -> false;
        };
        if (!replacedOnly) {
            return cause instanceof UnreadableObjectException;
        }
        return !planning.replacedSegments(tenant, segmentIds).isEmpty();
    }
}
