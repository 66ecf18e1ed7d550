package io.weir.eventstats.stats;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.eventstats.auth.AccessSettings;
import io.weir.eventstats.auth.AuthService;
import io.weir.eventstats.auth.AuthSettings;
import io.weir.eventstats.auth.KeySettings;
import io.weir.eventstats.database.EventStatsSchema;
import io.weir.eventstats.stats.topic.Topics;
import io.weir.eventstats.testkit.NoWorkers;
import io.weir.lake.catalog.PostgresCatalog;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.Databases;
import io.weir.queryapi.http.ApiServer;
import io.weir.queryapi.http.ApiSettings;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The routes of statistics on a server, with real tokens and a real database. Users: A sees all rows, B tenant T2 only, P tenants that begin with
 * T2, C nothing.
 */
public final class TestingStats implements AutoCloseable {
    public static final ObjectMapper JSON = new ObjectMapper();
    public static final String RUNS = "/stats/public.cps.za.runs";

    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    private final TestingKeys keys = new TestingKeys();
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final HikariDataSource administration;
    private final AuthService auth;
    private final StatsService stats;
    private final ApiServer server;

    /** An answer. */
    public record Answer(int status, JsonNode body, HttpResponse<String> raw) {
        public String error() {
            return body.at("/errors/0/type").asText();
        }

        public String message() {
            return body.at("/errors/0/message").asText();
        }

        public String header(String name) {
            return raw.headers().firstValue(name).orElse("");
        }
    }

    public TestingStats(DatabaseSettings database, StatsSettings settings, Clock clock, Path folder) throws Exception {
        administration = Databases.open(database);
        EventStatsSchema.migrate(administration);
        Path access = Files.writeString(folder.resolve("access.json"), """
            {"public.cps.za.runs": {"A": {}, "B": {"tenant_id": ["T2"]}, "P": {"tenant_id": ["T2.*"]},
                                    "Z": {"country": ["ZA"]}},
             "public.cps.za.test": ["A"],
             "public.cps.za.dlchange": ["A"],
             "public.cps.za.status_change": {"A": {}, "B": {"tenant_id": ["T2"]}},
             "promql.query.runs": {"A": {}, "B": {"tenant_id": ["T2"]}}}
            """);
        auth = AuthService.start(
                AuthSettings.DEFAULT
                        .withKeys(KeySettings.DEFAULT.withUrl(keys.url()))
                        .withAccess(AccessSettings.DEFAULT.withFile(access.toString())),
                Topics.fieldsByTopic(),
                registry);
        stats = StatsService.start(
                new StatsService.Parts(settings, administration, database, auth.authenticator(), auth.accessList()),
                registry,
                clock);
        server = ApiServer.start(
                ApiSettings.of("127.0.0.1", 0),
                new PostgresCatalog(administration),
                new NoWorkers(),
                registry,
                List.of(stats.routes()));
    }

    public static DatabaseSettings database(EmbeddedPostgres postgres) {
        return DatabaseSettings.of(
                "jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/postgres", "postgres", "postgres");
    }

    public TestingKeys keys() {
        return keys;
    }

    public int port() {
        return server.port();
    }

    public String metrics() {
        return registry.scrape();
    }

    /** Asks as a user; sends the body, unless it is empty, as JSON. */
    public Answer post(String user, String path, String body) throws Exception {
        return send(HttpRequest.newBuilder(uri(path))
                .header("Authorization", "Bearer " + keys.token(user))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    public Answer get(String user, String path) throws Exception {
        return send(HttpRequest.newBuilder(uri(path))
                .header("Authorization", "Bearer " + keys.token(user))
                .GET());
    }

    public URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    public Answer send(HttpRequest.Builder request) throws Exception {
        HttpResponse<String> response =
                CLIENT.send(request.timeout(Duration.ofSeconds(60)).build(), HttpResponse.BodyHandlers.ofString());
        boolean json = response.headers().firstValue("Content-Type").orElse("").startsWith("application/json");
        JsonNode body = json ? JSON.readTree(response.body()) : MissingNode.getInstance();
        return new Answer(response.statusCode(), body, response);
    }

    /** Runs statements as the owner of the tables. */
    public void execute(String... statements) throws SQLException {
        try (Connection connection = administration.getConnection();
                Statement statement = connection.createStatement()) {
            for (String text : statements) {
                statement.execute(text);
            }
        }
    }

    public void empty() throws SQLException {
        execute("TRUNCATE public.public_cps_za_runs, public.public_cps_za_runs_jobs,"
                + " public.public_cps_za_status_change_aggregated_job, public.promql_query_runs RESTART IDENTITY");
    }

    /** Adds a run. */
    public void run(String event, String tenant, String environment, String app, long start) throws SQLException {
        insert(
                "INSERT INTO public.public_cps_za_runs (event_id, job_ref, tenant_id, environment, source_app,"
                        + " source_app_version, timestamp_start, timestamp_end) VALUES (?, ?, ?, ?, ?, '1', ?, ?)",
                event,
                "ref-" + event,
                tenant,
                environment,
                app,
                start,
                start + 10_000);
    }

    /** Adds a job to a run; its end may be null. */
    public void job(
            String event, String catalog, String status, long start, @Nullable Long end, @Nullable String message)
            throws SQLException {
        insert(
                "INSERT INTO public.public_cps_za_runs_jobs (event_id, country, catalog_id, status, timestamp_start,"
                    + " timestamp_end, message, additional_info) VALUES (?, 'ZA', ?, ?, ?, ?, ?, '{\"k\": [1, 2.5]}')",
                event,
                catalog,
                status,
                start,
                end,
                message);
    }

    public void insert(String text, @Nullable Object... values) throws SQLException {
        try (Connection connection = administration.getConnection();
                PreparedStatement statement = connection.prepareStatement(text)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            statement.execute();
        }
    }

    public HikariDataSource administration() {
        return administration;
    }

    @Override
    public void close() {
        server.close();
        stats.close();
        auth.close();
        administration.close();
        keys.close();
    }
}
