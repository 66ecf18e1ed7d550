package io.weir.eventstats.stats.query;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.weir.eventstats.stats.StatsSettings;
import io.weir.eventstats.stats.TestingStats;
import io.weir.eventstats.stats.TestingStats.Answer;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What each shipped query says of rows that were counted by hand; those over runs are also in StatsHttpTest. */
final class ShippedQueriesTest {
    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");

    @TempDir
    private static Path folder;

    private static EmbeddedPostgres postgres;
    private static TestingStats stats;

    @BeforeAll
    static void start() throws Exception {
        postgres = EmbeddedPostgres.start();
        stats = new TestingStats(
                TestingStats.database(postgres), StatsSettings.DEFAULT, Clock.fixed(NOW, ZoneOffset.UTC), folder);
        // Chain 1 of T1: failed, failed, succeeded. Chain 2: killed, running. Chain 3 of T2: failed, failed. One
        // without a retry.
        job(11, 11, 1, "T1", "FAILED", "08:00");
        job(12, 11, 2, "T1", "FAILED", "08:30");
        job(13, 11, 3, "T1", "SUCCEEDED", "09:00");
        job(21, null, 1, "T1", "KILLED", "08:00");
        job(22, 21, 2, "T1", "RUNNING", "10:00");
        job(31, null, 1, "T2", "FAILED", "08:00");
        job(32, 31, 2, "T2", "FAILED", "08:10");
        job(41, null, 1, "T1", "RUNNING", "07:00");
        job(42, null, 1, "T1", "WAITING", "07:30");
        // Superseded by 52, so not running any more.
        job(51, null, 1, "T1", "RUNNING", "05:00");
        job(52, 51, 2, "T1", "SUCCEEDED", "06:00");
        query("T1", "ann", "ui", "h1", "up", 100, 50L, "succeeded", null, 10, false);
        query("T1", "ann", "ui", "h1", "up{}", 300, 150L, "succeeded", null, 20, true);
        query("T1", "bob", "cli", "h2", "rate(x[5m])", 5_000, 2_500L, "succeeded", null, 1_000, false);
        query("T1", null, "cli", "h3", "bad(", 2, null, "failed", "bad_data", 0, false);
        query("T2", "cat", "ui", "h1", "up", 900, 6_000L, "succeeded", null, 5, false);
        query("T2", "cat", "ci", "h4", "sum(y)", 60_000, null, "failed", "timeout", 7, false);
        query("T2", "cat", "ci", "h4", "sum(y)", 40_000, null, "failed", "timeout", 7, false);
        query("T2", "cat", "ci", "h4", "sum(y)", 1_000, null, "canceled", "canceled", 7, false);
    }

    @AfterAll
    static void stop() throws Exception {
        stats.close();
        postgres.close();
    }

    private static UUID id(int number) {
        return new UUID(0, number);
    }

    private static void job(int id, @Nullable Integer initial, int attempt, String tenant, String status, String time)
            throws Exception {
        stats.insert(
                "INSERT INTO public.public_cps_za_status_change_aggregated_job (job_id, initial_job_id, job_ref,"
                        + " job_name, tenant_id, source_app, environment, attempt_number, status_type, created_at,"
                        + " started_at, last_updated_at) VALUES (?, ?, ?, 'load', ?, 'spark', 'prod', ?, ?,"
                        + " ?::text::timestamptz, ?::text::timestamptz, ?::text::timestamptz)",
                id(id),
                initial == null ? null : id(initial),
                "ref" + id,
                tenant,
                attempt,
                status,
                "2026-11-20 " + time + "Z",
                status.equals("WAITING") ? null : "2026-11-20 " + time + ":01Z",
                "2026-11-20 " + time + ":02Z");
    }

    private static void query(
            String tenant,
            @Nullable String user,
            String surface,
            String hash,
            String text,
            long duration,
            @Nullable Long ttfs,
            String status,
            @Nullable String error,
            long samples,
            boolean hit)
            throws Exception {
        stats.insert(
                "INSERT INTO public.promql_query_runs (query_id, tenant_id, user_name, surface, kind, canonical_hash,"
                    + " query_text, started_at, ended_at, duration_ms, ttfs_ms, status, error_type, phase, work_units,"
                    + " samples_read, workers, precompute_hit) VALUES (gen_random_uuid(), ?, ?, ?, 'range', ?, ?,"
                    + " '2026-11-20 10:00Z', '2026-11-20 10:01Z', ?, ?, ?, ?, 'analyze', 2, ?, 1, ?)",
                tenant,
                user,
                surface,
                hash,
                text,
                duration,
                ttfs,
                status,
                error,
                samples,
                hit);
    }

    private static Answer ask(String user, String topic, String query, String body) throws Exception {
        Answer answer = stats.post(user, "/stats/" + topic + "/query/" + query, body);
        assertThat(answer.status()).as(answer.raw().body()).isEqualTo(200);
        assertThat(answer.body().get("row_count").asInt())
                .isEqualTo(answer.body().get("data").size());
        return answer;
    }

    private static List<String> rows(Answer answer) {
        List<String> rows = new ArrayList<>();
        for (JsonNode row : answer.body().get("data")) {
            rows.add(row.toString());
        }
        return rows;
    }

    @Test
    void runningJobs() throws Exception {
        Answer answer = ask("A", "public.cps.za.status_change", "running_jobs", "{\"max_jobs\":1}");
        String listed =
                "\"jobs\":[{\"since\":\"%s\",\"job_id\":\"00000000-0000-0000-0000-0000000000%s\",\"job_ref\":\"ref%d\","
                    + "\"job_name\":\"load\",\"attempt_number\":1,\"last_updated_at\":\"2026-11-20T07:%s:02+00:00\"}]}";
        assertThat(rows(answer))
                .containsExactly(
                        "{\"tenant_id\":\"T1\",\"source_app\":\"spark\",\"status\":\"RUNNING\",\"job_count\":2,\"retried_count\":1,"
                            + "\"oldest_at\":\"2026-11-20T07:00:01Z\",\"last_updated_at\":\"2026-11-20T10:00:02Z\","
                                + listed.formatted("2026-11-20T07:00:01+00:00", "29", 41, "00"),
                        "{\"tenant_id\":\"T1\",\"source_app\":\"spark\",\"status\":\"WAITING\",\"job_count\":1,\"retried_count\":0,"
                            + "\"oldest_at\":\"2026-11-20T07:30:00Z\",\"last_updated_at\":\"2026-11-20T07:30:02Z\","
                                + listed.formatted("2026-11-20T07:30:00+00:00", "2a", 42, "30"));
        assertThat(rows(ask("B", "public.cps.za.status_change", "running_jobs", "{}")))
                .isEmpty();
        assertThat(rows(ask("A", "public.cps.za.status_change", "running_jobs", "{\"environment\":\"test\"}")))
                .isEmpty();
    }

    @Test
    void retryChains() throws Exception {
        Answer answer = ask("A", "public.cps.za.status_change", "retry_chains", "{\"max_jobs\":1}");
        assertThat(rows(answer))
                .containsExactly(
                        "{\"tenant_id\":\"T1\",\"source_app\":\"spark\",\"chain_count\":3,\"attempt_count\":7,\"attempts_max\":3,"
                            + "\"recovered\":2,\"exhausted\":0,\"open\":1,\"recovery_rate\":1,\"chains\":[{\"status\":\"SUCCEEDED\","
                            + "\"job_ref\":\"ref13\",\"attempts\":3,\"chain_id\":\"00000000-0000-0000-0000-00000000000b\","
                            + "\"job_name\":\"load\",\"last_updated_at\":\"2026-11-20T09:00:02+00:00\"}]}",
                        "{\"tenant_id\":\"T2\",\"source_app\":\"spark\",\"chain_count\":1,\"attempt_count\":2,\"attempts_max\":2,"
                            + "\"recovered\":0,\"exhausted\":1,\"open\":0,\"recovery_rate\":0,\"chains\":[{\"status\":\"FAILED\","
                            + "\"job_ref\":\"ref32\",\"attempts\":2,\"chain_id\":\"00000000-0000-0000-0000-00000000001f\","
                            + "\"job_name\":\"load\",\"last_updated_at\":\"2026-11-20T08:10:02+00:00\"}]}");
        assertThat(rows(ask("B", "public.cps.za.status_change", "retry_chains", "{}")))
                .hasSize(1);
        long late = Instant.parse("2026-11-20T08:59:00Z").toEpochMilli();
        Answer window = ask(
                "A",
                "public.cps.za.status_change",
                "retry_chains",
                "{\"timestamp_start\":" + late + ",\"max_jobs\":0}");
        assertThat(window.body().at("/data/0/chain_count").asInt())
                .as("chains 1 and 2 were touched")
                .isEqualTo(2);
        assertThat(window.body().at("/data/0/attempt_count").asInt())
                .as("with all their attempts")
                .isEqualTo(5);
    }

    @Test
    void slowestQueries() throws Exception {
        Answer answer = ask("A", "promql.query.runs", "slowest_queries", "{\"top\":2}");
        assertThat(rows(answer))
                .containsExactly(
                        "{\"tenant_id\":\"T2\",\"canonical_hash\":\"h4\",\"query_text\":\"sum(y)\",\"run_count\":3,"
                            + "\"max_duration_ms\":60000,\"p95_duration_ms\":58000,\"avg_duration_ms\":33666.666666666664,"
                            + "\"samples_read\":21,\"last_ended_at\":\"2026-11-20T10:01:00Z\"}",
                        "{\"tenant_id\":\"T1\",\"canonical_hash\":\"h2\",\"query_text\":\"rate(x[5m])\",\"run_count\":1,"
                            + "\"max_duration_ms\":5000,\"p95_duration_ms\":5000,\"avg_duration_ms\":5000,"
                            + "\"samples_read\":1000,\"last_ended_at\":\"2026-11-20T10:01:00Z\"}");
        assertThat(ask("A", "promql.query.runs", "slowest_queries", "{\"tenant\":\"T1\"}")
                        .body()
                        .at("/data/1/query_text")
                        .asText())
                .as("the latest spelling")
                .isEqualTo("up{}");
        assertThat(ask("B", "promql.query.runs", "slowest_queries", "{}").raw().body())
                .doesNotContain("\"T1\"")
                .doesNotContain("rate(");
    }

    @Test
    void errorSummary() throws Exception {
        assertThat(rows(ask("A", "promql.query.runs", "error_summary", "{}")))
                .containsExactly(
                        "{\"status\":\"failed\",\"error_type\":\"timeout\",\"phase\":\"analyze\",\"query_count\":2,\"share\":0.25,"
                            + "\"tenant_count\":1,\"avg_duration_ms\":50000,\"last_ended_at\":\"2026-11-20T10:01:00Z\"}",
                        "{\"status\":\"canceled\",\"error_type\":\"canceled\",\"phase\":\"analyze\",\"query_count\":1,\"share\":0.125,"
                            + "\"tenant_count\":1,\"avg_duration_ms\":1000,\"last_ended_at\":\"2026-11-20T10:01:00Z\"}",
                        "{\"status\":\"failed\",\"error_type\":\"bad_data\",\"phase\":\"analyze\",\"query_count\":1,\"share\":0.125,"
                            + "\"tenant_count\":1,\"avg_duration_ms\":2,\"last_ended_at\":\"2026-11-20T10:01:00Z\"}");
        assertThat(rows(ask("B", "promql.query.runs", "error_summary", "{\"tenant\":\"T1\"}")))
                .isEmpty();
    }

    @Test
    void tenantUsage() throws Exception {
        assertThat(rows(ask("A", "promql.query.runs", "tenant_usage", "{}")))
                .containsExactly(
                        "{\"tenant_id\":\"T2\",\"query_count\":4,\"succeeded\":1,\"failed\":2,\"canceled\":1,\"unavailable\":0,"
                            + "\"user_count\":1,\"duration_ms\":101900,\"avg_duration_ms\":25475,\"samples_read\":26,"
                            + "\"work_units\":8,\"precompute_hits\":0}",
                        "{\"tenant_id\":\"T1\",\"query_count\":4,\"succeeded\":3,\"failed\":1,\"canceled\":0,\"unavailable\":0,"
                            + "\"user_count\":2,\"duration_ms\":5402,\"avg_duration_ms\":1350.5,\"samples_read\":1030,"
                            + "\"work_units\":8,\"precompute_hits\":1}");
        assertThat(rows(ask("B", "promql.query.runs", "tenant_usage", "{}"))).hasSize(1);
    }

    @Test
    void precomputeSavings() throws Exception {
        assertThat(rows(ask("A", "promql.query.runs", "precompute_savings", "{}")))
                .containsExactly(
                        "{\"tenant_id\":\"T1\",\"canonical_hash\":\"h1\",\"query_text\":\"up{}\",\"hit_count\":1,"
                                + "\"computed_count\":1,\"hit_ratio\":0.5,\"p50_hit_ms\":300,\"p50_computed_ms\":100,"
                                + "\"saved_ms\":-200}");
        assertThat(rows(ask("A", "promql.query.runs", "precompute_savings", "{\"tenant\":\"T2\"}")))
                .isEmpty();
    }

    @Test
    void ttfsBySurface() throws Exception {
        assertThat(rows(ask("A", "promql.query.runs", "ttfs_by_surface", "{}")))
                .containsExactly(
                        "{\"surface\":\"ci\",\"query_count\":3,\"with_first_result\":0,\"avg_ttfs_ms\":null,\"p50_ttfs_ms\":null,"
                            + "\"p95_ttfs_ms\":null,\"p99_ttfs_ms\":null,\"within_2s_share\":null,\"within_5s_share\":null}",
                        "{\"surface\":\"cli\",\"query_count\":2,\"with_first_result\":1,\"avg_ttfs_ms\":2500,\"p50_ttfs_ms\":2500,"
                            + "\"p95_ttfs_ms\":2500,\"p99_ttfs_ms\":2500,\"within_2s_share\":0,\"within_5s_share\":1}",
                        "{\"surface\":\"ui\",\"query_count\":3,\"with_first_result\":3,\"avg_ttfs_ms\":2066.6666666666665,"
                            + "\"p50_ttfs_ms\":150,\"p95_ttfs_ms\":5414.999999999999,\"p99_ttfs_ms\":5883,"
                            + "\"within_2s_share\":0.6666666666666666,\"within_5s_share\":0.6666666666666666}");
    }

    @Test
    void runStatusSummaryByTime() throws Exception {
        long day = Instant.parse("2026-11-19T00:00:00Z").toEpochMilli();
        stats.run("r1", "S", "prod", "app", day + 3_599_999);
        stats.job("r1", "c", "succeeded", day, day, null);
        stats.run("r2", "S", "prod", "app", day + 3_600_000);
        stats.job("r2", "c", "failed", day, day, null);
        stats.job("r2", "c", "succeeded", day, day, null);
        stats.run("r3", "S", "prod", "app", -1);
        stats.job("r3", "c", "killed", day, day, null);
        Answer hours = ask("A", "public.cps.za.runs", "run_status_summary", "{\"tenant\":\"S\",\"bucket\":\"hour\"}");
        assertThat(rows(hours))
                .containsExactly(
                        "{\"bucket_start\":" + day + ",\"status\":\"succeeded\",\"count\":1,\"share\":1}",
                        "{\"bucket_start\":" + (day + 3_600_000) + ",\"status\":\"failed\",\"count\":1,\"share\":0.5}",
                        "{\"bucket_start\":" + (day + 3_600_000)
                                + ",\"status\":\"succeeded\",\"count\":1,\"share\":0.5}");
        Answer days = ask(
                "A",
                "public.cps.za.runs",
                "run_status_summary",
                "{\"tenant\":\"S\",\"bucket\":\"day\",\"timestamp_start\":-5}");
        assertThat(rows(days))
                .containsExactly(
                        "{\"bucket_start\":-86400000,\"status\":\"killed\",\"count\":1,\"share\":1}",
                        "{\"bucket_start\":" + day
                                + ",\"status\":\"succeeded\",\"count\":2,\"share\":0.6666666666666666}",
                        "{\"bucket_start\":" + day
                                + ",\"status\":\"failed\",\"count\":1,\"share\":0.3333333333333333}");
    }
}
