package io.weir.workcoord.coordinator;

import io.weir.workcoord.Check;
import io.weir.workcoord.FailureKind;
import io.weir.workcoord.Rendezvous;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One piece of work and all that is known about its attempts. Only {@link #move} changes its state. */
final class WorkItem {
    final QueryEntry query;
    final int leafId;
    final String workId;
    final String affinityKey;
    final long keyHash;
    /** Workers that rejected, failed or lost it; avoided while another accepts work. */
    final Set<String> tried = new HashSet<>();

    private WorkState state = WorkState.QUEUED;

    @Nullable
    WorkerEntry owner;
    /** Number of assignments so far: the name of the current one. */
    int attempt;

    int failures;
    long queuedSinceMillis;
    long notBeforeMillis;
    FailureKind lastFailure = FailureKind.INTERNAL;
    String lastMessage = "";
    String checksum = "";

    WorkItem(QueryEntry query, CoordinatorEvent.Unit unit, long nowMillis) {
        this.query = query;
        this.leafId = unit.leafId();
        this.workId = unit.workId();
        this.affinityKey = unit.affinityKey();
        this.keyHash = Rendezvous.hash(unit.affinityKey());
        this.queuedSinceMillis = nowMillis;
    }

    WorkState state() {
        return state;
    }

    /** Applies a trigger and keeps the counts of owner and query right. Returns false if the trigger is ignored. */
    boolean move(WorkTrigger trigger) {
        return switch (state.on(trigger)) {
            case WorkState.Ignored() -> false;
            case WorkState.Illegal() ->
                throw new IllegalStateException("work " + workId + ": " + trigger + " in state " + state);
            case WorkState.Moves(WorkState to) -> {
                enter(to);
                yield true;
            }
        };
    }

    private void enter(WorkState to) {
        Check.that(!state.isTerminal(), "a terminal state is never left");
        if (state.takesCredit() != to.takesCredit()) {
            int change = to.takesCredit() ? 1 : -1;
            requireOwner().inFlight += change;
            query.inFlight += change;
            query.tenant.inFlight += change;
        }
        if (state.isOwned() && !to.isOwned()) {
            requireOwner().works.remove(this);
            owner = null;
        }
        state = to;
    }

    /** Assigns to a worker: the next attempt begins. */
    void assignTo(WorkerEntry worker) {
        Check.that(owner == null && state == WorkState.QUEUED, "only queued work is assigned");
        owner = worker;
        worker.works.add(this);
        attempt++;
        move(WorkTrigger.ASSIGN);
    }

    boolean isOwnedBy(long session, int attemptOfMessage) {
        return owner != null && owner.session == session && attempt == attemptOfMessage;
    }

    WorkerEntry requireOwner() {
        WorkerEntry known = owner;
        if (known == null) {
            throw new IllegalStateException("work " + workId + " in state " + state + " has no owner");
        }
        return known;
    }
}
