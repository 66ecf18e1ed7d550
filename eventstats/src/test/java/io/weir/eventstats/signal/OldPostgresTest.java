package io.weir.eventstats.signal;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.eventstats.database.EventStatsSchema;
import io.weir.lake.catalog.CatalogSchema;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** All migrations of event statistics, twice, on the system's PostgreSQL (15 or newer) and on the embedded one. */
@Tag("slow")
class OldPostgresTest {
    private static final List<String> MIGRATIONS =
            List.of("V1__topics", "V2__first_signal", "V3__ttfs_rollups", "V4__query_history");

    @Test
    void theMigrationsRunTwiceOnTheSystemsPostgres() throws Exception {
        try (TestingOldPostgres server = TestingOldPostgres.start();
                TestingDatabase database = TestingDatabase.open(server.jdbcUrl())) {
            System.out.println("PostgreSQL " + database.query("show server_version"));
            assertThat(Integer.parseInt(
                            database.query("show server_version_num").getFirst()))
                    .isGreaterThanOrEqualTo(150_000);
            migrateTwice(database);
            streams(database);
        }
    }

    @Test
    void theMigrationsRunTwiceOnTheEmbeddedPostgres() throws Exception {
        try (TestingDatabase database = TestingDatabase.empty()) {
            migrateTwice(database);
        }
    }

    private static void migrateTwice(TestingDatabase database) throws Exception {
        CatalogSchema.migrate(database.dataSource());
        EventStatsSchema.migrate(database.dataSource());
        SchemaChecks.equalsTheReference(database);
        EventStatsSchema.migrate(database.dataSource());
        database.execute("select scheduler.record_ttfs_event('" + UUID.randomUUID() + "', '" + UUID.randomUUID()
                + "', 'ui', 'signal.rendered', 850)");
        // Also by hand, without Flyway's history: as over a schema that somebody else loaded.
        for (String migration : MIGRATIONS) {
            try (Connection connection = database.connection();
                    Statement statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                statement.execute(SchemaChecks.migration("/db/migration/eventstats/" + migration + ".sql"));
                connection.commit();
            }
        }
        SchemaChecks.equalsTheReference(database);
        assertThat(database.query("select sum(event_count) from scheduler.ttfs_rollup_deltas"))
                .as("the event is in the rollups once")
                .containsExactly("1");
    }

    private static void streams(TestingDatabase database) throws Exception {
        UUID job = UUID.randomUUID();
        try (TestingSignalApi api = new TestingSignalApi(database, SignalSettings.DEFAULT)) {
            api.store()
                    .upsert(List.of(new SnapshotUpdate(
                            job,
                            TenantIds.of("acme"),
                            job,
                            1,
                            SignalKind.QUEUED,
                            SignalPhase.UNKNOWN,
                            "Q",
                            null,
                            null,
                            null,
                            null,
                            null)));
            try (TestingEventStream stream = api.stream("/api/v1/stream/jobs/" + job, "acme")) {
                assertThat(stream.next().kind()).isZero();
                database.execute("select scheduler.upsert_first_signal_snapshot('" + job + "', '" + TenantIds.of("acme")
                        + "', NULL, 'succeeded', 'report', 'Done')");
                assertThat(stream.rest(5_000).getLast().kind()).isEqualTo(5);
            }
        }
    }
}
