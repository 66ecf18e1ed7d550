package io.weir.precompute.schedule;

import io.weir.precompute.result.TickResult;
import io.weir.precompute.source.SourceException;
import java.util.Optional;

/** What came of a tick. */
sealed interface TickOutcome {
    /** It has a result of the whole window. */
    record Done(TickResult result) implements TickOutcome {}

    /** The source has seen only a part of the window: nothing is served. @param coverage 0 to below 1 */
    record Incomplete(double coverage) implements TickOutcome {}

    /**
     * It has no result.
     *
     * @param message for people
     * @param cause why the source did not deliver what the job needs; empty if something else failed
     */
    record Failed(String message, Optional<SourceException.Cause> cause) implements TickOutcome {}

    /** Nobody wants its result any more. */
    record Canceled() implements TickOutcome {}
}
