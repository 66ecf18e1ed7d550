package io.weir.eventstats.feed;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A query that ended: a row of {@code public.promql_query_runs}.
 *
 * @param user who sits before the dashboard, as its server says
 * @param kind instant, range, stream, series or labels
 * @param rangeStart null together with the end
 * @param stepMillis null without steps
 * @param ttfsMillis null if nothing of the result was sent
 * @param status succeeded, failed, canceled or unavailable
 * @param errorType by Prometheus' name; null on success
 * @param errorCode finer than the type; null on success
 * @param phase it ended in
 * @param precomputed whether it was answered from precomputed results
 */
record HistoryRow(
        UUID queryId,
        @Nullable UUID runId,
        String tenant,
        @Nullable String user,
        String surface,
        String kind,
        String canonicalHash,
        String text,
        @Nullable Instant rangeStart,
        @Nullable Instant rangeEnd,
        @Nullable Long stepMillis,
        Instant startedAt,
        Instant endedAt,
        long durationMillis,
        @Nullable Long ttfsMillis,
        String status,
        @Nullable String errorType,
        @Nullable String errorCode,
        @Nullable String errorMessage,
        String phase,
        int workUnits,
        long samplesRead,
        int workers,
        boolean precomputed) {}
