package io.weir.workcoord.coordinator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A running query: its work and its own queue. */
final class QueryEntry {
    final String queryId;
    final TenantEntry tenant;
    final Priority priority;
    final long deadlineMillis;
    final long submittedMillis;
    final List<WorkItem> works = new ArrayList<>();
    /** Work that has not been anywhere, in order of submission. Any worker with room may have it. */
    final Deque<WorkItem> fresh = new ArrayDeque<>();
    /** Work that came back, oldest first; it may have to wait for a certain worker while others have room. */
    final List<WorkItem> returned = new ArrayList<>();

    /** Attempts on workers that are not finished there, in order of assignment. */
    final Set<Attempt> running = new LinkedHashSet<>();
    /** Milliseconds from assignment to artifact of the committed pieces. */
    final RunningMedian pieceMillis = new RunningMedian();

    int committed;
    int retries;
    int hedged;
    long lastServed;

    QueryEntry(CoordinatorEvent.Submit submit, TenantEntry tenant, long submittedMillis) {
        this.queryId = submit.queryId();
        this.tenant = tenant;
        this.priority = submit.priority();
        this.deadlineMillis = submit.deadlineMillis();
        this.submittedMillis = submittedMillis;
    }

    int inFlight() {
        return running.size();
    }

    /** An attempt takes one of its worker's credits. */
    void takesCredit(Attempt attempt) {
        running.add(attempt);
        tenant.inFlight++;
    }

    /** An attempt gives its worker's credit back. */
    void freesCredit(Attempt attempt) {
        running.remove(attempt);
        tenant.inFlight--;
    }

    boolean hasQueued() {
        return !fresh.isEmpty() || !returned.isEmpty();
    }

    int queued() {
        return fresh.size() + returned.size();
    }

    /** When the next back-off of a piece that waits ends, after the time; MAX_VALUE for never. */
    long nextBackoffEndMillis(long afterMillis) {
        long next = Long.MAX_VALUE;
        for (WorkItem item : returned) {
            // A back-off that is over waits for room, not for time.
            if (item.notBeforeMillis > afterMillis) {
                next = Math.min(next, item.notBeforeMillis);
            }
        }
        return next;
    }

    /** Since when the piece waits that has waited longest; the given time if none waits. */
    long queuedSinceMillis(long nowMillis) {
        long oldest = fresh.isEmpty() ? nowMillis : fresh.getFirst().queuedSinceMillis;
        for (WorkItem item : returned) {
            oldest = Math.min(oldest, item.queuedSinceMillis);
        }
        return oldest;
    }
}
