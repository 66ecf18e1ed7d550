package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * No query, whatever becomes of it, writes to the database: no row, no transaction id, no record in its log, and only reading statements. What
 * is told of queries is written beside them, by the feed's own connection and to its own tables.
 */
@Tag("slow")
class DatabaseWriteTest {
    private static final int QUERIES = 100;
    private static final TestingLoad LOAD = new TestingLoad(20, 480, 15_000, false);
    private static final List<String> EXPRESSIONS = List.of(
            "sum by (mode) (rate(cpu_seconds_total[5m]))",
            "topk(3, cpu_seconds_total)",
            "cpu_seconds_total{instance=\"host-7\"} / on (instance, mode) cpu_seconds_total offset 5m",
            "max_over_time(cpu_seconds_total[10m:30s])",
            "nothing_of_this_name");

    /** What PostgreSQL counts. */
    private record Counters(Map<String, String> values) {}

    @Test
    void queriesOnlyRead(@TempDir Path folder) throws Exception {
        try (TestingFleet fleet = TestingFleet.withStatementStatistics(folder)) {
            fleet.load(LOAD);
            TestingFleet.Worker worker = fleet.worker("worker");
            TestingFleet.Api api = fleet.api(
                    "api",
                    List.of(worker.grpcPort()),
                    "--query-samples-per-unit-target",
                    "500",
                    "--signal-enabled",
                    "false",
                    "--history-enabled",
                    "false",
                    // Its registry looks for jobs now and then, in transactions of its own.
                    "--precompute-enabled",
                    "false");
            try (Connection connection =
                            DriverManager.getConnection(fleet.database().jdbcUrl());
                    Statement statement = connection.createStatement()) {
                statement.execute("CREATE EXTENSION pg_stat_statements");
                statement.execute("CREATE EXTENSION pg_walinspect");
                // What the load and the API's start left to be written is written now, and counted before.
                statement.execute("VACUUM FREEZE");
                statement.execute("CHECKPOINT");
                ask(api, EXPRESSIONS.size());
                settle(statement);
                statement.execute("SELECT pg_stat_statements_reset()");
                Counters before = counters(statement);
                String logStart = logPosition(statement);
                assertThat(ask(api, QUERIES)).isEqualTo(QUERIES);
                settle(statement);
                assertThat(counters(statement)).isEqualTo(before);
                assertThat(logged(statement, logStart))
                        .as("PostgreSQL's own notes of its running transactions, which its background writer makes")
                        .isSubsetOf("Standby RUNNING_XACTS");
                Map<String, Long> statements = statements(statement);
                assertThat(statements.values().stream()
                                .mapToLong(calls -> calls)
                                .sum())
                        .as("the API's own statements were seen: " + statements)
                        .isGreaterThanOrEqualTo(QUERIES);
                // The driver names each new connection of the pool for the server's own lists.
                assertThat(statements.keySet())
                        .filteredOn(text -> !text.equals("SET application_name = $1"))
                        .allSatisfy(text -> assertThat(text.strip()).startsWithIgnoringCase("select"));
                // The counters do see a write.
                statement.execute("CREATE TABLE written (id int)");
                settle(statement);
                assertThat(counters(statement)).isNotEqualTo(before);
                assertThat(logged(statement, logStart)).contains("Heap INSERT", "Transaction COMMIT");
            }
        }
    }

    @Test
    void whatIsToldOfQueriesIsWrittenBesideThem(@TempDir Path folder) throws Exception {
        try (TestingFleet fleet = TestingFleet.withStatementStatistics(folder)) {
            fleet.load(LOAD);
            TestingFleet.Worker worker = fleet.worker("worker");
            TestingFleet.Api api = fleet.api(
                    "api", List.of(worker.grpcPort()), "--history-batch-millis", "5", "--precompute-enabled", "false");
            try (Connection connection =
                            DriverManager.getConnection(fleet.database().jdbcUrl());
                    Statement statement = connection.createStatement()) {
                statement.execute("CREATE EXTENSION pg_stat_statements");
                ask(api, EXPRESSIONS.size());
                settle(statement);
                statement.execute("SELECT pg_stat_statements_reset()");
                Map<String, Set<String>> byConnection = new TreeMap<>();
                for (int query = 0; query < QUERIES; query++) {
                    ask(api, 1);
                    addStatements(statement, byConnection);
                }
                settle(statement);
                addStatements(statement, byConnection);
                assertThat(byConnection.get("weir"))
                        .as("the queries' own connections")
                        .isNotEmpty()
                        .allMatch(text -> isReading(text) || isTransaction(text));
                assertThat(byConnection.get("weir-query-feed"))
                        .as("the feed's own connection")
                        .isNotEmpty()
                        .allMatch(text -> isOfTheFeed(text) || isTransaction(text));
                assertThat(statements(statement).keySet())
                        .filteredOn(text -> !isReading(text) && !isTransaction(text))
                        .as("all that was written")
                        .isNotEmpty()
                        .allMatch(DatabaseWriteTest::isOfTheFeed);
                assertThat(count(statement, "public.promql_query_runs")).isEqualTo(QUERIES + EXPRESSIONS.size());
            }
        }
    }

    private static boolean isOfTheFeed(String text) {
        return text.contains("scheduler.") || text.contains("public.promql_query_runs");
    }

    private static boolean isReading(String text) {
        return text.strip().toLowerCase(Locale.ROOT).startsWith("select") && !isOfTheFeed(text);
    }

    /** What drivers and pools send of their own. */
    private static boolean isTransaction(String text) {
        return Set.of("", "BEGIN", "COMMIT", "ROLLBACK").contains(text.strip())
                || text.startsWith("SHOW ")
                || text.startsWith("SET application_name");
    }

    /** The last statement of each connection, by the name that its pool gives it. */
    private static void addStatements(Statement statement, Map<String, Set<String>> byConnection) throws SQLException {
        try (ResultSet rows = statement.executeQuery("SELECT application_name, query FROM pg_stat_activity"
                + " WHERE pid <> pg_backend_pid() AND datname IS NOT NULL")) {
            while (rows.next()) {
                byConnection
                        .computeIfAbsent(rows.getString(1), name -> new TreeSet<>())
                        .add(rows.getString(2));
            }
        }
    }

    private static long count(Statement statement, String table) throws SQLException {
        try (ResultSet row = statement.executeQuery("SELECT count(*) FROM " + table)) {
            assertThat(row.next()).isTrue();
            return row.getLong(1);
        }
    }

    private static int ask(TestingFleet.Api api, int queries) throws Exception {
        int asked = 0;
        for (int query = 0; query < queries; query++) {
            String expression = EXPRESSIONS.get(query % EXPRESSIONS.size());
            api.client()
                    .json(api.client()
                            .rangePath(
                                    expression, LOAD.startSeconds() + 600, LOAD.endSeconds(), 30 + 30 * (query % 4)));
            asked++;
        }
        return asked;
    }

    /** Statistics of other sessions come in when these have been idle for a second. */
    private static void settle(Statement statement) throws Exception {
        TestingVitals.await("the API's sessions are idle", Duration.ofSeconds(20), () -> {
            try (ResultSet rows = statement.executeQuery("SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle'"
                    + " AND pid <> pg_backend_pid() AND datname IS NOT NULL")) {
                return rows.next() && rows.getInt(1) == 0;
            }
        });
        Thread.sleep(1_500);
        statement.execute("SELECT pg_stat_force_next_flush()");
        statement.execute("SELECT pg_stat_clear_snapshot()");
    }

    private static Counters counters(Statement statement) throws SQLException {
        Map<String, String> values = new TreeMap<>();
        one(
                statement,
                "SELECT tup_inserted, tup_updated, tup_deleted FROM pg_stat_database WHERE datname ="
                        + " current_database()",
                values);
        one(
                statement,
                "SELECT sum(n_tup_ins) AS rows_inserted, sum(n_tup_upd) AS rows_updated, sum(n_tup_del) AS rows_deleted"
                        + " FROM pg_stat_user_tables",
                values);
        one(statement, "SELECT pg_snapshot_xmax(pg_current_snapshot()) AS next_transaction", values);
        return new Counters(values);
    }

    private static String logPosition(Statement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery("SELECT pg_current_wal_insert_lsn()")) {
            assertThat(row.next()).isTrue();
            return row.getString(1);
        }
    }

    /** The kinds of records in the database's log since a position. */
    private static Set<String> logged(Statement statement, String from) throws SQLException {
        String to = logPosition(statement);
        Set<String> kinds = new TreeSet<>();
        if (to.equals(from)) {
            return kinds;
        }
        // The log is read as far as it is on disk.
        statement.execute("SELECT pg_log_standby_snapshot()");
        try (ResultSet rows = statement.executeQuery("SELECT DISTINCT resource_manager || ' ' || record_type"
                + " FROM pg_get_wal_records_info('" + from + "', '" + to + "')")) {
            while (rows.next()) {
                kinds.add(rows.getString(1));
            }
        }
        return kinds;
    }

    private static void one(Statement statement, String sql, Map<String, String> values) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            assertThat(row.next()).isTrue();
            for (int column = 1; column <= row.getMetaData().getColumnCount(); column++) {
                values.put(row.getMetaData().getColumnLabel(column), row.getString(column));
            }
        }
    }

    /** The statements of others since the reset, and how often each ran. */
    private static Map<String, Long> statements(Statement statement) throws SQLException {
        Map<String, Long> calls = new TreeMap<>();
        try (ResultSet rows = statement.executeQuery("SELECT query, calls FROM pg_stat_statements WHERE toplevel"
                + " AND query NOT LIKE '%pg_stat%' AND query NOT LIKE '%pg_current_%'")) {
            while (rows.next()) {
                calls.merge(rows.getString(1), rows.getLong(2), Long::sum);
            }
        }
        return calls;
    }
}
