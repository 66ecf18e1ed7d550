package io.weir.eventstats.signal;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.eventstats.database.EventStatsSchema;
import io.weir.lake.catalog.Databases;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** All migrations of event statistics, twice, on the system's PostgreSQL (15 or newer) and on the embedded one. */
@Tag("slow")
class OldPostgresTest {
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
        Databases.migrate(database.dataSource());
        EventStatsSchema.migrate(database.dataSource());
        SchemaChecks.equalsTheReference(database);
        EventStatsSchema.migrate(database.dataSource());
        // As somebody who has lost the history table would.
        for (Path migration : migrations()) {
            try (Connection connection = database.connection();
                    Statement statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                statement.execute(Files.readString(migration, StandardCharsets.UTF_8));
                connection.commit();
            }
        }
        SchemaChecks.equalsTheReference(database);
    }

    private static List<Path> migrations() throws Exception {
        try (Stream<Path> files = Files.list(folder())) {
            List<Path> found = files.filter(file -> file.toString().endsWith(".sql"))
                    .sorted(Comparator.comparing(Path::toString))
                    .toList();
            assertThat(found).hasSizeGreaterThanOrEqualTo(2);
            return found;
        }
    }

    private static Path folder() throws URISyntaxException {
        URI migration = Objects.requireNonNull(SchemaChecks.class.getResource(SchemaChecks.MIGRATION))
                .toURI();
        return Objects.requireNonNull(Path.of(migration).getParent());
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
