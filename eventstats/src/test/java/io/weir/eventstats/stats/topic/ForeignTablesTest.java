package io.weir.eventstats.stats.topic;

import static io.weir.eventstats.stats.TestingStats.RUNS;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.weir.eventstats.database.EventStatsSchema;
import io.weir.eventstats.stats.StatsSettings;
import io.weir.eventstats.stats.TestingStats;
import io.weir.eventstats.stats.TestingStats.Answer;
import io.weir.eventstats.stats.read.ReaderRole;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.Databases;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A database that EventGate has filled before, users with few rights, and the migration done twice. */
final class ForeignTablesTest {
    private static final String FOREIGN = """
        CREATE TABLE public.public_cps_za_runs (
            event_id VARCHAR(255) NOT NULL, job_ref VARCHAR(255) NOT NULL, tenant_id VARCHAR(255) NOT NULL,
            source_app VARCHAR(255) NOT NULL, source_app_version VARCHAR(255) NOT NULL,
            environment VARCHAR(255) NOT NULL, timestamp_start BIGINT, timestamp_end BIGINT);
        CREATE TABLE public.public_cps_za_runs_jobs (
            internal_id SERIAL PRIMARY KEY, event_id VARCHAR(255) NOT NULL, country VARCHAR(255),
            catalog_id VARCHAR(255) NOT NULL, status VARCHAR(50) NOT NULL, timestamp_start BIGINT,
            timestamp_end BIGINT, message TEXT, additional_info JSONB);
        """;

    @TempDir
    private Path folder;

    private EmbeddedPostgres postgres;
    private String url;

    @BeforeEach
    void start() throws Exception {
        postgres = EmbeddedPostgres.start();
        url = "jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/postgres";
    }

    @AfterEach
    void stop() throws Exception {
        postgres.close();
    }

    private void execute(String user, String text) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url, user, "secret");
                Statement statement = connection.createStatement()) {
            statement.execute(text);
        }
    }

    private List<String> column(String text) throws SQLException {
        List<String> values = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection(url, "postgres", "postgres");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(text)) {
            while (rows.next()) {
                values.add(rows.getString(1));
            }
        }
        return values;
    }

    @Test
    void migratesTwice() throws Exception {
        try (HikariDataSource database = Databases.open(TestingStats.database(postgres))) {
            EventStatsSchema.migrate(database);
            EventStatsSchema.migrate(database);
            // As on a database whose history of migrations was lost.
            try (InputStream script =
                    ForeignTablesTest.class.getResourceAsStream("/db/migration/eventstats/V1__topics.sql")) {
                execute("postgres", new String(requireNonNull(script).readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        assertThat(column("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"))
                .contains(
                        "promql_query_runs",
                        "public_cps_za_dlchange",
                        "public_cps_za_runs",
                        "public_cps_za_runs_jobs",
                        "public_cps_za_status_change_aggregated_job",
                        "public_cps_za_test");
        assertThat(column("SELECT column_name || ' ' || data_type || ' ' || is_nullable FROM information_schema.columns"
                        + " WHERE table_name = 'public_cps_za_runs_jobs' ORDER BY ordinal_position"))
                .containsExactly(
                        "internal_id bigint NO",
                        "event_id character varying NO",
                        "country character varying YES",
                        "catalog_id character varying NO",
                        "status character varying NO",
                        "timestamp_start bigint YES",
                        "timestamp_end bigint YES",
                        "message text YES",
                        "additional_info jsonb YES");
        assertThat(column(
                        "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND indexname LIKE 'public_cps%'"
                                + " AND indexname NOT LIKE '%pkey' ORDER BY 1"))
                .containsExactly(
                        "public_cps_za_runs_event",
                        "public_cps_za_runs_jobs_event",
                        "public_cps_za_runs_started",
                        "public_cps_za_runs_tenant_started",
                        "public_cps_za_status_change_chain",
                        "public_cps_za_status_change_tenant_updated",
                        "public_cps_za_status_change_updated");
    }

    /** internal_id is SERIAL there, and an event may have two rows of its run: each job is still shown once. */
    @Test
    void takesOverTablesOfEventGate() throws Exception {
        execute("postgres", FOREIGN);
        try (TestingStats stats =
                new TestingStats(TestingStats.database(postgres), StatsSettings.DEFAULT, Clock.systemUTC(), folder)) {
            long now = System.currentTimeMillis();
            stats.run("e1", "T1", "prod", "app", now - 1_000);
            stats.run("e1", "T1", "prod", "app", now - 900);
            stats.run("e2", "T2", "prod", "app", now - 800);
            for (int i = 0; i < 3; i++) {
                stats.job("e1", "cat", "failed", now, now, null);
            }
            stats.job("e2", "cat", "succeeded", now, now, null);
            List<Long> ids = new ArrayList<>();
            String cursor = "";
            for (int page = 0; page < 3; page++) {
                Answer answer = stats.post("A", RUNS, "{\"limit\":2" + cursor + "}");
                answer.body()
                        .get("data")
                        .forEach(row -> ids.add(row.get("internal_id").asLong()));
                cursor = ",\"cursor\":\"" + answer.body().at("/pagination/next").asText() + "\"";
                if (!answer.body().at("/pagination/has_more").asBoolean()) {
                    break;
                }
            }
            assertThat(ids).containsExactly(4L, 3L, 2L, 1L);
            Answer failed = stats.post("A", RUNS + "/query/failed_jobs_last_7d", "{}");
            assertThat(failed.body().at("/data/0/failed_count").asInt()).isEqualTo(3);
            assertThat(column("SELECT indexdef FROM pg_indexes WHERE indexname = 'public_cps_za_runs_event'"))
                    .singleElement()
                    .asString()
                    .doesNotContain("UNIQUE");
        }
    }

    /** A user who may not make roles is told what to do, and it works once that is done. */
    @Test
    void saysWhatAnOperatorMustDo() throws Exception {
        execute(
                "postgres",
                "CREATE ROLE weak LOGIN PASSWORD 'secret'; GRANT CREATE ON DATABASE postgres TO weak;"
                        + " GRANT CREATE, USAGE ON SCHEMA public TO weak");
        DatabaseSettings weak = DatabaseSettings.of(url, "weak", "secret");
        String message = "";
        try (TestingStats stats = new TestingStats(weak, StatsSettings.DEFAULT, Clock.systemUTC(), folder)) {
            assertThat(stats).isNull();
        } catch (ReaderRole.MissingRightException e) {
            message = String.valueOf(e.getMessage());
        }
        assertThat(message)
                .contains("CREATE ROLE weir_stats_reader NOLOGIN; GRANT weir_stats_reader TO weak;")
                .contains("stats-db-user")
                .contains("stats-enabled=false");
        String statements = message.substring(message.indexOf("CREATE ROLE"), message.indexOf(". Or give"));
        execute("postgres", statements);
        try (TestingStats stats = new TestingStats(weak, StatsSettings.DEFAULT, Clock.systemUTC(), folder)) {
            assertThat(stats.post("A", RUNS, "{}").status()).isEqualTo(200);
        }
    }

    /** Who may make roles, but is no superuser, needs no operator; the second start finds everything done. */
    @Test
    void makesTheRoleItself() throws Exception {
        execute(
                "postgres",
                "CREATE ROLE maker LOGIN CREATEROLE PASSWORD 'secret'; GRANT CREATE ON DATABASE postgres TO"
                        + " maker; GRANT CREATE, USAGE ON SCHEMA public TO maker WITH GRANT OPTION");
        DatabaseSettings maker = DatabaseSettings.of(url, "maker", "secret");
        for (int start = 0; start < 2; start++) {
            try (TestingStats stats = new TestingStats(maker, StatsSettings.DEFAULT, Clock.systemUTC(), folder)) {
                assertThat(stats.post("A", RUNS, "{}").status()).isEqualTo(200);
            }
        }
    }

    /** A user of its own for reading needs the rights, not the role. */
    @Test
    void readsAsAUserOfItsOwn() throws Exception {
        execute("postgres", "CREATE ROLE reads LOGIN PASSWORD 'secret'");
        StatsSettings own =
                new StatsSettings(true, 2, 4, 2_000, "reads", "secret", "", 30_000, 64 << 10, 1 << 20, 1 << 20, 1_000);
        assertThat(own.toString()).doesNotContain("secret");
        DatabaseSettings catalog = TestingStats.database(postgres);
        assertThatThrownBy(() -> new TestingStats(catalog, own, Clock.systemUTC(), folder).close())
                .isInstanceOf(ReaderRole.MissingRightException.class)
                .hasMessageContaining("may not read public.public_cps_za_runs");
        execute(
                "postgres",
                "GRANT SELECT ON public.public_cps_za_runs, public.public_cps_za_runs_jobs,"
                        + " public.promql_query_runs, public.public_cps_za_status_change_aggregated_job TO reads");
        try (TestingStats stats = new TestingStats(catalog, own, Clock.systemUTC(), folder)) {
            assertThat(stats.post("A", RUNS, "{}").status()).isEqualTo(200);
            assertThat(column("SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'weir-stats'"))
                    .containsExactly("reads");
        }
    }
}
