package io.weir.queryworker.exec;

import io.weir.promql.error.QueryException;
import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.queryworker.disk.DiskErrors;
import io.weir.queryworker.workmanager.WorkExecutor.Cancellation;
import io.weir.queryworker.workmanager.WorkFailureException;
import java.io.IOException;

/** Maps what can go wrong in an execution to what the API is told. */
final class Failures {
    private Failures() {}

    static WorkFailureException of(QueryException failure) {
        FailureClass failureClass = switch (failure) {
            case QueryException.BadData e -> FailureClass.BAD_QUERY;
            case QueryException.LimitExceeded e -> FailureClass.LIMIT_EXCEEDED;
            case QueryException.Execution e -> FailureClass.BAD_QUERY;
            case QueryException.Timeout e -> FailureClass.DEADLINE_EXCEEDED;
            case QueryException.Canceled e -> FailureClass.CANCELED;
            case QueryException.Unavailable e -> FailureClass.INTERNAL;
            case QueryException.Internal e -> FailureClass.INTERNAL;
        };
        return new WorkFailureException(failureClass, String.valueOf(failure.getMessage()), failure);
    }

    static WorkFailureException of(DuckDbException failure) {
        return switch (failure.reason()) {
            case OUT_OF_MEMORY -> outOfMemory(String.valueOf(failure.getMessage()), failure);
            case BUSY, INTERNAL ->
                new WorkFailureException(FailureClass.INTERNAL, String.valueOf(failure.getMessage()), failure);
        };
    }

    static WorkFailureException canceled(Cancellation cancellation, Exception cause) {
        if (!cancellation.isCanceled() && cancellation.remainingMillis() <= 0) {
            return new WorkFailureException(
                    FailureClass.DEADLINE_EXCEEDED, "the work's deadline passed while it was executed", cause);
        }
        return new WorkFailureException(FailureClass.CANCELED, "the work was canceled while it was executed", cause);
    }

    static WorkFailureException writing(IOException cause) {
        return new WorkFailureException(
                DiskErrors.isFull(cause) ? FailureClass.DISK_FULL : FailureClass.INTERNAL,
                "writing the artifact failed: " + cause.getMessage(),
                cause);
    }

    static WorkFailureException outOfMemory(String what, Throwable cause) {
        return new WorkFailureException(
                FailureClass.OUT_OF_MEMORY,
                what + ": select fewer series or a shorter range, or give the worker more memory",
                cause);
    }
}
