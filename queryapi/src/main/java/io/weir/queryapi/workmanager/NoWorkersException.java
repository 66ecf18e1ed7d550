package io.weir.queryapi.workmanager;

import io.weir.promql.error.QueryException;

/** No worker takes a query's work. */
public final class NoWorkersException extends QueryException.Unavailable {
    private static final long serialVersionUID = 1L;
    private final boolean lost;

    /** @param lost whether workers had taken some of the work, and are gone */
    public NoWorkersException(boolean lost, String message) {
        super(message);
        this.lost = lost;
    }

    /** Whether workers had taken some of the work, and are gone. */
    public boolean isLost() {
        return lost;
    }
}
