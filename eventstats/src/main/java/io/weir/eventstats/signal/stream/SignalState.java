package io.weir.eventstats.signal.stream;

import io.weir.eventstats.signal.Snapshot;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a job or run at a moment.
 *
 * @param snapshot its signal; null for none
 * @param isKnown whether the tenant has it at all
 * @param isOpen whether more signals may follow: the job, or one of the run's jobs, has not ended
 */
public record SignalState(@Nullable Snapshot snapshot, boolean isKnown, boolean isOpen) {
    /** The tenant has nothing of that id. */
    public static final SignalState UNKNOWN = new SignalState(null, false, true);
}
