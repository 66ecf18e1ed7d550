package io.weir.workcoord.agent;

import static io.weir.workcoord.Transition.duplicate;
import static io.weir.workcoord.Transition.illegal;
import static io.weir.workcoord.Transition.late;
import static io.weir.workcoord.Transition.moves;
import static io.weir.workcoord.Transition.pointless;

import io.weir.workcoord.Transition;

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

    /** The state machine. Messages of APIs are never illegal: a confused API must not stop the worker. */
    public Transition<TaskState> on(TaskTrigger trigger) {
        return switch (trigger) {
            case START -> this == QUEUED ? moves(RUNNING) : illegal();
            case SUCCEEDED ->
                switch (this) {
                    case RUNNING -> moves(READY);
                    case CANCELING, OVERDUE -> moves(GONE);
                    case QUEUED, READY, GONE -> illegal();
                };
            case FAILED -> takesSlot ? moves(GONE) : illegal();
            case CANCEL, SESSION_LOST ->
                switch (this) {
                    case QUEUED, READY -> moves(GONE);
                    case RUNNING, OVERDUE -> moves(CANCELING);
                    case CANCELING, GONE -> duplicate();
                };
            case DEADLINE ->
                switch (this) {
                    case QUEUED -> moves(GONE);
                    case RUNNING -> moves(OVERDUE);
                    case OVERDUE -> duplicate();
                    case CANCELING, READY, GONE -> late();
                };
            case HAND_BACK ->
                switch (this) {
                    case QUEUED -> moves(GONE);
                    case RUNNING, CANCELING, OVERDUE, READY -> pointless();
                    case GONE -> late();
                };
            case ACKNOWLEDGED, ARTIFACT_LOST ->
                switch (this) {
                    case QUEUED, RUNNING, CANCELING, OVERDUE -> pointless();
                    case READY -> moves(GONE);
                    case GONE -> late();
                };
        };
    }
}
