package io.weir.eventstats.stats.read;

/** The database did not give what was asked. The message is for the client: it holds nothing of the SQL or of the server's answer. */
public final class StatsDatabaseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    /** Why. */
    public enum Reason {
        /** No connection in time, or too many requests wait for one. */
        BUSY,
        /** It cannot be reached. */
        DOWN,
        /** The statement took too long. */
        TIMEOUT,
        /** It has no disk or memory left for the statement. */
        EXHAUSTED,
        /** It refused the statement: a defect, or the schema was changed. */
        FAILED
    }

    public StatsDatabaseException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    public StatsDatabaseException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
