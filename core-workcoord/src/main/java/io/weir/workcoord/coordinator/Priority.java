package io.weir.workcoord.coordinator;

/** Whose work goes first. */
public enum Priority {
    /** A user waits for it. */
    INTERACTIVE,
    /** Nobody waits for it: it gets what interactive work leaves, and of that a share. */
    BACKGROUND
}
