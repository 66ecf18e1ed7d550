package io.weir.eventstats.retention;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * One rule of the retention, as a statement that handles a batch of a table's rows. Its parameters are the bound of the rows' time, the time to go on
 * from, {@code more}, and the size of the batch; its one row is how many rows it handled and the greatest time of them. Rows that somebody else
 * holds are left for the next run: nothing waits.
 *
 * @param table as answers and metrics name it
 * @param before rows of this time or later stay
 * @param more further parameters
 */
record RetentionStep(String table, String sql, Instant before, List<Object> more) {
    /** What is done with orphans is counted beside the rows that are removed. */
    static final String ORPHANS = "scheduler.first_signal_snapshots (orphans ended)";

    /** Runs without a job's signal; their table is another package's, which removes them. */
    static final String EMPTY_RUNS = "scheduler.runs";

    /** Names of the tables, for metrics. */
    static List<String> tables() {
        List<String> tables = new ArrayList<>();
        steps(RetentionSettings.DEFAULT, Instant.EPOCH).forEach(step -> tables.add(step.table()));
        tables.add(EMPTY_RUNS);
        return tables;
    }

    /** All rules, in their order. */
    static List<RetentionStep> steps(RetentionSettings settings, Instant now) {
        Instant snapshots = now.minus(Duration.ofHours(settings.snapshotHours()));
        Instant signatures = now.minus(Duration.ofDays(settings.signatureDays()));
        Instant rollups = now.minus(Duration.ofDays(settings.rollupDays()));
        List<RetentionStep> steps = new ArrayList<>();
        steps.add(new RetentionStep(
                "scheduler.ttfs_events", REMOVE_EVENTS, now.minus(Duration.ofDays(settings.eventDays())), List.of()));
        steps.add(new RetentionStep("scheduler.first_signal_snapshots", REMOVE_SNAPSHOTS, snapshots, List.of()));
        // After the removal: what is ended now is removed one period later.
        steps.add(new RetentionStep(ORPHANS, END_ORPHANS, snapshots, List.of()));
        steps.add(new RetentionStep(
                "scheduler.failure_signatures (disabled)",
                DISABLE_SIGNATURES,
                signatures,
                List.of(settings.signatureConfidenceMin())));
        steps.add(new RetentionStep("scheduler.failure_signature_learning", REMOVE_LEARNING, signatures, List.of()));
        steps.add(new RetentionStep("scheduler.ttfs_rollup_hours", REMOVE_HOURS, rollups, List.of()));
        steps.add(new RetentionStep("scheduler.ttfs_rollup_days", REMOVE_DAYS, rollups, List.of()));
        steps.add(new RetentionStep(
                "scheduler.ttfs_event_batches",
                REMOVE_BATCH_KEYS,
                now.minus(Duration.ofHours(settings.batchKeyHours())),
                List.of()));
        steps.add(new RetentionStep(
                "promql_query_runs", REMOVE_HISTORY, now.minus(Duration.ofDays(settings.historyDays())), List.of()));
        steps.add(new RetentionStep("scheduler.ttfs_retention_runs", REMOVE_RUNS, signatures, List.of()));
        return steps;
    }

    private static final String REMOVE_EVENTS = """
        WITH gone AS (
            DELETE FROM scheduler.ttfs_events WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM scheduler.ttfs_events WHERE ts < ? AND ts >= ? ORDER BY ts LIMIT ? FOR UPDATE SKIP LOCKED))
            RETURNING ts
        ) SELECT count(*), max(ts) FROM gone
        """;

    private static final String REMOVE_SNAPSHOTS = """
        WITH gone AS (
            DELETE FROM scheduler.first_signal_snapshots WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM scheduler.first_signal_snapshots
                WHERE updated_at < ? AND updated_at >= ? AND kind IN ('succeeded', 'failed', 'canceled', 'unavailable')
                ORDER BY updated_at LIMIT ? FOR UPDATE SKIP LOCKED))
            RETURNING updated_at
        ) SELECT count(*), max(updated_at) FROM gone
        """;

    /** A job that the history of queries knows ended as it says; of the others nobody will hear again. Listeners are told. */
    private static final String END_ORPHANS = """
        WITH orphans AS (
            SELECT ctid, job_id, updated_at FROM scheduler.first_signal_snapshots
            WHERE updated_at < ? AND updated_at >= ? AND kind NOT IN ('succeeded', 'failed', 'canceled', 'unavailable')
            ORDER BY updated_at LIMIT ? FOR UPDATE SKIP LOCKED
        ), ended AS (
            UPDATE scheduler.first_signal_snapshots AS signal
            SET kind = coalesce(history.status, 'unavailable'), eta_seconds = NULL, seq = signal.seq + 1, updated_at = now(),
                summary = CASE WHEN history.status IS NULL THEN 'No signal for a long time' ELSE 'Ended: ' || history.status END
            FROM orphans LEFT JOIN public.promql_query_runs AS history ON history.query_id = orphans.job_id
            WHERE signal.ctid = orphans.ctid AND signal.job_id = orphans.job_id
            RETURNING signal.job_id, signal.tenant_id, signal.kind, signal.phase, signal.run_id, signal.seq, orphans.updated_at
        ), told AS (
            SELECT updated_at, pg_notify('ttfs_signal_update', json_build_object('job_id', job_id, 'tenant_id', tenant_id,
                'kind', kind, 'phase', phase, 'run_id', run_id, 'seq', seq)::text) FROM ended
        ) SELECT count(*), max(updated_at) FROM told
        """;

    private static final String DISABLE_SIGNATURES = """
        WITH disabled AS (
            UPDATE scheduler.failure_signatures SET enabled = FALSE WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM scheduler.failure_signatures
                WHERE updated_at < ? AND updated_at >= ? AND enabled AND confidence < ?
                ORDER BY updated_at LIMIT ? FOR UPDATE SKIP LOCKED))
            RETURNING updated_at
        ) SELECT count(*), max(updated_at) FROM disabled
        """;

    private static final String REMOVE_LEARNING = """
        WITH gone AS (
            DELETE FROM scheduler.failure_signature_learning WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM scheduler.failure_signature_learning
                WHERE observed_at < ? AND observed_at >= ? ORDER BY observed_at LIMIT ? FOR UPDATE SKIP LOCKED))
            RETURNING observed_at
        ) SELECT count(*), max(observed_at) FROM gone
        """;

    private static final String REMOVE_HOURS = """
        WITH gone AS (
            DELETE FROM scheduler.ttfs_rollup_hours WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM scheduler.ttfs_rollup_hours
                WHERE hour < ? AND hour >= ? ORDER BY hour LIMIT ? FOR UPDATE SKIP LOCKED))
            RETURNING hour
        ) SELECT count(*), max(hour) FROM gone
        """;

    private static final String REMOVE_DAYS = """
        WITH gone AS (
            DELETE FROM scheduler.ttfs_rollup_days WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM scheduler.ttfs_rollup_days
                WHERE day < ? AND day >= ? ORDER BY day LIMIT ? FOR UPDATE SKIP LOCKED))
            RETURNING day
        ) SELECT count(*), max(day) FROM gone
        """;

    private static final String REMOVE_BATCH_KEYS = """
        WITH gone AS (
            DELETE FROM scheduler.ttfs_event_batches WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM scheduler.ttfs_event_batches
                WHERE created_at < ? AND created_at >= ? ORDER BY created_at LIMIT ? FOR UPDATE SKIP LOCKED))
            RETURNING created_at
        ) SELECT count(*), max(created_at) FROM gone
        """;

    private static final String REMOVE_HISTORY = """
        WITH gone AS (
            DELETE FROM public.promql_query_runs WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM public.promql_query_runs
                WHERE started_at < ? AND started_at >= ? ORDER BY started_at LIMIT ? FOR UPDATE SKIP LOCKED))
            RETURNING started_at
        ) SELECT count(*), max(started_at) FROM gone
        """;

    private static final String REMOVE_RUNS = """
        WITH gone AS (
            DELETE FROM scheduler.ttfs_retention_runs WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM scheduler.ttfs_retention_runs
                WHERE started_at < ? AND started_at >= ? ORDER BY started_at LIMIT ? FOR UPDATE SKIP LOCKED))
            RETURNING started_at
        ) SELECT count(*), max(started_at) FROM gone
        """;
}
