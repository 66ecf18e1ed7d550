package io.weir.workcoord.coordinator;

import io.weir.workcoord.Heartbeat;
import io.weir.workcoord.Rendezvous;
import java.util.LinkedHashSet;
import java.util.Set;

/** A worker with a live session. It goes with its session; a reconnected worker is a new entry of the same id. */
final class WorkerEntry {
    final String workerId;
    final long idHash;
    final String incarnation;
    final String address;
    final long session;
    final Heartbeat heartbeat;
    /** What it owns: assigned, accepted and ready work, in order of assignment. */
    final Set<Attempt> attempts = new LinkedHashSet<>();

    boolean acceptingWork;
    boolean draining;
    int credits;
    int inFlight;
    /** Of these, what is background work. */
    int backgroundInFlight;

    private final int backgroundPercentMax;

    WorkerEntry(CoordinatorEvent.SessionOpened opened, CoordinatorLimits limits, long nowMillis) {
        this.workerId = opened.workerId();
        this.idHash = Rendezvous.hash(opened.workerId());
        this.incarnation = opened.incarnation();
        this.address = opened.address();
        this.session = opened.session();
        this.heartbeat = new Heartbeat(
                limits.heartbeat().intervalMillis(), limits.heartbeat().silenceMillis(), nowMillis);
        this.backgroundPercentMax = limits.backgroundPercentMax();
        this.acceptingWork = opened.acceptingWork();
        this.draining = opened.draining();
        this.credits = Math.max(0, opened.credits());
    }

    boolean isAvailable() {
        return acceptingWork && !draining;
    }

    boolean hasRoom() {
        return isAvailable() && inFlight < credits;
    }

    /** Background work may have a share of the credits, but one in any case. */
    boolean hasRoom(Priority priority) {
        return switch (priority) {
            case INTERACTIVE -> hasRoom();
            case BACKGROUND ->
                hasRoom() && backgroundInFlight < Math.max(1, (long) credits * backgroundPercentMax / 100);
        };
    }

    /** An attempt takes a credit. */
    void takesCredit(Priority priority) {
        inFlight++;
        backgroundInFlight += priority == Priority.BACKGROUND ? 1 : 0;
    }

    /** An attempt gives its credit back. */
    void freesCredit(Priority priority) {
        inFlight--;
        backgroundInFlight -= priority == Priority.BACKGROUND ? 1 : 0;
    }

    WorkerSnapshot snapshot() {
        return new WorkerSnapshot(
                workerId,
                incarnation,
                address,
                session,
                acceptingWork,
                draining,
                credits,
                inFlight,
                heartbeat.lastHeardMillis());
    }
}
