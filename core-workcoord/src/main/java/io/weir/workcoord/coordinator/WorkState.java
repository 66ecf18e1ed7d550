package io.weir.workcoord.coordinator;

/** Where a piece of work stands. {@link #on} is the whole state machine; nothing else changes a state. */
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

    /** What a trigger does to work in a state. */
    public sealed interface Outcome {}

    /** The work enters the state. */
    public record Moves(WorkState to) implements Outcome {}

    /** Late, repeated or pointless: nothing changes. */
    public record Ignored() implements Outcome {}

    /** Cannot happen unless the coordinator is broken. */
    public record Illegal() implements Outcome {}

    private static final Outcome IGNORED = new Ignored();
    private static final Outcome ILLEGAL = new Illegal();

    /** The state machine. Messages of workers are never illegal: a confused worker must not stop the API. */
    public Outcome on(WorkTrigger trigger) {
        return switch (trigger) {
            case ASSIGN -> this == QUEUED ? new Moves(ASSIGNED) : ILLEGAL;
            case ACCEPT -> this == ASSIGNED ? new Moves(ACCEPTED) : IGNORED;
            case REJECT, HAND_BACK -> takesCredit() ? new Moves(QUEUED) : IGNORED;
            case READY -> takesCredit() ? new Moves(READY) : IGNORED;
            case FAIL_RETRYABLE -> owned ? new Moves(QUEUED) : IGNORED;
            case FAIL_FINAL -> owned ? new Moves(FAILED) : IGNORED;
            case FETCHED -> this == READY ? new Moves(COMMITTED) : IGNORED;
            case FETCH_FAILED -> this == READY ? new Moves(QUEUED) : IGNORED;
            case OWNER_LOST -> owned ? new Moves(QUEUED) : ILLEGAL;
            case OWNER_DRAINING -> owned ? (this == ASSIGNED ? new Moves(QUEUED) : IGNORED) : ILLEGAL;
            case GIVE_UP -> this == QUEUED ? new Moves(FAILED) : ILLEGAL;
            case CANCEL -> terminal ? IGNORED : new Moves(CANCELED);
        };
    }
}
