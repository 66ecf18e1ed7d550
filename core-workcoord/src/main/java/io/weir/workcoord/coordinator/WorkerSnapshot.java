package io.weir.workcoord.coordinator;

/** A live worker as the coordinator sees it. */
public record WorkerSnapshot(
        String workerId,
        String incarnation,
        String address,
        long session,
        boolean acceptingWork,
        boolean draining,
        int credits,
        int inFlight,
        long lastHeardMillis) {}
