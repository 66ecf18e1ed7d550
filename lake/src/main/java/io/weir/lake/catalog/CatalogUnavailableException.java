package io.weir.lake.catalog;

/** The catalog's database cannot be reached, is too slow, or has no free connection. */
public final class CatalogUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CatalogUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
