package io.weir.eventstats.stats;

import static io.weir.eventstats.stats.TestingStats.RUNS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.weir.eventstats.stats.TestingStats.Answer;
import io.weir.eventstats.stats.http.StatsExchange;
import io.weir.lake.database.DatabaseSettings;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What happens at the bounds of the database: time limits, the pool, its loss; and who reads. D2 21 to 24 and 27. */
final class StatsDatabaseTest {
    private static final int CONNECTIONS = 3;
    private static final String SLOW = RUNS + "/query/slow";
    private static final String SUMMARY = RUNS + "/query/run_status_summary";

    @TempDir
    private static Path folder;

    private static EmbeddedPostgres postgres;
    private static TestingStats stats;

    @BeforeAll
    static void start() throws Exception {
        postgres = EmbeddedPostgres.start();
        Path queries = Files.createDirectory(folder.resolve("queries"));
        Files.writeString(queries.resolve("slow.yaml"), slow("slow", 300));
        Files.writeString(queries.resolve("busy.yaml"), slow("busy", 3_000));
        Files.writeString(queries.resolve("spill.yaml"), query("spill", 20_000, "generate_series(1, 2000000)"));
        stats = new TestingStats(
                TestingStats.database(postgres), settings(queries.toString(), 20), Clock.systemUTC(), folder);
        stats.run("e1", "T1", "prod", "app1", System.currentTimeMillis() - 1_000);
        stats.job("e1", "cat1", "succeeded", 0, 1L, null);
    }

    private static StatsSettings settings(String queries, int waitingMax) {
        return new StatsSettings(
                true, CONNECTIONS, waitingMax, 1_000, "", "", queries, 30_000, 64 << 10, 1 << 20, 1 << 20, 1_000);
    }

    /** Counts for longer than any test waits, and row by row: a function in FROM is first written to disk, a gigabyte in seconds. */
    private static String slow(String name, int timeoutMillis) {
        return query(name, timeoutMillis, "(SELECT generate_series(1, 4000000000))");
    }

    private static String query(String name, int timeoutMillis, String rows) {
        return """
            name: %s
            topic: public.cps.za.runs
            description: Never ends in time
            columns:
              - {name: n, type: integer}
            max_rows: 1
            timeout_millis: %d
            sql: SELECT count(*) + (SELECT count(*) FROM topic_rows) AS n FROM %s a
            """.formatted(name, timeoutMillis, rows);
    }

    @AfterAll
    static void stop() throws Exception {
        stats.close();
        postgres.close();
    }

    private static List<List<String>> select(String text) throws SQLException {
        List<List<String>> rows = new ArrayList<>();
        try (Connection connection = stats.administration().getConnection();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(text)) {
            while (result.next()) {
                List<String> row = new ArrayList<>();
                for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                    row.add(result.getString(i));
                }
                rows.add(row);
            }
        }
        return rows;
    }

    private static List<Answer> parallel(int count, Callable<Answer> request) throws Exception {
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Answer>> running = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                running.add(executor.submit(request));
            }
            List<Answer> answers = new ArrayList<>();
            for (Future<Answer> one : running) {
                answers.add(one.get());
            }
            return answers;
        }
    }

    /** D2 22. */
    @Test
    void endsAQueryInTime() throws Exception {
        for (int i = 0; i < CONNECTIONS + 2; i++) {
            long started = System.nanoTime();
            Answer answer = stats.post("A", SLOW, "{}");
            assertThat(answer.status()).isEqualTo(504);
            assertThat(answer.error()).isEqualTo("database");
            assertThat(answer.raw().body()).doesNotContain("generate_series").doesNotContain("canceling");
            assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofSeconds(3));
        }
        assertThat(stats.post("A", SUMMARY, "{\"window_days\":3}").status())
                .as("the connections are back")
                .isEqualTo(200);
        await().atMost(Duration.ofSeconds(5))
                .until(() -> select("SELECT 1 FROM pg_stat_activity WHERE application_name = 'weir-stats' AND"
                                + " state <> 'idle'")
                        .isEmpty());
    }

    /** D2 23. */
    @Test
    void sharesFewConnections() throws Exception {
        Set<String> backends = new HashSet<>();
        for (int round = 0; round < 3; round++) {
            int window = 20 + round;
            List<Answer> answers =
                    parallel(CONNECTIONS + 20, () -> stats.post("A", SUMMARY, "{\"window_days\":" + window + "}"));
            assertThat(answers).allMatch(answer -> answer.status() == 200);
            List<List<String>> rows = select("SELECT pid FROM pg_stat_activity WHERE application_name = 'weir-stats'");
            assertThat(rows.size()).isLessThanOrEqualTo(CONNECTIONS);
            rows.forEach(row -> backends.add(row.getFirst()));
        }
        assertThat(backends).as("backends are used again").hasSizeLessThanOrEqualTo(CONNECTIONS);
    }

    /** All connections busy: bounded waits, then 503; more waiting than allowed: 503 at once. */
    @Test
    void refusesWhenAllConnectionsAreBusy() throws Exception {
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Answer>> busy = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                busy.add(executor.submit(() -> stats.post("A", RUNS + "/query/busy", "{}")));
            }
            await().atMost(Duration.ofSeconds(2))
                    .until(() -> select("SELECT 1 FROM pg_stat_activity WHERE application_name = 'weir-stats' AND"
                                            + " state = 'active'")
                                    .size()
                            == CONNECTIONS);
            List<Answer> answers = parallel(40, () -> stats.post("A", RUNS, "{}"));
            assertThat(answers).allSatisfy(answer -> {
                assertThat(answer.status()).isEqualTo(503);
                assertThat(answer.error()).isEqualTo("database");
                assertThat(answer.header("Retry-After")).isEqualTo("2");
            });
            assertThat(answers).anyMatch(answer -> answer.message().contains("stats-connections-max"));
            assertThat(answers).anyMatch(answer -> answer.message().contains("stats-waiting-max"));
            for (Future<Answer> one : busy) {
                assertThat(one.get().status()).isEqualTo(504);
            }
        }
        assertThat(stats.post("A", RUNS, "{}").status()).isEqualTo(200);
        assertThat(stats.metrics())
                .contains("weir_stats_refused_total{reason=\"waiting\"}")
                .contains("weir_stats_connections{state=\"active\"} 0.0");
    }

    /** A disk that is full: 503, and no defect of ours. */
    @Test
    void tellsThatTheDatabaseIsOutOfDisk() throws Exception {
        String path = RUNS + "/query/spill";
        stats.execute("ALTER SYSTEM SET temp_file_limit = '1MB'", "SELECT pg_reload_conf()");
        try {
            await().atMost(Duration.ofSeconds(5))
                    .until(() -> stats.post("A", path, "{}").status() != 200);
            Answer answer = stats.post("A", path, "{}");
            assertThat(answer.status()).isEqualTo(503);
            assertThat(answer.error()).isEqualTo("database");
            assertThat(answer.message()).contains("no disk or memory left").doesNotContain("temp_file_limit");
            assertThat(answer.header("Retry-After")).isEqualTo("2");
        } finally {
            stats.execute("ALTER SYSTEM RESET temp_file_limit", "SELECT pg_reload_conf()");
        }
        await().atMost(Duration.ofSeconds(5))
                .until(() -> stats.post("A", path, "{}").status() == 200);
    }

    /** D2 24: the role may read, and nothing else. */
    @Test
    void readsAsARoleThatCannotWrite() throws Exception {
        String url = "jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/postgres";
        try (Connection connection = DriverManager.getConnection(url, "postgres", "postgres");
                Statement statement = connection.createStatement()) {
            statement.execute("SET ROLE weir_stats_reader");
            statement.execute("SELECT count(*) FROM public.public_cps_za_runs");
            for (String refused : List.of(
                    "INSERT INTO public.public_cps_za_runs_jobs (event_id, catalog_id, status) VALUES ('a', 'b', 'c')",
                    "UPDATE public.public_cps_za_runs SET tenant_id = 'x'",
                    "DELETE FROM public.promql_query_runs",
                    "TRUNCATE public.public_cps_za_runs",
                    "CREATE TABLE public.mine (a int)",
                    "SELECT * FROM public.public_cps_za_dlchange",
                    "SELECT * FROM weir.eventstats_schema_history")) {
                assertThatThrownBy(() -> statement.execute(refused))
                        .as(refused)
                        .isInstanceOf(SQLException.class)
                        .hasMessageContaining("permission denied");
            }
        }
        assertThat(select("SELECT DISTINCT rolname FROM pg_roles WHERE rolname = 'weir_stats_reader' AND NOT"
                        + " rolcanlogin"))
                .hasSize(1);
        assertThat(select("SELECT table_name, privilege_type FROM information_schema.role_table_grants"
                        + " WHERE grantee = 'weir_stats_reader' ORDER BY 1"))
                .containsExactly(
                        List.of("promql_query_runs", "SELECT"),
                        List.of("public_cps_za_runs", "SELECT"),
                        List.of("public_cps_za_runs_jobs", "SELECT"),
                        List.of("public_cps_za_status_change_aggregated_job", "SELECT"));
    }

    /** D2 27. */
    @Test
    void followsARequestByItsId() throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger(StatsExchange.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.setLevel(Level.INFO);
        logger.addAppender(lines);
        try {
            assertThat(asked("X-Correlation-ID", "abc.DEF_1:2-3")).isEqualTo("abc.DEF_1:2-3");
            assertThat(asked("x-request-id", "r-1")).isEqualTo("r-1");
            String uuid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
            assertThat(asked("X-Nothing", "x")).matches(uuid);
            assertThat(asked("X-Correlation-ID", "two words")).matches(uuid);
            assertThat(asked("X-Correlation-ID", "x".repeat(129))).matches(uuid);
            assertThat(folded()).doesNotContain("forged");
            List<String> texts = List.copyOf(lines.list).stream()
                    .map(ILoggingEvent::getFormattedMessage)
                    .toList();
            assertThat(texts.getFirst())
                    .matches("stats request method=POST route=rows topic=public.cps.za.runs query=- status=200"
                            + " duration_ms=\\d+ correlation_id=abc.DEF_1:2-3");
            assertThat(texts).allMatch(text -> !text.contains("forged") && !text.contains("\n"));
        } finally {
            logger.detachAppender(lines);
            logger.setLevel(null);
        }
    }

    private static String asked(String header, String value) throws Exception {
        return stats.send(HttpRequest.newBuilder(stats.uri(RUNS))
                        .header("bearer", stats.keys().token("A"))
                        .header(header, value)
                        .POST(HttpRequest.BodyPublishers.noBody()))
                .header("X-Correlation-ID");
    }

    /** A header that goes on in the next line. */
    private static String folded() throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), stats.port())) {
            socket.setSoTimeout(5_000);
            OutputStream out = socket.getOutputStream();
            out.write(("POST " + RUNS + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Correlation-ID: a\n forged\r\n"
                            + "Content-Length: 0\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            out.flush();
            InputStream in = socket.getInputStream();
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void tellsItsHealth() throws Exception {
        Answer answer = stats.send(HttpRequest.newBuilder(stats.uri("/health")).GET());
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.raw().body())
                .matches(
                        "\\{\"status\":\"ok\",\"uptime_seconds\":\\d+,\"dependencies\":\\{\"postgres_reader\":\"ok\"}}");
    }

    @Test
    void measures() throws Exception {
        stats.post("A", SUMMARY, "{}");
        stats.post("C", SUMMARY, "{}");
        assertThat(stats.metrics())
                .contains("weir_stats_requests_total{route=\"query\",status=\"403\"}")
                .contains("weir_stats_requests_total{route=\"none\",status=\"404\"}")
                .contains("weir_stats_query_seconds_bucket{query=\"run_status_summary\"")
                .contains("weir_stats_query_seconds_count{query=\"retry_chains\"} 0")
                .contains("weir_stats_pool_wait_seconds_count")
                .contains("weir_stats_cache_misses_total")
                .contains("weir_stats_cache_bytes")
                .contains("weir_stats_waiting 0");
    }

    /** D2 21: a database that is gone, and comes back. */
    @Test
    void survivesTheLossOfTheDatabase() throws Exception {
        EmbeddedPostgres own = EmbeddedPostgres.start();
        try (own;
                Proxy proxy = new Proxy(own.getPort());
                TestingStats server = new TestingStats(
                        DatabaseSettings.of(
                                "jdbc:postgresql://127.0.0.1:" + proxy.port() + "/postgres", "postgres", "postgres"),
                        settings("", 20),
                        Clock.systemUTC(),
                        folder)) {
            assertThat(server.post("A", SUMMARY, "{}").status()).isEqualTo(200);
            proxy.cut();
            for (String path : List.of(RUNS, SUMMARY)) {
                long started = System.nanoTime();
                Answer answer = server.post("A", path, "{\"timestamp_start\":1}");
                assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofSeconds(6));
                assertThat(answer.status()).isEqualTo(503);
                assertThat(answer.error()).isEqualTo("database");
                assertThat(answer.message()).isEqualTo("The database cannot be reached; try again.");
                assertThat(answer.header("Retry-After")).isNotEmpty();
            }
            long started = System.nanoTime();
            Answer health =
                    server.send(HttpRequest.newBuilder(server.uri("/health")).GET());
            assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofMillis(1_900));
            assertThat(health.status()).isEqualTo(503);
            assertThat(health.body().get("status").asText()).isEqualTo("degraded");
            assertThat(health.body().at("/failures/postgres_reader").asText()).isNotEmpty();
            assertThat(health.body().at("/dependencies/postgres_reader").asText())
                    .isEqualTo("failed");
            proxy.mend();
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> server.post("A", RUNS, "{}").status() == 200);
            assertThat(server.send(HttpRequest.newBuilder(server.uri("/health")).GET())
                            .status())
                    .isEqualTo(200);
            try (Connection connection = server.administration().getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ="
                        + " 'weir-stats'");
            }
            assertThat(server.post("A", RUNS, "{}").status())
                    .as("a connection that died is replaced within the request")
                    .isEqualTo(200);
        }
    }

    /** Stands between a client and the database, and can be cut. */
    private static final class Proxy implements AutoCloseable {
        private final ServerSocket server;
        private final int target;
        private final Set<Socket> open = ConcurrentHashMap.newKeySet();
        private volatile boolean cut;

        Proxy(int target) throws Exception {
            this.target = target;
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            Thread.ofVirtual().start(this::accept);
        }

        int port() {
            return server.getLocalPort();
        }

        private void accept() {
            while (!server.isClosed()) {
                try {
                    Socket client = server.accept();
                    if (cut) {
                        client.close();
                        continue;
                    }
                    Socket database = new Socket(InetAddress.getLoopbackAddress(), target);
                    open.add(client);
                    open.add(database);
                    Thread.ofVirtual().start(() -> copy(client, database));
                    Thread.ofVirtual().start(() -> copy(database, client));
                } catch (IOException e) {
                    return;
                }
            }
        }

        private static void copy(Socket from, Socket to) {
            try (from;
                    to) {
                from.getInputStream().transferTo(to.getOutputStream());
            } catch (IOException e) {
                // It was cut, which is what it is for.
                return;
            }
        }

        void cut() throws IOException {
            cut = true;
            for (Socket socket : open) {
                socket.close();
            }
        }

        void mend() {
            cut = false;
        }

        @Override
        public void close() throws IOException {
            server.close();
            cut();
        }
    }
}
