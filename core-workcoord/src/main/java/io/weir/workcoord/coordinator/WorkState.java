package io.weir.workcoord.coordinator;

import static io.weir.workcoord.Transition.duplicate;
import static io.weir.workcoord.Transition.illegal;
import static io.weir.workcoord.Transition.late;
import static io.weir.workcoord.Transition.moves;
import static io.weir.workcoord.Transition.pointless;

import io.weir.workcoord.Transition;

/** Where an attempt at a piece of work stands. {@link #on} is the whole state machine; nothing else changes a state. */
public enum WorkState {
    /** Waits in the API's queue for a worker with room. */
    QUEUED(false, false),
    /** Sent to a worker that has not answered. */
    ASSIGNED(true, false),
    /** The worker has it: queued or running there. */
    ACCEPTED(true, false),
    /** The artifact is finished and being fetched. Not the end: it lives on its worker alone until it is here. */
    READY(true, false),
    /** The artifact is here and verified. */
    COMMITTED(false, true),
    FAILED(false, true),
    CANCELED(false, true);

    private final boolean owned;
    private final boolean terminal;

    WorkState(boolean owned, boolean terminal) {
        this.owned = owned;
        this.terminal = terminal;
    }

    /** Whether a worker is responsible for it. */
    public boolean isOwned() {
        return owned;
    }

    public boolean isTerminal() {
        return terminal;
    }

    /** Whether it takes one of its worker's credits. */
    public boolean takesCredit() {
        return this == ASSIGNED || this == ACCEPTED;
    }

    /**
     * The state machine. Messages of workers are never illegal: a confused worker must not stop the API. Neither are the
     * outcomes of fetches: they come from other threads.
     */
    public Transition<WorkState> on(WorkTrigger trigger) {
        return switch (trigger) {
            case ASSIGN -> this == QUEUED ? moves(ASSIGNED) : illegal();
            case ACCEPT -> this == ASSIGNED ? moves(ACCEPTED) : ignored(this == ACCEPTED);
            case REJECT, HAND_BACK -> takesCredit() ? moves(QUEUED) : ignored(this == QUEUED);
            case READY -> takesCredit() ? moves(READY) : ignored(this == READY || this == COMMITTED);
            case FAIL_RETRYABLE -> owned ? moves(QUEUED) : ignored(this == QUEUED);
            case FAIL_FINAL -> owned ? moves(FAILED) : ignored(this == FAILED);
            case FETCHED -> this == READY ? moves(COMMITTED) : ignored(this == COMMITTED);
            case FETCH_FAILED -> this == READY ? moves(QUEUED) : ignored(this == QUEUED);
            case OWNER_LOST -> owned ? moves(QUEUED) : illegal();
            case OWNER_DRAINING -> owned ? (this == ASSIGNED ? moves(QUEUED) : pointless()) : illegal();
            case GIVE_UP -> this == QUEUED ? moves(FAILED) : illegal();
            case CANCEL -> terminal ? ignored(this == CANCELED) : moves(CANCELED);
        };
    }

    private static Transition<WorkState> ignored(boolean duplicate) {
        return duplicate ? duplicate() : late();
    }
}
