package io.weir.workcoord.agent;

/** What can happen to a piece of work on the worker. */
public enum TaskTrigger {
    /** A slot is free and it is this task's turn. */
    START,
    /** The execution ended with a published artifact. */
    SUCCEEDED,
    /** The execution ended without one. */
    FAILED,
    /** Its API wants it no more, or a drain ran out of time. */
    CANCEL,
    /** Its API's session ended. */
    SESSION_LOST,
    /** Its time is over. */
    DEADLINE,
    /** The worker drains. */
    HAND_BACK,
    /** Its API has the artifact. */
    ACKNOWLEDGED,
    /** The artifact was evicted or expired. */
    ARTIFACT_LOST
}
