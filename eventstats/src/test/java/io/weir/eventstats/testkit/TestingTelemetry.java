package io.weir.eventstats.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.eventstats.auth.AuthService;
import io.weir.eventstats.auth.AuthSettings;
import io.weir.eventstats.database.EventStatsSchema;
import io.weir.eventstats.signal.store.PostgresSnapshotStore;
import io.weir.eventstats.telemetry.TelemetryService;
import io.weir.eventstats.telemetry.TelemetrySettings;
import io.weir.lake.catalog.PostgresCatalog;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.Databases;
import io.weir.queryapi.http.ApiServer;
import io.weir.queryapi.http.ApiSettings;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An API server with the routes of telemetry over a PostgreSQL of its own, and a client for it. */
public final class TestingTelemetry implements AutoCloseable {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final EmbeddedPostgres postgres;
    private final HikariDataSource pool;
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final TestingTokens tokens = TestingTokens.create("k");
    private final AuthService auth;
    private final TelemetryService service;
    private final ApiServer server;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    public TestingTelemetry(TelemetrySettings settings) throws IOException {
        this(settings, Clock.systemUTC());
    }

    public TestingTelemetry(TelemetrySettings settings, Clock clock) throws IOException {
        // A gigabyte of log beside the data would be the most of what a test of load takes on the disk.
        postgres = EmbeddedPostgres.builder()
                .setServerConfig("max_wal_size", "64MB")
                .setServerConfig("full_page_writes", "off")
                .start();
        pool = Databases.open(database());
        EventStatsSchema.migrate(pool);
        auth = auth();
        service = TelemetryService.start(
                settings,
                pool,
                database(),
                new PostgresSnapshotStore(pool)::removeEmptyRuns,
                new TelemetryService.Access(auth.tenants(), auth.authenticator(), auth.accessList()),
                registry,
                clock);
        server = ApiServer.start(
                ApiSettings.of("127.0.0.1", 0), new PostgresCatalog(pool), new NoWorkers(), registry, service.routes());
    }

    public DatabaseSettings database() {
        String url = "jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/postgres";
        return new DatabaseSettings(url, "postgres", "postgres", 4, 1_000, 1_000, 60_000, 90_000);
    }

    public HikariDataSource pool() {
        return pool;
    }

    public TelemetryService service() {
        return service;
    }

    public PrometheusMeterRegistry registry() {
        return registry;
    }

    /** Keys and an access list that lets user admin run the retention, as configured by files. */
    private AuthService auth() throws IOException {
        Path keys = Files.writeString(Files.createTempFile("weir-keys", ".json"), TestingTokens.jwks(tokens));
        Path access = Files.writeString(Files.createTempFile("weir-access", ".json"), "{\"admin\":[\"admin\"]}");
        keys.toFile().deleteOnExit();
        access.toFile().deleteOnExit();
        AuthSettings settings = AuthSettings.DEFAULT
                .withKeys(AuthSettings.DEFAULT.keys().withUrl(keys.toString()))
                .withAccess(AuthSettings.DEFAULT.access().withFile(access.toString()));
        return AuthService.start(settings, Map.of("admin", Set.of()), registry);
    }

    /** A token that holds. */
    public String token(String user) {
        return tokens.token(user, System.currentTimeMillis());
    }

    /** Stops PostgreSQL, as if its machine were gone. */
    public void stopDatabase() throws IOException {
        postgres.close();
    }

    /** A connection of its own, which the caller closes. */
    public Connection connection() throws SQLException {
        DatabaseSettings settings = database();
        return DriverManager.getConnection(settings.jdbcUrl(), settings.user(), settings.password());
    }

    /** Runs a statement. */
    public void execute(String sql) throws SQLException {
        try (Connection connection = connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** The rows' columns, joined by a bar each. */
    public List<String> rows(String sql) throws SQLException {
        List<String> found = new ArrayList<>();
        try (Connection connection = connection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            int columns = rows.getMetaData().getColumnCount();
            while (rows.next()) {
                StringBuilder row = new StringBuilder();
                for (int i = 1; i <= columns; i++) {
                    row.append(i == 1 ? "" : "|").append(rows.getString(i));
                }
                found.add(row.toString());
            }
        }
        return found;
    }

    /** The only value of the only row. */
    public String one(String sql) throws SQLException {
        return rows(sql).getFirst();
    }

    /** An answer. */
    public record Answer(int status, String body, Map<String, List<String>> headers) {
        /** The body as JSON. */
        public JsonNode json() {
            try {
                return MAPPER.readTree(body);
            } catch (IOException e) {
                throw new IllegalStateException("not JSON: " + body, e);
            }
        }

        /** What {@code data} holds. */
        public JsonNode data() {
            return Objects.requireNonNull(json().get("data"), body);
        }

        /** What {@code error} says. */
        public String error() {
            return json().path("error").asText();
        }
    }

    /**
     * Sends a request.
     *
     * @param tenant null for none
     * @param body null for none
     * @param headers names and values in turn
     */
    public Answer send(String method, String path, @Nullable String tenant, @Nullable String body, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .timeout(Duration.ofSeconds(60))
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (tenant != null) {
            request.header("X-Tenant-Id", tenant);
        }
        boolean hasType = false;
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
            hasType |= headers[i].equals("Content-Type");
        }
        if (body != null && !hasType) {
            request.header("Content-Type", "application/json");
        }
        HttpResponse<String> response = client.send(request.build(), BodyHandlers.ofString());
        return new Answer(
                response.statusCode(), response.body(), response.headers().map());
    }

    /** GET. */
    public Answer get(String path, String tenant) throws IOException, InterruptedException {
        return send("GET", path, tenant, null);
    }

    /** POST of JSON. */
    public Answer post(String path, String tenant, String body) throws IOException, InterruptedException {
        return send("POST", path, tenant, body);
    }

    @Override
    public void close() throws Exception {
        server.close();
        service.close();
        auth.close();
        pool.close();
        postgres.close();
        client.close();
    }

    /** A work manager without workers: no test here runs a query. */
}
