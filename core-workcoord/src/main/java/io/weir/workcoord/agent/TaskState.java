package io.weir.workcoord.agent;

/** Where an accepted piece of work stands on the worker. {@link #on} is the whole state machine. */
public enum TaskState {
    /** Waits for an execution slot. */
    QUEUED(false),
    /** Executes. */
    RUNNING(true),
    /** Was told to stop and still holds its slot; its outcome is thrown away. */
    CANCELING(true),
    /** Passed its deadline and was told to stop; its API will be told when it has. */
    OVERDUE(true),
    /** Its artifact waits to be fetched. */
    READY(false),
    /** Nothing is left of it here. */
    GONE(false);

    private final boolean takesSlot;

    TaskState(boolean takesSlot) {
        this.takesSlot = takesSlot;
    }

    /** Whether an execution thread is busy with it. */
    public boolean takesSlot() {
        return takesSlot;
    }

    /** Whether it counts against its API's credits. */
    public boolean takesCredit() {
        return this == QUEUED || this == RUNNING || this == OVERDUE;
    }

    /** What a trigger does to a task in a state. */
    public sealed interface Outcome {}

    public record Moves(TaskState to) implements Outcome {}

    /** Late, repeated or pointless: nothing changes. */
    public record Ignored() implements Outcome {}

    /** Cannot happen unless the agent or its shell is broken. */
    public record Illegal() implements Outcome {}

    private static final Outcome IGNORED = new Ignored();
    private static final Outcome ILLEGAL = new Illegal();

    /** The state machine. Messages of APIs are never illegal: a confused API must not stop the worker. */
    public Outcome on(TaskTrigger trigger) {
        return switch (trigger) {
            case START -> this == QUEUED ? new Moves(RUNNING) : ILLEGAL;
            case SUCCEEDED ->
                switch (this) {
                    case RUNNING -> new Moves(READY);
                    case CANCELING, OVERDUE -> new Moves(GONE);
                    case QUEUED, READY, GONE -> ILLEGAL;
                };
            case FAILED -> takesSlot ? new Moves(GONE) : ILLEGAL;
            case CANCEL, SESSION_LOST ->
                switch (this) {
                    case QUEUED, READY -> new Moves(GONE);
                    case RUNNING, OVERDUE -> new Moves(CANCELING);
                    case CANCELING, GONE -> IGNORED;
                };
            case DEADLINE ->
                switch (this) {
                    case QUEUED -> new Moves(GONE);
                    case RUNNING -> new Moves(OVERDUE);
                    case CANCELING, OVERDUE, READY, GONE -> IGNORED;
                };
            case HAND_BACK -> this == QUEUED ? new Moves(GONE) : IGNORED;
            case ACKNOWLEDGED, ARTIFACT_LOST -> this == READY ? new Moves(GONE) : IGNORED;
        };
    }
}
