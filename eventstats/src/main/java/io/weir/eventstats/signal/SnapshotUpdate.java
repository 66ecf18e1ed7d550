package io.weir.eventstats.signal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A job's new signal.
 *
 * @param tenantId by {@link TenantIds}
 * @param runId what the job is a part of; null for nothing, or to keep what was said before
 * @param seq order of this job's updates, from 1: the store takes an update only if it is greater than the one it has
 * @param summary for people; clipped to {@link #SUMMARY_LENGTH_MAX}
 * @param etaSeconds from now, 0 or more; null if unknown
 * @param lastKnownOutcome object {@code {"status","finished_at",...}}; null to keep what was said before
 * @param nextActions array of {@code {"label","href"}}; null for none
 * @param diagnostics object; null for an empty one
 * @param payload object; null to keep what was said before
 */
public record SnapshotUpdate(
        UUID jobId,
        UUID tenantId,
        @Nullable UUID runId,
        long seq,
        SignalKind kind,
        SignalPhase phase,
        String summary,
        @Nullable Integer etaSeconds,
        @Nullable JsonNode lastKnownOutcome,
        @Nullable JsonNode nextActions,
        @Nullable JsonNode diagnostics,
        @Nullable JsonNode payload) {
    /** Longest summary, in UTF-16 units. */
    public static final int SUMMARY_LENGTH_MAX = 1_024;

    public SnapshotUpdate {
        if (seq < 1) {
            throw new IllegalArgumentException("seq is " + seq + "; number a job's updates from 1");
        }
        if (etaSeconds != null && etaSeconds < 0) {
            throw new IllegalArgumentException("etaSeconds is " + etaSeconds + "; give 0 or more, or null");
        }
        if (summary.length() > SUMMARY_LENGTH_MAX) {
            summary = summary.substring(0, SUMMARY_LENGTH_MAX - 1) + "…";
        }
    }
}
