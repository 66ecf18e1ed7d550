package io.weir.workcoord.coordinator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** A running query: its work and its own queue. */
final class QueryEntry {
    final String queryId;
    final TenantEntry tenant;
    final long deadlineMillis;
    final long submittedMillis;
    final List<WorkItem> works = new ArrayList<>();
    /** Work that has not been anywhere, in order of submission. Any worker with room may have it. */
    final Deque<WorkItem> fresh = new ArrayDeque<>();
    /** Work that came back, oldest first; it may have to wait for a certain worker while others have room. */
    final List<WorkItem> returned = new ArrayList<>();

    int inFlight;
    int committed;
    int retries;
    long lastServed;

    QueryEntry(String queryId, TenantEntry tenant, long deadlineMillis, long submittedMillis) {
        this.queryId = queryId;
        this.tenant = tenant;
        this.deadlineMillis = deadlineMillis;
        this.submittedMillis = submittedMillis;
    }

    boolean hasQueued() {
        return !fresh.isEmpty() || !returned.isEmpty();
    }

    int queued() {
        return fresh.size() + returned.size();
    }
}
