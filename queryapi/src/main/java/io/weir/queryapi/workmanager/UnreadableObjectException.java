package io.weir.queryapi.workmanager;

import io.weir.promql.error.QueryException;

/**
 * An object that the catalog named is missing in the store or not what the catalog announced. Compaction may have replaced
 * it meanwhile: read the catalog again, submit once more, and only then fail the query with this.
 */
public final class UnreadableObjectException extends QueryException.Execution {
    private static final long serialVersionUID = 1L;
    private final boolean missing;

    public UnreadableObjectException(boolean missing, String message) {
        super(message);
        this.missing = missing;
    }

    /** Whether the object is not there, rather than corrupt. */
    public boolean isMissing() {
        return missing;
    }
}
