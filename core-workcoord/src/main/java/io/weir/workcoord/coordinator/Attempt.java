package io.weir.workcoord.coordinator;

import io.weir.workcoord.Check;
import io.weir.workcoord.Transition;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One attempt at a piece of work, on one worker. Only {@link #move} changes its state. */
final class Attempt {
    final WorkItem work;
    private WorkState state = WorkState.QUEUED;

    @Nullable
    WorkerEntry owner;
    /** Its name: how many assignments of the work there were with it; 0 while it has never been assigned. */
    int number;

    /** Whether it began as the second attempt at a straggler. */
    boolean hedge;

    long assignedMillis;
    /** From the assignment to the artifact. */
    long workedMillis;

    Attempt(WorkItem work) {
        this.work = work;
    }

    WorkState state() {
        return state;
    }

    /** Applies a trigger and keeps the counts of owner, query and tenant right. Returns false if the trigger is ignored. */
    boolean move(WorkTrigger trigger) {
        return switch (state.on(trigger)) {
            case Transition.Ignored<WorkState> ignored -> false;
            case Transition.Illegal<WorkState>() ->
                throw new IllegalStateException("work " + work.workId + ": " + trigger + " in state " + state);
            case Transition.Moves<WorkState>(WorkState to) -> {
                enter(to);
                yield true;
            }
        };
    }

    private void enter(WorkState to) {
        if (!state.takesCredit() && to.takesCredit()) {
            requireOwner().takesCredit(work.query.priority);
            work.query.takesCredit(this);
        }
        if (state.takesCredit() && !to.takesCredit()) {
            requireOwner().freesCredit(work.query.priority);
            work.query.freesCredit(this);
        }
        if (state.isOwned() && !to.isOwned()) {
            requireOwner().attempts.remove(this);
            owner = null;
        }
        state = to;
    }

    /** Assigns to a worker, as the next attempt at the work. */
    void assignTo(WorkerEntry worker, boolean asHedge, long nowMillis) {
        Check.isNull(owner, "only work without owner is assigned");
        owner = worker;
        hedge = asHedge;
        worker.attempts.add(this);
        work.assignments++;
        number = work.assignments;
        assignedMillis = nowMillis;
        move(WorkTrigger.ASSIGN);
    }

    boolean isOwnedBy(long session) {
        return owner != null && owner.session == session;
    }

    /** The session of its owner, 0 without one. */
    long session() {
        return owner == null ? 0 : owner.session;
    }

    WorkerEntry requireOwner() {
        return Objects.requireNonNull(owner, "work in this state has an owner");
    }
}
