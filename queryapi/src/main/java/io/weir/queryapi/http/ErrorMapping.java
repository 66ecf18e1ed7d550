package io.weir.queryapi.http;

import io.javalin.http.HttpResponseException;
import io.weir.lake.artifact.CorruptArtifactException;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.promql.error.QueryException;
import io.weir.queryapi.eval.TooManyQueriesException;
import io.weir.queryapi.workmanager.UnreadableObjectException;
import java.util.Objects;
import org.eclipse.jetty.http.HttpException;

/** The one place where what went wrong becomes Prometheus' error type and an HTTP status (web/api/v1/api.go, respondError). */
public final class ErrorMapping {
    /** A chain of causes longer than this is none. */
    private static final int CAUSES_MAX = 16;

    private ErrorMapping() {}

    /**
     * @param errorType by Prometheus' name
     * @param retryAfterSeconds 0 for no Retry-After header
     */
    public record ApiError(int status, String errorType, String message, int retryAfterSeconds) {}

    public static ApiError of(Throwable cause) {
        return switch (cause) {
            case QueryException exception -> ofQuery(exception);
            case TooManyQueriesException exception ->
                new ApiError(exception.isTenantLimit() ? 429 : 503, "unavailable", message(exception), 1);
            case DatabaseUnavailableException exception -> new ApiError(503, "unavailable", message(exception), 2);
            case CorruptArtifactException exception -> new ApiError(500, "internal", message(exception), 0);
            case HttpResponseException exception ->
                new ApiError(exception.getStatus(), ofStatus(exception.getStatus()), message(exception), 0);
            case Throwable other -> ofServer(other);
        };
    }

    /** What the server itself says about a request that it cannot read, deep in whatever it is wrapped in; else a defect. */
    private static ApiError ofServer(Throwable cause) {
        int depth = 0;
        for (Throwable inner = cause; inner != null && depth < CAUSES_MAX; inner = inner.getCause(), depth++) {
            if (inner instanceof HttpException unreadable && unreadable.getCode() < 500) {
                return new ApiError(
                        unreadable.getCode(),
                        ofStatus(unreadable.getCode()),
                        "the server cannot read the request: "
                                + Objects.requireNonNullElse(unreadable.getReason(), "status " + unreadable.getCode()),
                        0);
            }
        }
        return new ApiError(500, "internal", "internal error: " + cause, 0);
    }

    private static ApiError ofQuery(QueryException cause) {
        return switch (cause) {
            case QueryException.BadData exception -> new ApiError(400, "bad_data", message(exception), 0);
            case UnreadableObjectException exception -> new ApiError(500, "internal", message(exception), 0);
            case QueryException.Execution exception -> new ApiError(422, "execution", message(exception), 0);
            case QueryException.Timeout exception -> new ApiError(503, "timeout", message(exception), 0);
            case QueryException.Canceled exception -> new ApiError(499, "canceled", message(exception), 0);
            case QueryException.Unavailable exception -> new ApiError(503, "unavailable", message(exception), 1);
            case QueryException.Internal exception -> new ApiError(500, "internal", message(exception), 0);
        };
    }

    private static String ofStatus(int status) {
        return switch (status) {
            case 400, 405, 413, 415 -> "bad_data";
            // Prometheus' API has no authentication of its own, and so no types for these two.
            case 401 -> "unauthorized";
            case 403 -> "forbidden";
            case 404 -> "not_found";
            case 406 -> "not_acceptable";
            case 409 -> "conflict";
            case 429, 503 -> "unavailable";
            default -> "internal";
        };
    }

    private static String message(Throwable cause) {
        return Objects.requireNonNullElse(cause.getMessage(), cause.getClass().getSimpleName());
    }
}
