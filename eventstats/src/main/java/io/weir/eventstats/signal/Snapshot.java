package io.weir.eventstats.signal;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A job's current signal, as its row says. JSON values are texts in the database's canonical form.
 *
 * @param seq order of the job's updates
 * @param updatedAt grows with every update of the job, in microseconds
 * @param lastKnownOutcome JSON; null for none
 * @param nextActions JSON; null for none
 * @param diagnostics JSON
 * @param payload JSON
 */
public record Snapshot(
        UUID jobId,
        UUID tenantId,
        @Nullable UUID runId,
        long seq,
        Instant createdAt,
        Instant updatedAt,
        SignalKind kind,
        SignalPhase phase,
        String summary,
        @Nullable Integer etaSeconds,
        @Nullable String lastKnownOutcome,
        @Nullable String nextActions,
        String diagnostics,
        String payload) {}
