package io.weir.eventstats.stats;

import java.sql.SQLException;

/** Many rows, spread evenly over the 90 days before now: 20 tenants, 40 pipelines of one tenant each. */
public final class TestingLoad {
    public static final int PIPELINES = 40;
    public static final int TENANTS = 20;

    private TestingLoad() {}

    /** Fills all tables: as many jobs as said, half as many runs, as many rows of the other topics as jobs. */
    public static void fill(TestingStats stats, int jobs) throws SQLException {
        String started = "(extract(epoch FROM now()) * 1000)::bigint - (i::bigint * 7776000000) / " + jobs;
        stats.execute(
                "INSERT INTO public.public_cps_za_runs SELECT 'event' || i, 'ref' || i, 'T' || i / 2 % " + TENANTS
                        + ", 'app' || i / 2 % 5, '1', CASE WHEN i / 2 % 10 = 0 THEN 'test' ELSE 'prod' END, " + started
                        + ", " + started + " + 5000 FROM generate_series(" + jobs + ", 1, -2) i",
                "INSERT INTO public.public_cps_za_runs_jobs (event_id, country, catalog_id, status, timestamp_start,"
                    + " timestamp_end, message, additional_info) SELECT 'event' || (i + i % 2), 'ZA', 'catalog' || (i"
                    + " + i % 2) / 2 % "
                        + PIPELINES
                        + ", (ARRAY['succeeded', 'succeeded', 'succeeded', 'failed', 'killed', 'skipped'])[1 + i % 6], "
                        + started + ", " + started + " + 1000 + i % 977, 'message ' || i, '{\"attempt\": 1}'"
                        + " FROM generate_series(" + jobs + ", 1, -1) i",
                "INSERT INTO public.public_cps_za_status_change_aggregated_job (job_id, initial_job_id, job_ref,"
                    + " job_name, tenant_id, source_app, environment, attempt_number, status_type, created_at,"
                    + " started_at, last_updated_at) SELECT ('00000000-0000-0000-0000-' || lpad(i::text, 12,"
                    + " '0'))::uuid, CASE WHEN i % 10 = 1 THEN ('00000000-0000-0000-0000-' || lpad((i - 1)::text, 12,"
                    + " '0'))::uuid END, 'ref' || i, 'job', 'T' || i / 10 % " + TENANTS
                        + ", 'app', 'prod', CASE WHEN i % 10 = 1 THEN 2 ELSE 1 END,"
                        + " (ARRAY['SUCCEEDED', 'SUCCEEDED', 'FAILED', 'KILLED', 'RUNNING'])[1 + i % 5], now(), now(),"
                        + " now() - i * INTERVAL '90 days' / " + jobs + " FROM generate_series(1, " + jobs + ") i",
                "INSERT INTO public.promql_query_runs (query_id, tenant_id, user_name, surface, kind, canonical_hash,"
                    + " query_text, started_at, ended_at, duration_ms, ttfs_ms, status, error_type, phase, work_units,"
                    + " samples_read, workers) SELECT gen_random_uuid(), 'T' || i % " + TENANTS
                        + ", 'user' || i % 50, (ARRAY['ui', 'cli', 'ci'])[1 + i % 3], 'range', 'hash' || i % 500,"
                        + " 'sum(rate(metric' || i % 500 || '[5m]))', now() - i * INTERVAL '90 days' / " + jobs
                        + ", now() - i * INTERVAL '90 days' / " + jobs
                        + " + i % 997 * INTERVAL '1 ms', i % 997, i % 499, CASE WHEN i % 50 = 0 THEN 'failed' ELSE"
                        + " 'succeeded' END, CASE WHEN i % 50 = 0 THEN 'timeout' END, 'report', 4, i, 2 FROM"
                        + " generate_series(" + jobs
                        + ", 1, -1) i",
                "VACUUM ANALYZE public.public_cps_za_runs",
                "VACUUM ANALYZE public.public_cps_za_runs_jobs",
                "VACUUM ANALYZE public.public_cps_za_status_change_aggregated_job",
                "VACUUM ANALYZE public.promql_query_runs");
    }
}
