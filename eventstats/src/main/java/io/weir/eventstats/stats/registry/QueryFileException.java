package io.weir.eventstats.stats.registry;

/** A file of a named query that cannot be used: the message begins with its name and says what is wrong. */
public final class QueryFileException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public QueryFileException(String file, String reason) {
        super(file + ": " + reason);
    }

    public QueryFileException(String file, String reason, Throwable cause) {
        super(file + ": " + reason, cause);
    }
}
