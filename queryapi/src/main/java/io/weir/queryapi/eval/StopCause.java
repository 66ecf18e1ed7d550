package io.weir.queryapi.eval;

import io.weir.promql.error.QueryException;
import java.util.Locale;

/** Why a query was stopped before its end. */
public enum StopCause {
    /** Its client closed the connection. */
    CLIENT_GONE,
    /** Somebody asked for it, or this process stops. */
    REQUEST,
    /** Its time was up. */
    TIMEOUT,
    /** It went over one of its limits. */
    LIMIT,
    /** Something failed. */
    FAILURE;

    static StopCause of(QueryException cause) {
        return switch (cause) {
            case QueryException.LimitExceeded exception -> LIMIT;
            case QueryException.Timeout exception -> TIMEOUT;
            case QueryException.Canceled exception -> REQUEST;
            case QueryException other -> FAILURE;
        };
    }

    /** As a metric's tag and in the log. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
