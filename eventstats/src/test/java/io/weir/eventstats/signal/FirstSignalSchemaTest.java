package io.weir.eventstats.signal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.eventstats.database.EventStatsSchema;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** The schema and its functions, by SQL alone: checklist D3, rows 1 to 5 and what the tables refuse. */
class FirstSignalSchemaTest {
    private static final UUID TENANT = UUID.fromString("aaaaaaaa-0000-4000-8000-000000000001");
    private static final UUID OTHER = UUID.fromString("aaaaaaaa-0000-4000-8000-000000000002");

    private static TestingDatabase database;

    @BeforeAll
    static void open() {
        database = TestingDatabase.migrated();
    }

    @AfterAll
    static void close() {
        database.close();
    }

    @Test
    void theMigrationEqualsTheReferenceAndRunsTwice() throws Exception {
        SchemaChecks.equalsTheReference(database);
        database.execute(SchemaChecks.migration());
        EventStatsSchema.migrate(database.dataSource());
        SchemaChecks.equalsTheReference(database);
    }

    /** The seed's file is with the specification, which is not part of this repository. */
    @Test
    void aSchemaThatWasLoadedByHandIsTakenOver() throws Exception {
        try (TestingDatabase byHand = TestingDatabase.empty()) {
            byHand.execute("create schema scheduler");
            byHand.execute("create table scheduler.runs (id uuid primary key)");
            for (String folder : List.of("..", "../..", "../../..")) {
                Path path = Path.of(folder, "shared/spec/ttfs-schema.sql");
                if (Files.exists(path)) {
                    byHand.execute(Files.readString(path));
                    byHand.execute("insert into scheduler.ttfs_events (tenant_id, job_id, surface, event_type, ttfs_ms)"
                            + " values (gen_random_uuid(), gen_random_uuid(), 'ui', 'signal.rendered', -1)");
                    break;
                }
            }
            EventStatsSchema.migrate(byHand.dataSource());
            SchemaChecks.equalsTheReference(byHand);
            assertThatThrownBy(() -> byHand.execute("select scheduler.record_ttfs_event(gen_random_uuid(),"
                            + " gen_random_uuid(), 'ui', 'signal.rendered', -1)"))
                    .hasMessageContaining("ttfs_events_ttfs_ms_not_negative");
        }
    }

    @Test
    void anUpsertGivesTheRowAndANotification() throws Exception {
        UUID job = UUID.randomUUID();
        try (Connection connection = listening()) {
            assertThat(TestingDatabase.query(
                            connection,
                            "select job_id, tenant_id, run_id, kind, phase, summary, diagnostics" + " from "
                                    + upsert(job, TENANT, "NULL,'queued','unknown','Queued'")))
                    .containsExactly(job + "|" + TENANT + "|null|queued|unknown|Queued|{}");
            assertThat(notifications(connection))
                    .singleElement()
                    .asString()
                    .contains(
                            "\"job_id\" : \"" + job + "\"",
                            "\"tenant_id\" : \"" + TENANT + "\"",
                            "\"kind\" : \"queued\"",
                            "\"phase\" : \"unknown\"");
        }
    }

    @Test
    void aSecondUpsertKeepsWhatIsNotSaidAgain() throws Exception {
        UUID job = UUID.randomUUID();
        UUID run = UUID.randomUUID();
        database.execute("insert into scheduler.runs (id, tenant_id) values ('" + run + "', '" + TENANT + "')");
        database.execute("select "
                + upsert(job, TENANT, "'" + run + "','queued','unknown','Queued',5,'{\"status\":\"succeeded\"}','[]'"));
        String before = database.query(
                        "select created_at, updated_at from scheduler.first_signal_snapshots where job_id = '" + job
                                + "'")
                .getFirst();
        assertThat(database.query("select run_id, kind, eta_seconds, last_known_outcome, next_actions, diagnostics,"
                        + " created_at = '" + before.split("\\|")[0] + "', updated_at > '" + before.split("\\|")[1]
                        + "' from "
                        + upsert(job, TENANT, "NULL,'started','resolve','Started',NULL,NULL,NULL,NULL")))
                .containsExactly(run + "|started|null|{\"status\": \"succeeded\"}|null|{}|t|t");
    }

    @Test
    void timeGrowsEvenWithinATransaction() throws Exception {
        UUID job = UUID.randomUUID();
        try (Connection connection = database.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            String call = "select updated_at from " + upsert(job, TENANT, "NULL,'queued','unknown','Queued'");
            List<String> times = List.of(
                    TestingDatabase.query(connection, call).getFirst(),
                    TestingDatabase.query(connection, call).getFirst(),
                    TestingDatabase.query(connection, call).getFirst());
            assertThat(times).isSorted().doesNotHaveDuplicates();
            connection.rollback();
        }
    }

    @Test
    void badValuesAreErrorsAndChangeNothing() throws Exception {
        UUID job = UUID.randomUUID();
        database.execute("select " + upsert(job, TENANT, "NULL,'queued','unknown','Queued'"));
        String before = row(job);
        for (String bad : List.of(
                "NULL,'x','unknown','Queued'",
                "NULL,'queued','y','Queued'",
                "NULL,'queued','unknown',NULL",
                "'" + UUID.randomUUID() + "','queued','unknown','Queued'")) {
            assertThatThrownBy(() -> database.execute("select " + upsert(job, TENANT, bad)))
                    .as(bad)
                    .isInstanceOf(SQLException.class);
            assertThat(row(job)).as(bad).isEqualTo(before);
        }
    }

    @Test
    void anotherTenantAnOlderSeqAndALateSignalAreRefusedInSilence() throws Exception {
        UUID job = UUID.randomUUID();
        try (Connection connection = listening()) {
            TestingDatabase.query(
                    connection,
                    "select "
                            + upsert(job, TENANT, "NULL,'started','unknown','Started',p_diagnostics => '{\"seq\":7}'"));
            assertThat(notifications(connection)).hasSize(1);
            refused(connection, job, upsert(job, OTHER, "NULL,'phase','fetch','Mine'"));
            refused(connection, job, upsert(job, TENANT, "NULL,'phase','fetch','Old',p_diagnostics => '{\"seq\":6}'"));
            refused(connection, job, upsert(job, TENANT, "NULL,'phase','fetch','Same',p_diagnostics => '{\"seq\":7}'"));
            for (String kind : List.of("succeeded", "failed", "canceled", "unavailable")) {
                UUID ended = UUID.randomUUID();
                TestingDatabase.query(
                        connection, "select " + upsert(ended, TENANT, "NULL,'" + kind + "','report','End'"));
                assertThat(notifications(connection)).hasSize(1);
                refused(connection, ended, upsert(ended, TENANT, "NULL,'queued','unknown','Again'"));
                refused(connection, ended, upsert(ended, TENANT, "NULL,'succeeded','report','Done'"));
            }
        }
    }

    /** Diagnostics are the writer's own; what is no order is not read as one. */
    @Test
    void aSeqThatIsNoWholeNumberIsNone() throws Exception {
        for (String seq : List.of("\"9\"", "1.5", "0", "-3", "1e300", "null", "9007199254740992", "[1]")) {
            UUID job = UUID.randomUUID();
            String call = upsert(job, TENANT, "NULL,'phase','fetch','S',p_diagnostics => '{\"seq\":" + seq + "}'");
            assertThat(database.query("select seq from " + call)).as(seq).containsExactly("1");
            assertThat(database.query("select seq from " + call)).as(seq).containsExactly("2");
        }
        UUID job = UUID.randomUUID();
        assertThat(database.query("select seq from "
                        + upsert(job, TENANT, "NULL,'phase','fetch','S',p_diagnostics => '[\"seq\"]'")))
                .containsExactly("1");
    }

    @Test
    void aBadRegularExpressionBreaksOnlyItsOwnSignature() throws Exception {
        UUID tenant = UUID.randomUUID();
        database.execute(
                "insert into scheduler.failure_signatures (tenant_id, signature_hash, pattern, outcome, confidence)"
                        + " values ('" + tenant + "', 'bad', '{\"image_pattern\": \"([\"}', '{\"n\": 1}', 0.9),"
                        + " ('" + tenant + "', 'good', '{\"image_pattern\": \"^up\"}', '{\"n\": 2}', 0.5)");
        assertThat(database.query("select outcome, confidence from scheduler.match_failure_signature('" + tenant
                        + "', 'fetch', 'x', 'up/acme')"))
                .containsExactly("{\"n\": 2}|0.500");
        assertThat(database.query("select outcome from scheduler.match_failure_signature('" + tenant
                        + "', 'fetch', 'x', 'down')"))
                .isEmpty();
    }

    @Test
    void hoursAndDaysAreThoseOfUtc() throws Exception {
        UUID tenant = UUID.randomUUID();
        try (Connection connection = database.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            TestingDatabase.query(connection, "select set_config('TimeZone', 'Asia/Kolkata', true)");
            TestingDatabase.query(
                    connection,
                    "select scheduler.record_ttfs_event('" + tenant
                            + "', gen_random_uuid(), 'ui', 'signal.rendered', 850)");
            assertThat(TestingDatabase.query(
                            connection,
                            "select extract(minute from hour at time zone 'UTC')"
                                    + " from scheduler.ttfs_slo_breaches where tenant_id = '" + tenant
                                    + "' union all select extract(hour from day at time zone 'UTC') from"
                                    + " scheduler.ttfs_daily_summary where tenant_id"
                                    + " = '" + tenant + "' union all select extract(minute"
                                    + " from max(hour) at time zone 'UTC')"
                                    + " from scheduler.ttfs_hourly_summary"))
                    .containsExactly("0", "0", "0");
            connection.rollback();
        }
    }

    @Test
    void theRolesHaveTheirRights() throws Exception {
        assertThat(database.query("select has_table_privilege('weir_signal_reader', t, 'SELECT'),"
                        + " has_table_privilege('weir_signal_reader', t, 'INSERT'),"
                        + " has_table_privilege('weir_signal_writer', t, 'INSERT'),"
                        + " has_table_privilege('weir_signal_writer', t, 'DELETE')"
                        + " from unnest(array['scheduler.first_signal_snapshots', 'scheduler.ttfs_events']) as t"))
                .containsOnly("t|f|t|f");
        UUID job = UUID.randomUUID();
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("set local role weir_signal_writer");
            assertThat(TestingDatabase.query(
                            connection, "select kind from " + upsert(job, TENANT, "NULL,'queued','unknown','Queued'")))
                    .containsExactly("queued");
            connection.rollback();
        }
    }

    private static void refused(Connection connection, UUID job, String call) throws SQLException {
        String before = row(job);
        assertThat(TestingDatabase.query(connection, "select job_id, kind from " + call))
                .as(call)
                .containsExactly("null|null");
        assertThat(row(job)).as(call).isEqualTo(before);
        assertThat(notifications(connection)).as(call).isEmpty();
    }

    private static String upsert(UUID job, UUID tenant, String rest) {
        return "scheduler.upsert_first_signal_snapshot('" + job + "','" + tenant + "'," + rest + ")";
    }

    private static String row(UUID job) throws SQLException {
        return database.query("select * from scheduler.first_signal_snapshots where job_id = '" + job + "'")
                .getFirst();
    }

    private static Connection listening() throws SQLException {
        // A pooled one would go on listening in the hands of the next test.
        Connection connection = database.connection();
        try (Statement statement = connection.createStatement()) {
            statement.execute("listen ttfs_signal_update");
        }
        return connection;
    }

    private static List<String> notifications(Connection connection) throws SQLException {
        PGNotification[] found = connection.unwrap(PGConnection.class).getNotifications(200);
        return found == null
                ? List.of()
                : Arrays.stream(found).map(PGNotification::getParameter).toList();
    }
}
