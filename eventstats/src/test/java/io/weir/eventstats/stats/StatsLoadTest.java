package io.weir.eventstats.stats;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.weir.eventstats.stats.TestingStats.Answer;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** D2 10: 100,000 jobs. What leaves the database is groups, not jobs; the times are printed. */
@Tag("slow")
final class StatsLoadTest {
    private static final int JOBS = 100_000;
    private static final int ROUNDS = 20;
    private static final int BODY_BYTES_MAX = 64 << 10;

    @TempDir
    private static Path folder;

    private static EmbeddedPostgres postgres;
    private static TestingStats stats;

    @BeforeAll
    static void start() throws Exception {
        postgres = EmbeddedPostgres.builder()
                .setServerConfig("shared_preload_libraries", "pg_stat_statements")
                .start();
        stats = new TestingStats(TestingStats.database(postgres), StatsSettings.DEFAULT, Clock.systemUTC(), folder);
        TestingLoad.fill(stats, JOBS);
        stats.execute("CREATE EXTENSION pg_stat_statements");
    }

    @AfterAll
    static void stop() throws Exception {
        stats.close();
        postgres.close();
    }

    /** Rows that the server sent for queries that hold a text. */
    private static long rowsSent(String part) throws Exception {
        try (Connection connection = stats.administration().getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery("SELECT coalesce(sum(rows), 0) FROM pg_stat_statements WHERE query LIKE"
                                + " 'WITH topic_rows%' AND query NOT LIKE '%pg_stat%' AND query LIKE '%" + part
                                + "%'")) {
            rows.next();
            return rows.getLong(1);
        }
    }

    @Test
    void aggregatesAreSmall() throws Exception {
        Map<String, List<String>> queries = Map.of(
                "public.cps.za.runs",
                List.of("failed_jobs_last_7d", "aggregation_by_catalog", "run_status_summary"),
                "public.cps.za.status_change",
                List.of("running_jobs", "retry_chains"),
                "promql.query.runs",
                List.of("slowest_queries", "error_summary", "tenant_usage", "ttfs_by_surface"));
        Map<String, Integer> groups = Map.of(
                "failed_jobs_last_7d", TestingLoad.PIPELINES,
                "aggregation_by_catalog", TestingLoad.PIPELINES,
                "run_status_summary", 4,
                "running_jobs", TestingLoad.TENANTS,
                "retry_chains", TestingLoad.TENANTS,
                "slowest_queries", 20,
                "error_summary", 1,
                "tenant_usage", TestingLoad.TENANTS,
                "ttfs_by_surface", 3);
        for (Map.Entry<String, List<String>> topic : queries.entrySet()) {
            for (String query : topic.getValue()) {
                for (int days : List.of(7, 90)) {
                    stats.execute("SELECT pg_stat_statements_reset()");
                    String path = "/stats/" + topic.getKey() + "/query/" + query;
                    long[] nanos = new long[ROUNDS];
                    long bytes = 0;
                    for (int i = 0; i < ROUNDS; i++) {
                        // Another start each time, so that no kept result answers.
                        long end = System.currentTimeMillis();
                        String body = "{\"timestamp_start\":" + (end - days * 86_400_000L) + ",\"timestamp_end\":" + end
                                + "}";
                        long started = System.nanoTime();
                        Answer answer = stats.post("A", path, body);
                        nanos[i] = System.nanoTime() - started;
                        assertThat(answer.status()).isEqualTo(200);
                        bytes = answer.raw().body().length();
                        assertThat(bytes).as(query).isLessThan(BODY_BYTES_MAX);
                        assertThat(answer.body().get("row_count").asInt())
                                .as(query)
                                .isEqualTo(groups.get(query));
                        assertThat(answer.body().get("truncated").asBoolean()).isFalse();
                    }
                    long sent = rowsSent("");
                    assertThat(sent)
                            .as("rows that left the database for " + query)
                            .isEqualTo((long) ROUNDS * groups.getOrDefault(query, 0));
                    Arrays.sort(nanos);
                    System.out.printf(
                            "LOAD %s %d days: p50 %.1f ms, max %.1f ms, %d rows, %d bytes%n",
                            query, days, nanos[ROUNDS / 2] / 1e6, nanos[ROUNDS - 1] / 1e6, groups.get(query), bytes);
                }
            }
        }
        JsonNode all = stats.post("A", TestingStats.RUNS + "/query/run_status_summary", "{\"window_days\":90}")
                .body()
                .get("data");
        long jobs = 0;
        for (JsonNode row : all) {
            jobs += row.get("count").asLong();
        }
        assertThat(jobs).as("nearly all jobs are in the window of 90 days").isGreaterThan(JOBS - 100);
    }

    @Test
    void pagesAreFast() throws Exception {
        for (String topic : List.of("public.cps.za.runs", "promql.query.runs")) {
            String path = "/stats/" + topic;
            for (String user : List.of("A", "B")) {
                for (int limit : List.of(50, 1_000)) {
                    measure(path + " first page as " + user, user, path, "{\"limit\":" + limit + "}");
                }
            }
            measure(path + " page in the middle", "A", path, "{\"limit\":50,\"cursor\":50000,\"timestamp_start\":0}");
            long old = System.currentTimeMillis() - 60L * 86_400_000;
            measure(
                    path + " an hour of 60 days ago",
                    "A",
                    path,
                    "{\"timestamp_start\":" + old + ",\"timestamp_end\":" + (old + 3_600_000) + "}");
        }
    }

    private static void measure(String what, String user, String path, String body) throws Exception {
        long[] nanos = new long[ROUNDS];
        int rows = 0;
        for (int i = 0; i < ROUNDS; i++) {
            long started = System.nanoTime();
            Answer answer = stats.post(user, path, body);
            nanos[i] = System.nanoTime() - started;
            assertThat(answer.status()).isEqualTo(200);
            rows = answer.body().get("data").size();
        }
        assertThat(rows).isPositive();
        Arrays.sort(nanos);
        System.out.printf(
                "LOAD %s %s: p50 %.1f ms, max %.1f ms, %d rows%n",
                what, body, nanos[ROUNDS / 2] / 1e6, nanos[ROUNDS - 1] / 1e6, rows);
    }
}
