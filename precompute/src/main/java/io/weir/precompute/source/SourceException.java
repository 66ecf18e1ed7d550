package io.weir.precompute.source;

/** A source did not deliver. The message says what to look at. */
public final class SourceException extends Exception {
    private static final long serialVersionUID = 1L;

    private final Cause why;

    /** Why, for metrics. */
    public enum Cause {
        UNREACHABLE,
        TIMEOUT,
        REFUSED,
        BAD_DATA,
        UNSUPPORTED,
        LIMIT
    }

    public SourceException(Cause why, String message, Throwable cause) {
        super(message, cause);
        this.why = why;
    }

    public SourceException(Cause why, String message) {
        super(message);
        this.why = why;
    }

    public Cause why() {
        return why;
    }
}
