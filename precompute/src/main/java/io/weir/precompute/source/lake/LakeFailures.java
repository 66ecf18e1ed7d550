package io.weir.precompute.source.lake;

import io.weir.lake.artifact.CorruptArtifactException;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.SourceException.Cause;
import io.weir.promql.error.QueryException;
import io.weir.sketch.SketchCapacityException;

/** Says why a tick found nothing in the lake. */
final class LakeFailures {
    private LakeFailures() {}

    /** The failure that a tick counts; a defect is passed on. */
    static SourceException of(RuntimeException failure) {
        return switch (failure) {
            case QueryException cause -> new SourceException(cause(cause), String.valueOf(cause.getMessage()), cause);
            case DatabaseUnavailableException cause ->
                new SourceException(Cause.UNREACHABLE, "the catalog does not answer: " + cause.getMessage(), cause);
            case CorruptArtifactException cause ->
                new SourceException(Cause.BAD_DATA, String.valueOf(cause.getMessage()), cause);
            case SketchCapacityException cause ->
                new SourceException(
                        Cause.LIMIT,
                        "the values of the window span more than a sketch holds: " + cause.getMessage()
                                + "; use a larger alpha",
                        cause);
            default -> throw failure;
        };
    }

    private static Cause cause(QueryException failure) {
        return switch (failure) {
            case QueryException.LimitExceeded limit -> Cause.LIMIT;
            case QueryException.Unsupported unsupported -> Cause.UNSUPPORTED;
            case QueryException.Execution execution -> Cause.BAD_DATA;
            case QueryException.BadData bad -> Cause.BAD_DATA;
            case QueryException.Timeout timeout -> Cause.TIMEOUT;
            case QueryException.Canceled canceled -> Cause.REFUSED;
            case QueryException.Unavailable unavailable -> Cause.UNREACHABLE;
            case QueryException.Internal internal -> Cause.BAD_DATA;
        };
    }
}
