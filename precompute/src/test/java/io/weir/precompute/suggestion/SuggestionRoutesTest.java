package io.weir.precompute.suggestion;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.Javalin;
import io.weir.lake.database.DatabaseSettings;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobLimits;
import io.weir.precompute.job.JobRequests;
import io.weir.precompute.result.ResultCache;
import io.weir.precompute.result.ResultSettings;
import io.weir.precompute.result.TestingTickJobs;
import io.weir.precompute.source.SourceAddress;
import io.weir.promql.parser.Feature;
import io.weir.queryapi.http.ErrorMapping;
import io.weir.queryapi.http.Reply;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.InstantSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The route over a real database with the schema of event statistics. */
final class SuggestionRoutesTest {
    private static final long NOW = 1_800_000_000_000L;
    private static final String SCHEMA = "eventstats/src/main/resources/db/migration/eventstats/V4__query_history.sql";

    private static final JobRequests REQUESTS =
            new JobRequests(JobLimits.DEFAULT, Feature.NONE, SourceAddress.Lake::new);
    private static final ResultCache CACHE = new ResultCache(ResultSettings.DEFAULT, () -> NOW);
    private static EmbeddedPostgres postgres;
    private static SuggestionRoutes routes;
    private static Javalin server;

    @BeforeAll
    static void start() throws Exception {
        postgres = EmbeddedPostgres.start();
        routes = new SuggestionRoutes(
                SuggestionSettings.DEFAULT,
                360,
                REQUESTS,
                DatabaseSettings.of(postgres.getJdbcUrl("postgres", "postgres"), "postgres", "postgres"),
                CACHE,
                InstantSource.fixed(Instant.ofEpochMilli(NOW)));
        server = serving(routes);
        server.start();
    }

    private static Javalin serving(SuggestionRoutes served) {
        return Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.jetty.host = "127.0.0.1";
            config.jetty.port = 0;
            served.contribute(config);
            config.routes.exception(Exception.class, (cause, context) -> {
                try {
                    Reply.error(context, ErrorMapping.of(cause));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        });
    }

    @AfterAll
    static void stop() throws Exception {
        server.stop();
        routes.close();
        postgres.close();
    }

    @BeforeEach
    void empty() throws Exception {
        execute("DROP TABLE IF EXISTS public.promql_query_runs");
    }

    private static void execute(String sql) throws Exception {
        try (Connection connection = postgres.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static void schema() throws Exception {
        execute(Files.readString(Path.of(System.getProperty("weir.root", ".."), SCHEMA)));
    }

    /** Runs every so often, the last one at the end. */
    private static void runs(
            String tenant, String text, int count, long everyMillis, long durationMillis, boolean hit, String status)
            throws Exception {
        try (Connection connection = postgres.getPostgresDatabase().getConnection();
                PreparedStatement statement = connection.prepareStatement(
                        "INSERT INTO public.promql_query_runs (query_id, tenant_id, surface, kind, canonical_hash,"
                            + " query_text, started_at, ended_at, duration_ms, status, phase, work_units,"
                            + " samples_read, workers, precompute_hit) VALUES (gen_random_uuid(), ?, 'ui', 'instant',"
                            + " md5(?), ?, ?, ?, ?, ?, 'report', 1, 1, 1, ?)")) {
            for (int i = 1; i <= count; i++) {
                Timestamp time = Timestamp.from(Instant.ofEpochMilli(NOW - i * everyMillis));
                statement.setString(1, tenant);
                statement.setString(2, text);
                statement.setString(3, text);
                statement.setTimestamp(4, time);
                statement.setTimestamp(5, time);
                statement.setLong(6, durationMillis);
                statement.setString(7, status);
                statement.setBoolean(8, hit);
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    private static HttpResponse<String> send(String method, String parameters, String... headers) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest.Builder request = HttpRequest.newBuilder(
                            URI.create("http://127.0.0.1:" + server.port() + SuggestionRoutes.PATH + parameters))
                    .method(method, HttpRequest.BodyPublishers.noBody());
            if (headers.length > 0) {
                request.headers(headers);
            }
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        }
    }

    private static JsonNode get(String parameters, String... headers) throws Exception {
        HttpResponse<String> response = send("GET", parameters, headers);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return new ObjectMapper().readTree(response.body());
    }

    @Test
    void repeatedQueriesAreSuggestedAsRequests() throws Exception {
        schema();
        runs("default", "quantile_over_time(0.9, latency[5m])", 100, 30_000, 400, false, "succeeded");
        runs("default", "quantile_over_time(0.9, seldom[5m])", 4, 30_000, 400, false, "succeeded");
        runs("default", "quantile_over_time(0.9, broken[5m])", 100, 30_000, 400, false, "failed");
        runs("acme", "quantile_over_time(0.9, secret[5m])", 100, 30_000, 400, false, "succeeded");
        JsonNode answer = get("");
        assertThat(answer.path("status").asText()).isEqualTo("success");
        assertThat(answer.path("count").asInt()).isEqualTo(1);
        assertThat(answer.path("window").path("end").asText()).isEqualTo("2027-01-15T08:00:00Z");
        assertThat(answer.path("window").path("start").asText()).isEqualTo("2027-01-14T08:00:00Z");
        JsonNode one = answer.path("suggestions").path(0);
        assertThat(one.path("runs").asInt()).isEqualTo(100);
        assertThat(one.path("repetition_seconds").asDouble()).isEqualTo(30);
        assertThat(one.path("exact_p50_ms").asDouble()).isEqualTo(400);
        assertThat(one.path("ticks").asInt()).isEqualTo(100);
        assertThat(one.path("tick_cost_ms").asDouble()).isEqualTo(40);
        assertThat(one.path("tick_cost_basis").asText()).isEqualTo("incremental");
        assertThat(one.path("saved_ms").asDouble()).isEqualTo(36_000);
        JsonNode request = one.path("request");
        assertThat(request.path("query").asText()).isEqualTo("quantile_over_time(0.9, latency[5m])");
        assertThat(request.path("granularity").asText()).isEqualTo("30s");
        assertThat(request.path("source").asText()).isEqualTo("lake://");
        assertThat(request.path("sketch_type").asText()).isEqualTo("ddsketch");
        assertThat(request.path("store_path").asText()).startsWith("suggested/");
        assertThat(REQUESTS.read("default", request, NOW).warnings()).isEmpty();
        assertThat(answer.has("warnings")).isFalse();
        assertThat(get("?window=10m").path("suggestions").path(0).path("runs").asInt())
                .isEqualTo(20);
        assertThat(get("?window=1m").path("count").asInt()).isZero();
        assertThat(get("", "X-Scope-OrgID", "acme").toString())
                .contains("secret")
                .doesNotContain("latency[");
    }

    @Test
    void jobsThatNobodyUsesAreNamed() throws Exception {
        schema();
        Job old = TestingTickJobs.quantile("old")
                .text("quantile_over_time(0.9, unused[5m])")
                .job();
        Job used = TestingTickJobs.quantile("used")
                .text("quantile_over_time(0.9, used[5m])")
                .job();
        CACHE.add(old);
        CACHE.add(used);
        try {
            runs("default", "quantile_over_time(0.9, used[5m])", 100, 30_000, 4, true, "succeeded");
            runs("default", "quantile_over_time(0.9, unused[5m])", 100, 30_000, 400, false, "succeeded");
            JsonNode answer = get("");
            assertThat(answer.path("count").asInt()).as("both are jobs").isZero();
            assertThat(answer.path("unused_jobs").size()).isEqualTo(1);
            assertThat(answer.path("unused_jobs").path(0).path("job_id").asText())
                    .isEqualTo("old");
            assertThat(answer.path("unused_jobs").path(0).path("created_at").asText())
                    .isEqualTo("1970-01-01T00:00:00Z");
        } finally {
            CACHE.remove("old", true);
            CACHE.remove("used", true);
        }
    }

    @Test
    void withoutAHistoryItSaysSo() throws Exception {
        JsonNode answer = get("");
        assertThat(answer.path("count").asInt()).isZero();
        assertThat(answer.path("warnings").path(0).asText()).contains("event statistics");
        schema();
        assertThat(get("").has("warnings")).isFalse();
    }

    @Test
    void whatIsWrongIsNamed() throws Exception {
        schema();
        for (String window : new String[] {"abc", "0s", "-1h", "100d", "1", "10ms", "9".repeat(5_000) + "d"}) {
            HttpResponse<String> response = send("GET", "?window=" + window);
            assertThat(response.statusCode()).as(window).isEqualTo(400);
            assertThat(response.body()).contains("\"errorType\":\"bad_data\"").contains("window");
        }
        assertThat(send("GET", "", "X-Scope-OrgID", "../x").statusCode()).isEqualTo(400);
        HttpResponse<String> posted = send("POST", "");
        assertThat(posted.statusCode()).isEqualTo(405);
        assertThat(posted.headers().firstValue("Allow")).contains("GET");
    }

    @Test
    void aDatabaseThatIsTooSlowIs503() throws Exception {
        schema();
        execute("ALTER TABLE public.promql_query_runs RENAME TO real_runs");
        // What the statement reads now takes longer than it may.
        execute("CREATE VIEW public.promql_query_runs AS SELECT runs.* FROM public.real_runs runs,"
                + " LATERAL (SELECT pg_sleep(60)) AS slow");
        oneRun();
        try (SuggestionRoutes slow = new SuggestionRoutes(
                new SuggestionSettings(300_000, 5, 1_000, 60_000, 60_000, 10, 10, 60_000, 1, 200),
                360,
                REQUESTS,
                DatabaseSettings.of(postgres.getJdbcUrl("postgres", "postgres"), "postgres", "postgres"),
                CACHE,
                InstantSource.fixed(Instant.ofEpochMilli(NOW)))) {
            Javalin other = serving(slow);
            other.start();
            try (HttpClient client = HttpClient.newHttpClient()) {
                HttpResponse<String> response = client.send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + other.port() + SuggestionRoutes.PATH))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
                assertThat(response.statusCode()).isEqualTo(503);
                assertThat(response.headers().firstValue("Retry-After")).isPresent();
                assertThat(response.body()).doesNotContain("SELECT").doesNotContain("promql_query_runs");
            } finally {
                other.stop();
            }
        } finally {
            execute("DROP VIEW public.promql_query_runs; DROP TABLE public.real_runs");
        }
    }

    private static void oneRun() throws Exception {
        execute("INSERT INTO public.real_runs (query_id, tenant_id, surface, kind, canonical_hash, query_text,"
                + " started_at, ended_at, duration_ms, status, phase, work_units, samples_read, workers) VALUES"
                + " (gen_random_uuid(), 'default', 'ui', 'instant', 'h', 'up',"
                + " to_timestamp(" + (NOW - 1_000) / 1_000
                + "), now(), 1,"
                + " 'succeeded', 'report', 1, 1, 1)");
    }
}
