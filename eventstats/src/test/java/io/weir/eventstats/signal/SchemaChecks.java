package io.weir.eventstats.signal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** What the schema of first signals must be on every PostgreSQL: part C1 of the reference, and the named additions. */
final class SchemaChecks {
    /** The resource of the migration. */
    static final String MIGRATION = "/db/migration/eventstats/V2__first_signal.sql";

    private static final String NOT_NULL = " NO";
    private static final String NULLABLE = " YES";

    private static final Map<String, List<String>> COLUMNS = new TreeMap<>(Map.of(
            "first_signal_snapshots",
                    List.of(
                            "job_id uuid" + NOT_NULL,
                            "tenant_id uuid" + NOT_NULL,
                            "run_id uuid" + NULLABLE,
                            "created_at timestamp with time zone" + NOT_NULL,
                            "updated_at timestamp with time zone" + NOT_NULL,
                            "kind text" + NOT_NULL,
                            "phase text" + NOT_NULL,
                            "summary text" + NOT_NULL,
                            "eta_seconds integer" + NULLABLE,
                            "last_known_outcome jsonb" + NULLABLE,
                            "next_actions jsonb" + NULLABLE,
                            "diagnostics jsonb" + NOT_NULL,
                            "payload_json jsonb" + NOT_NULL,
                            "seq bigint" + NOT_NULL),
            "ttfs_events",
                    List.of(
                            "id bigint" + NOT_NULL,
                            "ts timestamp with time zone" + NOT_NULL,
                            "tenant_id uuid" + NOT_NULL,
                            "job_id uuid" + NOT_NULL,
                            "run_id uuid" + NULLABLE,
                            "surface text" + NOT_NULL,
                            "event_type text" + NOT_NULL,
                            "ttfs_ms integer" + NOT_NULL,
                            "cache_hit boolean" + NOT_NULL,
                            "signal_source text" + NULLABLE,
                            "kind text" + NULLABLE,
                            "phase text" + NULLABLE,
                            "network_state text" + NULLABLE,
                            "device text" + NULLABLE,
                            "release text" + NULLABLE,
                            "correlation_id text" + NULLABLE,
                            "trace_id text" + NULLABLE,
                            "span_id text" + NULLABLE,
                            "error_code text" + NULLABLE,
                            "error_message text" + NULLABLE,
                            "metadata jsonb" + NULLABLE),
            "failure_signatures",
                    List.of(
                            "id uuid" + NOT_NULL,
                            "tenant_id uuid" + NOT_NULL,
                            "created_at timestamp with time zone" + NOT_NULL,
                            "updated_at timestamp with time zone" + NOT_NULL,
                            "signature_hash text" + NOT_NULL,
                            "signature_version integer" + NOT_NULL,
                            "pattern jsonb" + NOT_NULL,
                            "outcome jsonb" + NOT_NULL,
                            "confidence numeric" + NOT_NULL,
                            "sample_count integer" + NOT_NULL,
                            "last_matched_at timestamp with time zone" + NULLABLE,
                            "enabled boolean" + NOT_NULL,
                            "expires_at timestamp with time zone" + NULLABLE),
            "ttfs_hourly_summary",
                    List.of(
                            "hour timestamp with time zone" + NULLABLE,
                            "surface text" + NULLABLE,
                            "cache_hit boolean" + NULLABLE,
                            "event_count bigint" + NULLABLE,
                            "avg_ms numeric" + NULLABLE,
                            "p50_ms double precision" + NULLABLE,
                            "p95_ms double precision" + NULLABLE,
                            "p99_ms double precision" + NULLABLE,
                            "min_ms integer" + NULLABLE,
                            "max_ms integer" + NULLABLE,
                            "over_p50_slo bigint" + NULLABLE,
                            "over_p95_slo bigint" + NULLABLE),
            "ttfs_daily_summary",
                    List.of(
                            "day timestamp with time zone" + NULLABLE,
                            "tenant_id uuid" + NULLABLE,
                            "surface text" + NULLABLE,
                            "event_count bigint" + NULLABLE,
                            "avg_ms numeric" + NULLABLE,
                            "p50_ms double precision" + NULLABLE,
                            "p95_ms double precision" + NULLABLE,
                            "cache_hit_rate double precision" + NULLABLE,
                            "error_count bigint" + NULLABLE),
            "ttfs_slo_breaches",
                    List.of(
                            "hour timestamp with time zone" + NULLABLE,
                            "tenant_id uuid" + NULLABLE,
                            "surface text" + NULLABLE,
                            "total_signals bigint" + NULLABLE,
                            "p50_breaches bigint" + NULLABLE,
                            "p95_breaches bigint" + NULLABLE,
                            "p50_compliance_pct numeric" + NULLABLE,
                            "p95_compliance_pct numeric" + NULLABLE)));

    private SchemaChecks() {}

    /** The text of the migration. */
    static String migration() throws IOException {
        return migration(MIGRATION);
    }

    /** The text of a migration. */
    static String migration(String resource) throws IOException {
        try (InputStream in = SchemaChecks.class.getResourceAsStream(resource)) {
            return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    static void equalsTheReference(TestingDatabase database) throws SQLException {
        for (Map.Entry<String, List<String>> table : COLUMNS.entrySet()) {
            assertThat(database.query("select column_name || ' ' || data_type || ' ' || is_nullable"
                            + " from information_schema.columns where table_schema = 'scheduler' and table_name = '"
                            + table.getKey() + "' order by ordinal_position"))
                    .as(table.getKey())
                    .isEqualTo(table.getValue());
        }
        assertThat(database.query("select routine_name from information_schema.routines"
                        + " where routine_schema = 'scheduler' order by routine_name"))
                .contains("match_failure_signature", "record_ttfs_event", "upsert_first_signal_snapshot");
        assertThat(database.query(
                        "select pg_get_function_identity_arguments(oid) || ' -> ' || pg_get_function_result(oid)"
                                + " from pg_proc where pronamespace = 'scheduler'::regnamespace and proname in"
                                + " ('upsert_first_signal_snapshot', 'record_ttfs_event', 'match_failure_signature')"
                                + " order by proname"))
                .containsExactly(
                        "p_tenant_id uuid, p_phase text, p_error_code text, p_image_reference text"
                                + " -> TABLE(signature_id uuid, outcome jsonb, confidence numeric)",
                        "p_tenant_id uuid, p_job_id uuid, p_surface text, p_event_type text, p_ttfs_ms integer,"
                            + " p_cache_hit boolean, p_signal_source text, p_kind text, p_phase text, p_run_id uuid,"
                            + " p_correlation_id text, p_error_code text, p_metadata jsonb -> scheduler.ttfs_events",
                        "p_job_id uuid, p_tenant_id uuid, p_run_id uuid, p_kind text, p_phase text, p_summary text,"
                                + " p_eta_seconds integer, p_last_known_outcome jsonb, p_next_actions jsonb,"
                                + " p_diagnostics jsonb -> scheduler.first_signal_snapshots");
        indexesAndConstraints(database);
        comments(database);
    }

    private static void indexesAndConstraints(TestingDatabase database) throws SQLException {
        assertThat(database.query("select regexp_replace(indexdef, '^CREATE INDEX (\\S+) ON scheduler\\.\\S+ USING ',"
                        + " '\\1 ') from pg_indexes where schemaname = 'scheduler' and indexname like"
                        + " 'idx\\_%' and tablename in ('first_signal_snapshots', 'ttfs_events',"
                        + " 'failure_signatures') order by indexname collate \"C\""))
                .containsExactly(
                        "idx_failure_signatures_confidence btree (tenant_id, confidence DESC) WHERE (enabled = true)",
                        "idx_failure_signatures_hash btree (signature_hash)",
                        "idx_failure_signatures_pattern gin (pattern)",
                        "idx_failure_signatures_tenant btree (tenant_id) WHERE (enabled = true)",
                        "idx_first_signal_snapshots_kind btree (kind)",
                        "idx_first_signal_snapshots_run btree (run_id)",
                        "idx_first_signal_snapshots_tenant btree (tenant_id)",
                        "idx_first_signal_snapshots_tenant_kind btree (tenant_id, kind)",
                        "idx_first_signal_snapshots_updated btree (updated_at DESC)",
                        "idx_ttfs_events_errors btree (ts DESC, error_code) WHERE (event_type = 'signal.error'::text)",
                        "idx_ttfs_events_job btree (job_id)",
                        "idx_ttfs_events_surface btree (surface, ts DESC)",
                        "idx_ttfs_events_surface_cache btree (surface, cache_hit, ts DESC)",
                        "idx_ttfs_events_tenant_ts btree (tenant_id, ts DESC)",
                        "idx_ttfs_events_ts btree (ts DESC)");
        assertThat(database.query(
                        "select conname from pg_constraint where contype in ('c', 'f', 'p', 'u') and conrelid in"
                                + " ('scheduler.first_signal_snapshots'::regclass, 'scheduler.ttfs_events'::regclass,"
                                + " 'scheduler.failure_signatures'::regclass) order by conname collate \"C\""))
                .containsExactly(
                        "failure_signatures_confidence_check",
                        "failure_signatures_pkey",
                        "failure_signatures_tenant_id_signature_hash_key",
                        "first_signal_snapshots_kind_check",
                        "first_signal_snapshots_phase_check",
                        "first_signal_snapshots_pkey",
                        "first_signal_snapshots_run_id_fkey",
                        "ttfs_events_event_type_check",
                        "ttfs_events_kind_check",
                        "ttfs_events_phase_check",
                        "ttfs_events_pkey",
                        "ttfs_events_signal_source_check",
                        "ttfs_events_surface_check",
                        "ttfs_events_ttfs_ms_not_negative");
    }

    private static void comments(TestingDatabase database) throws SQLException {
        assertThat(database.query("select relname, attname, description from pg_description"
                        + " join pg_class on pg_class.oid = objoid and classoid = 'pg_class'::regclass"
                        + " left join pg_attribute on attrelid = objoid and attnum = objsubid and objsubid > 0"
                        + " where relnamespace = 'scheduler'::regnamespace and relname in ('"
                        + String.join("','", COLUMNS.keySet())
                        + "') order by relname collate \"C\", objsubid"))
                .containsExactly(
                        "failure_signatures|null|Historical failure patterns for predictive outcome enrichment",
                        "failure_signatures|signature_hash|SHA-256 hash of pattern JSON for deduplication",
                        "failure_signatures|pattern|JSON pattern for matching job failures",
                        "failure_signatures|outcome|Predicted outcome with cause, MTTR, and suggested actions",
                        "failure_signatures|confidence|Confidence score 0.0-1.0 based on sample count and recency",
                        "first_signal_snapshots|null|Cached first-signal state for jobs, enabling sub-second TTFS"
                                + " lookups",
                        "first_signal_snapshots|kind|Current signal kind: queued, started, phase, blocked, failed,"
                                + " succeeded, canceled, unavailable",
                        "first_signal_snapshots|phase|Current execution phase: resolve, fetch, restore, analyze,"
                                + " policy, report, unknown",
                        "first_signal_snapshots|eta_seconds|Estimated seconds until completion, null if unknown",
                        "first_signal_snapshots|last_known_outcome|Previous run outcome for predictive context",
                        "first_signal_snapshots|next_actions|Suggested user actions with labels and hrefs",
                        "first_signal_snapshots|seq|Order of the job's updates: only a greater one is taken",
                        "ttfs_daily_summary|null|Daily rollup of TTFS metrics for long-term trending",
                        "ttfs_events|null|Telemetry events for Time-to-First-Signal metrics and SLO tracking",
                        "ttfs_events|event_type|Type of TTFS event: start, rendered, timeout, error, cache_hit,"
                                + " cold_start",
                        "ttfs_events|ttfs_ms|Time-to-first-signal in milliseconds",
                        "ttfs_events|signal_source|Source of signal: snapshot (cache), cold_start (computed),"
                                + " failure_index (predicted)",
                        "ttfs_hourly_summary|null|Hourly rollup of TTFS metrics for dashboard queries",
                        "ttfs_slo_breaches|null|SLO compliance summary for alerting dashboards");
    }
}
