package io.weir.workcoord.coordinator;

/** What can happen to a piece of work. */
public enum WorkTrigger {
    /** The coordinator chose a worker with room. */
    ASSIGN,
    /** The owner took it. */
    ACCEPT,
    /** The owner does not accept work. */
    REJECT,
    /** The owner drains and has not started it. */
    HAND_BACK,
    /** The owner finished its artifact. */
    READY,
    /** The owner failed in a way that another attempt may not. */
    FAIL_RETRYABLE,
    /** The owner failed in a way that every attempt will. */
    FAIL_FINAL,
    /** The artifact is fetched and verified. */
    FETCHED,
    /** The artifact cannot be fetched or is not what was announced. */
    FETCH_FAILED,
    /** The owner's session ended. */
    OWNER_LOST,
    /** The owner stopped accepting work; what it has not accepted moves at once. */
    OWNER_DRAINING,
    /** Limits allow no further attempt. */
    GIVE_UP,
    /** The query was canceled or failed elsewhere. */
    CANCEL
}
