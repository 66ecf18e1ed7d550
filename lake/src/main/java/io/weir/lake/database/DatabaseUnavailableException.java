package io.weir.lake.database;

/** The catalog's database cannot be reached, is too slow, or has no free connection. */
public final class DatabaseUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public DatabaseUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
