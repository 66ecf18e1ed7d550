package io.weir.queryapi.eval;

import io.javalin.http.HttpResponseException;
import io.weir.lake.artifact.CorruptArtifactException;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.promql.error.QueryException;
import io.weir.queryapi.spi.QueryEvent.Cause;
import io.weir.queryapi.workmanager.NoWorkersException;
import io.weir.queryapi.workmanager.UnreadableObjectException;
import java.io.IOException;

/** What a query ended by, finer than Prometheus' types of errors, for those who are told of queries. */
final class EndCauses {
    private EndCauses() {}

    /** @param stop of the query, if it was stopped */
    static Cause of(Throwable failure, StopCause stop) {
        return switch (failure) {
            case QueryException exception -> ofQuery(exception, stop);
            case TooManyQueriesException _ -> Cause.TOO_MANY_QUERIES;
            case DatabaseUnavailableException _ -> Cause.CATALOG_UNAVAILABLE;
            case CorruptArtifactException _ -> Cause.STORAGE;
            case HttpResponseException refused -> refused.getStatus() < 500 ? Cause.BAD_DATA : Cause.INTERNAL;
            case IOException _ -> Cause.CLIENT_GONE;
            case Throwable _ -> Cause.INTERNAL;
        };
    }

    private static Cause ofQuery(QueryException failure, StopCause stop) {
        return switch (failure) {
            case QueryException.BadData _ -> Cause.BAD_DATA;
            case QueryException.LimitExceeded _ -> Cause.LIMIT;
            case QueryException.Unsupported _ -> Cause.UNSUPPORTED;
            case UnreadableObjectException _ -> Cause.STORAGE;
            case QueryException.Execution _ -> Cause.EXECUTION;
            case QueryException.Timeout _ -> Cause.TIMEOUT;
            case QueryException.Canceled _ -> stop == StopCause.CLIENT_GONE ? Cause.CLIENT_GONE : Cause.CANCELED;
            case NoWorkersException none -> none.isLost() ? Cause.WORKERS_LOST : Cause.NO_WORKERS;
            case QueryException.Unavailable _ -> Cause.UNAVAILABLE;
            case QueryException.Internal _ -> Cause.INTERNAL;
        };
    }
}
