package io.weir.queryworker.exec;

/** DuckDB failed for a reason other than a damaged file. */
public final class DuckDbException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Why. */
    public enum Cause {
        /** Its memory limit was not enough. */
        OUT_OF_MEMORY,
        /** No connection became free in time. */
        BUSY,
        /** Anything else. */
        INTERNAL
    }

    private final Cause reason;

    public DuckDbException(Cause reason, String message) {
        super(message);
        this.reason = reason;
    }

    public DuckDbException(Cause reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    public Cause reason() {
        return reason;
    }
}
