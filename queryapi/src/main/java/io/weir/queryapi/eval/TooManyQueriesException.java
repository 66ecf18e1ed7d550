package io.weir.queryapi.eval;

/** A query found no free slot in time. The message names the limit. */
public final class TooManyQueriesException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean tenantLimit;

    TooManyQueriesException(String message, boolean tenantLimit) {
        super(message);
        this.tenantLimit = tenantLimit;
    }

    /** Whether the tenant's own limit was reached, not that of the process. */
    public boolean isTenantLimit() {
        return tenantLimit;
    }
}
