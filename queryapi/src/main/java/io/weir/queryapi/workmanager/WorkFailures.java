package io.weir.queryapi.workmanager;

import io.weir.promql.error.QueryException;
import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.workcoord.FailureKind;

/** Failure classes of the protocol as kinds of the coordinator, and those as what the query ends with. */
final class WorkFailures {
    private WorkFailures() {}

    static FailureKind kind(FailureClass failureClass) {
        return switch (failureClass) {
            case INTERNAL, UNRECOGNIZED -> FailureKind.INTERNAL;
            case BAD_QUERY -> FailureKind.BAD_QUERY;
            case MISSING_OBJECT -> FailureKind.MISSING_OBJECT;
            case OUT_OF_MEMORY -> FailureKind.OUT_OF_MEMORY;
            case DISK_FULL -> FailureKind.DISK_FULL;
            case LIMIT_EXCEEDED -> FailureKind.LIMIT_EXCEEDED;
            case CORRUPT_OBJECT -> FailureKind.CORRUPT_OBJECT;
            case DEADLINE_EXCEEDED -> FailureKind.DEADLINE_EXCEEDED;
            case CANCELED -> FailureKind.CANCELED;
            case HANDED_BACK -> FailureKind.HANDED_BACK;
            case ARTIFACT_LOST -> FailureKind.ARTIFACT_LOST;
        };
    }

    /** @param begun whether a worker has been given any of the query's work */
    static QueryException exception(FailureKind kind, String message, boolean begun) {
        return switch (kind) {
            case BAD_QUERY -> new QueryException.Execution(message);
            case LIMIT_EXCEEDED -> new QueryException.LimitExceeded(message);
            case MISSING_OBJECT -> new UnreadableObjectException(true, message);
            case CORRUPT_OBJECT -> new UnreadableObjectException(false, message);
            case DEADLINE_EXCEEDED -> new QueryException.Timeout(message);
            case CANCELED -> new QueryException.Canceled(message);
            case NO_WORKERS -> new NoWorkersException(begun, message);
            case WORKER_LOST -> new NoWorkersException(true, message);
            case QUEUE_FULL -> new QueryException.Unavailable(message);
            case INTERNAL,
                    OUT_OF_MEMORY,
                    DISK_FULL,
                    HANDED_BACK,
                    ARTIFACT_LOST,
                    FETCH_FAILED,
                    CHECKSUM_MISMATCH,
                    DUPLICATE_ID,
                    RETRIES_EXHAUSTED -> new QueryException.Internal(message);
        };
    }
}
