package io.weir.queryworker.workmanager;

import io.weir.proto.control.v1.WorkFailed.FailureClass;

/** A piece of work failed; the class decides what the API does about it. */
public final class WorkFailureException extends Exception {
    private static final long serialVersionUID = 1L;
    private final FailureClass failureClass;

    public WorkFailureException(FailureClass failureClass, String message) {
        super(message);
        this.failureClass = failureClass;
    }

    public WorkFailureException(FailureClass failureClass, String message, Throwable cause) {
        super(message, cause);
        this.failureClass = failureClass;
    }

    public FailureClass failureClass() {
        return failureClass;
    }
}
