package io.weir.eventstats.stats;

import static io.weir.eventstats.stats.TestingStats.RUNS;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.weir.eventstats.stats.TestingStats.Answer;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The checklist of part D2 over HTTP: order of checks, shapes, codes, access. */
final class StatsHttpTest {
    private static final String SUMMARY = RUNS + "/query/run_status_summary";

    @TempDir
    private static Path folder;

    private static EmbeddedPostgres postgres;
    private static TestingStats stats;

    /** Of the fixture's runs, an hour ago. */
    private static final long START = System.currentTimeMillis() - 3_600_000;

    @BeforeAll
    static void start() throws Exception {
        postgres = EmbeddedPostgres.start();
        stats = new TestingStats(TestingStats.database(postgres), StatsSettings.DEFAULT, Clock.systemUTC(), folder);
        stats.empty();
        stats.run("e1", "T1", "prod", "app1", START);
        stats.job("e1", "cat1", "succeeded", START, START + 100, "ok");
        stats.job("e1", "cat1", "failed", START, START + 300, "Broken pipe");
        stats.job("e1", "cat1", "killed", START, null, null);
        stats.run("e2", "T2", "prod", "app1", START + 1_000);
        stats.job("e2", "cat1", "failed", START, START + 50, "There is No Data today");
        stats.job("e2", "cat2", "failed", START, START + 50, "no records to send");
        stats.job("e2", "cat2", "skipped", START, null, null);
        stats.run("e3", "T2", "test", "app2", START + 2_000);
        stats.job("e3", "cat2", "succeeded", START, START + 500, null);
        stats.run("old", "T1", "prod", "app1", START - 20L * 86_400_000);
        stats.job("old", "cat1", "failed", 0, 1L, "outside");
        stats.run("t20", "T20", "prod", "app9", START);
        stats.job("t20", "cat9", "succeeded", START, START + 1, null);
    }

    @AfterAll
    static void stop() throws Exception {
        stats.close();
        postgres.close();
    }

    private static Map<String, Integer> counts(Answer answer) {
        Map<String, Integer> counts = new TreeMap<>();
        answer.body()
                .get("data")
                .forEach(row ->
                        counts.put(row.get("status").asText(), row.get("count").asInt()));
        return counts;
    }

    /** D2 1 and 25. */
    @Test
    void countsEachStatusApart() throws Exception {
        Answer answer = stats.post("A", SUMMARY, "{}");
        assertThat(answer.status()).isEqualTo(200);
        JsonNode body = answer.body();
        assertThat(body.get("success").asBoolean()).isTrue();
        assertThat(body.get("statusCode").asInt()).isEqualTo(200);
        assertThat(body.get("query").asText()).isEqualTo("run_status_summary");
        assertThat(body.get("topic").asText()).isEqualTo("public.cps.za.runs");
        assertThat(counts(answer))
                .isEqualTo(Map.of(
                        "succeeded",
                        3,
                        "failed",
                        1,
                        "killed",
                        1,
                        "skipped",
                        1,
                        "no data received",
                        1,
                        "no data produced",
                        1));
        assertThat(body.get("row_count").asInt()).isEqualTo(6);
        assertThat(body.get("truncated").asBoolean()).isFalse();
        assertThat(body.at("/params/window_days").asInt()).isEqualTo(7);
        assertThat(body.at("/params/tenant").isNull()).isTrue();
        assertThat(body.at("/columns/2"))
                .isEqualTo(TestingStats.JSON.readTree("{\"name\":\"count\",\"type\":\"integer\"}"));
        assertThat(body.at("/data/0/share").asDouble()).isEqualTo(3 / 8.0);
        assertThat(body.at("/data/0/bucket_start").isNull()).isTrue();
        assertThat(body.at("/window/end").asLong() - body.at("/window/start").asLong())
                .isEqualTo(7L * 86_400_000);
        assertThat(body.get("generated_at").asText()).endsWith("Z");
    }

    /** D2 2. */
    @Test
    void takesAWindowAndATenant() throws Exception {
        String asked = "{\"timestamp_start\":%d,\"timestamp_end\":%d,\"tenant\":\"T2\",\"environment\":\"prod\"}";
        Answer answer = stats.post("A", SUMMARY, asked.formatted(START + 1, START + 1_999));
        assertThat(counts(answer)).isEqualTo(Map.of("skipped", 1, "no data received", 1, "no data produced", 1));
        assertThat(answer.body().get("params").toString())
                .isEqualTo(
                        "{\"timestamp_start\":%d,\"timestamp_end\":%d,\"tenant\":\"T2\",\"environment\":\"prod\",\"bucket\":\"none\"}"
                                .formatted(START + 1, START + 1_999));
        assertThat(answer.body().get("window").toString())
                .isEqualTo("{\"start\":%d,\"end\":%d}".formatted(START + 1, START + 1_999));
        Answer edges = stats.post("A", SUMMARY, asked.formatted(START + 1_000, START + 1_000));
        assertThat(edges.body().get("row_count").asInt())
                .as("both ends are inclusive")
                .isEqualTo(3);
    }

    /** D2 3; the tables are there afterwards, as every other test shows. */
    @Test
    void refusesUnknownQueries() throws Exception {
        for (String name : List.of("nope", "%27%3B%20DROP%20TABLE%20x%3B--", "a/b", "x".repeat(300), "%C3%A9", "%27")) {
            Answer answer = stats.post("A", RUNS + "/query/" + name, "{}");
            assertThat(answer.status()).as(name).isEqualTo(400);
            assertThat(answer.error()).isEqualTo("validation");
            assertThat(answer.message())
                    .startsWith("Query '")
                    .contains("' is not supported.")
                    .hasSizeLessThan(400);
        }
        for (String name : List.of("..%2Fx", "../x", "a/../x", "%2e%2e/x", "%00", "..%5cx", "a;b/..;/x")) {
            // The server itself refuses some of these, before any route, and reads no body: it may close before one is
            // sent.
            assertThat(stats.post("A", RUNS + "/query/" + name, "").status())
                    .as(name)
                    .isIn(400, 404);
        }
        assertThat(stats.post("A", RUNS + "/query/RUN_Status_Summary", "{}").status())
                .isEqualTo(200);
        assertThat(stats.post("A", RUNS + "/query/tenant_usage", "{}").status())
                .as("a query of another topic")
                .isEqualTo(400);
        Answer none = stats.post("A", RUNS + "/query", "{}");
        assertThat(none.status()).isEqualTo(400);
        assertThat(none.message()).isEqualTo("Missing path parameter 'query_name'.");
    }

    /** D2 4 and 5. */
    @Test
    void tellsUnsupportedFromUnknownTopics() throws Exception {
        Answer unsupported = stats.post("A", "/stats/public.cps.za.test/query/run_status_summary", "{}");
        assertThat(unsupported.status()).isEqualTo(400);
        assertThat(unsupported.error()).isEqualTo("validation");
        assertThat(unsupported.message())
                .isEqualTo("Queries are only supported for topics"
                        + " 'public.cps.za.runs, promql.query.runs, public.cps.za.status_change'.");
        Answer rows = stats.post("A", "/stats/Public.CPS.za.dlchange", "{}");
        assertThat(rows.status()).isEqualTo(400);
        assertThat(rows.message())
                .isEqualTo("Stats are only supported for topics 'public.cps.za.runs, promql.query.runs'.");
        for (String path : List.of("/stats/nope", "/stats/nope/query/x", "/stats/%27%20OR%201=1--")) {
            Answer unknown = stats.post("A", path, "{}");
            assertThat(unknown.status()).isEqualTo(404);
            assertThat(unknown.error()).isEqualTo("topic");
        }
        assertThat(stats.post("A", "/stats/nope", "{}").body().toString())
                .isEqualTo("{\"success\":false,\"statusCode\":404,\"errors\":[{\"type\":\"topic\",\"message\":\"Topic"
                        + " 'nope' not found.\"}]}");
        assertThat(stats.get("A", "/stats/nope/queries").status()).isEqualTo(404);
        for (String path : List.of("/stats", "/stats/a/b/c/d")) {
            Answer route = stats.post("A", path, "{}");
            assertThat(route.status()).isEqualTo(404);
            assertThat(route.error()).isEqualTo("route");
            assertThat(route.message()).isEqualTo("Resource not found.");
        }
    }

    /** D2 6. */
    @Test
    void namesTheFieldThatCannotBeUsed() throws Exception {
        String failed = RUNS + "/query/failed_jobs_last_7d";
        Map<String, String> bad = Map.ofEntries(
                Map.entry("{\"colour\":1}", "colour"),
                Map.entry("{\"days\":\"7\"}", "days"),
                Map.entry("{\"days\":true}", "days"),
                Map.entry("{\"days\":1.5}", "days"),
                Map.entry("{\"days\":0}", "days"),
                Map.entry("{\"days\":91}", "days"),
                Map.entry("{\"window_days\":9223372036854775808}", "window_days"),
                Map.entry("{\"days\":3,\"window_days\":3}", "days"),
                Map.entry("{\"days\":3,\"timestamp_end\":3}", "days"),
                Map.entry("{\"timestamp_start\":5,\"timestamp_end\":4}", "timestamp_start"),
                Map.entry("{\"timestamp_start\":9223372036854775808}", "timestamp_start"),
                Map.entry("{\"timestamp_end\":-9223372036854775809}", "timestamp_end"),
                Map.entry("{\"timestamp_end\":1e3}", "timestamp_end"),
                Map.entry("{\"timestamp_end\":[1]}", "timestamp_end"),
                Map.entry("{\"max_jobs\":101}", "max_jobs"),
                Map.entry("{\"max_jobs\":-1}", "max_jobs"),
                Map.entry("{\"tenant\":7}", "tenant"),
                Map.entry("{\"tenant\":\"\"}", "tenant"),
                Map.entry("{\"tenant\":\"a\\u0000b\"}", "tenant"),
                Map.entry("{\"tenant\":\"\\ud800\"}", "tenant"),
                Map.entry("{\"tenant\":\"" + "x".repeat(256) + "\"}", "tenant"),
                Map.entry("{\"tenant\":{\"$ne\":1}}", "tenant"));
        for (Map.Entry<String, String> entry : bad.entrySet()) {
            Answer answer = stats.post("A", failed, entry.getKey());
            assertThat(answer.status()).as(entry.getKey()).isEqualTo(400);
            assertThat(answer.error()).isEqualTo("validation");
            assertThat(answer.message()).startsWith("Field '" + entry.getValue() + "' ");
        }
        Answer bucket = stats.post("A", SUMMARY, "{\"bucket\":\"week\"}");
        assertThat(bucket.message()).isEqualTo("Field 'bucket' must be one of none, hour, day.");
        for (String extreme : List.of("-9223372036854775808", "9223372036854775807")) {
            Answer answer = stats.post(
                    "A", failed, "{\"timestamp_start\":-9223372036854775808,\"timestamp_end\":" + extreme + "}");
            assertThat(answer.status()).as(extreme).isEqualTo(200);
            Answer times = stats.post(
                    "A", "/stats/promql.query.runs/query/tenant_usage", "{\"timestamp_end\":" + extreme + "}");
            assertThat(times.status())
                    .as("a time of PostgreSQL from " + extreme)
                    .isEqualTo(200);
            assertThat(stats.post("A", "/stats/promql.query.runs", "{\"timestamp_end\":" + extreme + "}")
                            .status())
                    .isEqualTo(200);
        }
    }

    /** D2 7, and content types. */
    @Test
    void readsBodiesStrictly() throws Exception {
        for (String path : List.of(RUNS, SUMMARY)) {
            for (String body :
                    List.of("{", "{} x", "{\"a\":1,\"a\":2}", "\u0000", "nul", "{'a':1}", "[".repeat(2_000))) {
                Answer answer = stats.post("A", path, body);
                assertThat(answer.status()).as(body).isEqualTo(400);
                assertThat(answer.message()).isEqualTo("Request body must be valid JSON.");
            }
            for (String body : List.of("[]", "1", "\"x\"", "null")) {
                Answer answer = stats.post("A", path, body);
                assertThat(answer.status()).as(body).isEqualTo(400);
                assertThat(answer.message()).isEqualTo("Request body must be a JSON object.");
            }
            Answer latin = stats.send(HttpRequest.newBuilder(stats.uri(path))
                    .header("bearer", stats.keys().token("A"))
                    .POST(HttpRequest.BodyPublishers.ofByteArray("{\"é\":1}".getBytes(StandardCharsets.ISO_8859_1))));
            assertThat(latin.status()).isEqualTo(400);
            assertThat(stats.post("A", path, " ".repeat(65_537)).status()).isEqualTo(413);
            assertThat(stats.post("A", path, "{}" + " ".repeat(65_534)).status())
                    .isEqualTo(200);
            Answer chunked = stats.send(HttpRequest.newBuilder(stats.uri(path))
                    .header("bearer", stats.keys().token("A"))
                    .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(new byte[100_000]))));
            assertThat(chunked.status()).as("of unknown length").isEqualTo(413);
            assertThat(stats.post("A", path, "").status()).isEqualTo(200);
            for (String type :
                    List.of("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1")) {
                Answer answer = stats.send(HttpRequest.newBuilder(stats.uri(path))
                        .header("bearer", stats.keys().token("A"))
                        .header("Content-Type", type)
                        .POST(HttpRequest.BodyPublishers.ofString("{}")));
                assertThat(answer.status()).as(type).isEqualTo(415);
                assertThat(answer.error()).isEqualTo("validation");
            }
        }
    }

    /** D2 11, 12 and 16; the auth package's own tests have more. */
    @Test
    void asksForATokenEverywhere() throws Exception {
        List<String> bad = new ArrayList<>(List.of("", "x.y.z", TestingKeys.unsigned("A")));
        bad.add(stats.keys().expired("A"));
        bad.add(stats.keys().future("A"));
        bad.add(stats.keys().confused("A"));
        try (TestingKeys other = new TestingKeys()) {
            bad.add(other.token("A"));
        }
        for (String path : List.of(RUNS, SUMMARY, "/stats/nope", RUNS + "/query/nope")) {
            for (String token : bad) {
                HttpRequest.Builder request =
                        HttpRequest.newBuilder(stats.uri(path)).POST(HttpRequest.BodyPublishers.noBody());
                Answer answer =
                        stats.send(token.isEmpty() ? request : request.header("Authorization", "Bearer " + token));
                assertThat(answer.status()).as(path + " " + token).isEqualTo(401);
                assertThat(answer.error()).isEqualTo("auth");
                assertThat(answer.header("WWW-Authenticate")).isEqualTo("Bearer");
            }
            for (String header : List.of("bearer", "Bearer", "authorization")) {
                String value = (header.equals("authorization") ? "bEaReR " : "")
                        + stats.keys().token("A");
                Answer answer = stats.send(HttpRequest.newBuilder(stats.uri(path))
                        .header(header, value)
                        .POST(HttpRequest.BodyPublishers.noBody()));
                assertThat(answer.status()).as(header).isNotEqualTo(401);
            }
        }
        Answer list =
                stats.send(HttpRequest.newBuilder(stats.uri(RUNS + "/queries")).GET());
        assertThat(list.status()).isEqualTo(401);
    }

    /** D2 13. */
    @Test
    void refusesUsersThatAreNotListed() throws Exception {
        for (String path : List.of(RUNS, SUMMARY)) {
            Answer answer = stats.post("C", path, "{");
            assertThat(answer.status()).isEqualTo(403);
            assertThat(answer.error()).isEqualTo("auth");
            assertThat(answer.message()).isEqualTo("User 'C' is not authorized for topic 'public.cps.za.runs'.");
        }
        assertThat(stats.get("C", RUNS + "/queries").status()).isEqualTo(403);
        assertThat(stats.post("a", RUNS, "{}").status())
                .as("users are compared without case")
                .isEqualTo(200);
    }

    /** D2 14: a filter is applied inside the SQL, by equality or by pattern. */
    @Test
    void showsOnlyTheRowsOfTheFilter() throws Exception {
        Answer rows = stats.post("B", RUNS, "{}");
        assertThat(rows.body().get("data"))
                .hasSize(4)
                .allMatch(row -> row.get("tenant_id").asText().equals("T2"));
        assertThat(counts(stats.post("B", SUMMARY, "{}")))
                .isEqualTo(Map.of("succeeded", 1, "skipped", 1, "no data received", 1, "no data produced", 1));
        Answer other = stats.post("B", SUMMARY, "{\"tenant\":\"T1\"}");
        assertThat(other.status()).isEqualTo(200);
        assertThat(other.body().get("row_count").asInt()).isZero();
        for (String query : List.of("failed_jobs_last_7d", "aggregation_by_catalog", "run_status_summary")) {
            Answer answer = stats.post("B", RUNS + "/query/" + query, "{\"window_days\":90}");
            // Not the whole body: the time in generated_at has T1 in it during half of the day.
            assertThat(answer.body().get("data").toString())
                    .doesNotContain("T1")
                    .doesNotContain("e1")
                    .doesNotContain("Broken pipe");
            assertThat(answer.body().get("row_count").asInt()).isPositive();
        }
        assertThat(stats.post("P", RUNS, "{}").body().get("data")).hasSize(5);
        assertThat(stats.post("Z", RUNS, "{}").body().get("data")).hasSize(8);
        assertThat(stats.post("A", RUNS, "{}").body().get("data")).hasSize(8);
    }

    /** A kept result is of its caller's rows. */
    @Test
    void keepsResultsApartByFilter() throws Exception {
        String path = RUNS + "/query/aggregation_by_catalog";
        String body = "{\"window_days\":11}";
        Answer all = stats.post("A", path, body);
        Answer again = stats.post("A", path, body);
        Answer filtered = stats.post("B", path, body);
        assertThat(again.body()).as("a result that was kept").isEqualTo(all.body());
        assertThat(filtered.body().get("data")).isNotEqualTo(all.body().get("data"));
        assertThat(filtered.body().get("data").toString()).doesNotContain("T1");
        assertThat(stats.post("A", path, "{\"window_days\":12}").body().get("generated_at"))
                .isNotEqualTo(all.body().get("generated_at"));
        assertThat(stats.metrics()).contains("weir_stats_cache_hits_total");
    }

    /** D2 8. */
    @Test
    void listsFailedJobsByTenantAndPipeline() throws Exception {
        Answer answer = stats.post("A", RUNS + "/query/failed_jobs_last_7d", "{\"days\":7,\"max_jobs\":1}");
        JsonNode data = answer.body().get("data");
        assertThat(data).hasSize(3);
        long total = 0;
        for (JsonNode row : data) {
            total += row.get("failed_count").asLong();
            assertThat(row.get("jobs")).hasSize(1);
        }
        assertThat(total).isEqualTo(3);
        assertThat(data.get(0).toString())
                .isEqualTo(
                        ("{\"tenant_id\":\"T1\",\"source_app\":\"app1\",\"catalog_id\":\"cat1\",\"failed_count\":1,\"last_failed_at\":%d,\"jobs\":[{\"job_ref\":"
                            + " \"ref-e1\", \"message\": \"Broken pipe\", \"internal_id\": 2, \"timestamp_end\":"
                            + " %d}]}")
                                .formatted(START + 300, START + 300)
                                .replace(": ", ":")
                                .replace(", ", ","));
        assertThat(stats.post("A", RUNS + "/query/failed_jobs_last_7d", "{\"max_jobs\":0}")
                        .body()
                        .at("/data/0/jobs")
                        .toString())
                .isEqualTo("[]");
        assertThat(stats.post("A", RUNS + "/query/failed_jobs_last_7d", "{\"days\":30}")
                        .body()
                        .at("/data/0/failed_count")
                        .asInt())
                .isEqualTo(2);
    }

    /** D2 9. */
    @Test
    void aggregatesByCatalog() throws Exception {
        Answer answer = stats.post("A", RUNS + "/query/aggregation_by_catalog", "{\"tenant\":\"T1\"}");
        assertThat(answer.body().get("data").toString())
                .isEqualTo(
                        "[{\"catalog_id\":\"cat1\",\"source_app\":\"app1\",\"job_count\":3,\"succeeded\":1,\"failed\":1,"
                            + "\"killed\":1,\"skipped\":0,\"success_rate\":0.3333333333333333,\"avg_elapsed_ms\":200,\"p95_elapsed_ms\":290}]");
        stats.run("sk", "T9", "prod", "app1", START);
        stats.job("sk", "cat9", "skipped", START, null, null);
        Answer none = stats.post("A", RUNS + "/query/aggregation_by_catalog", "{\"tenant\":\"T9\"}");
        stats.execute(
                "DELETE FROM public.public_cps_za_runs WHERE event_id = 'sk'",
                "DELETE FROM public.public_cps_za_runs_jobs WHERE event_id = 'sk'");
        assertThat(none.body().get("data").toString())
                .isEqualTo(
                        "[{\"catalog_id\":\"cat9\",\"source_app\":\"app1\",\"job_count\":1,\"succeeded\":0,\"failed\":0,"
                            + "\"killed\":0,\"skipped\":1,\"success_rate\":null,\"avg_elapsed_ms\":null,\"p95_elapsed_ms\":null}]");
    }

    /** D2 18. */
    @Test
    void boundsTheLimit() throws Exception {
        for (String limit : List.of("0", "-1", "true", "null", "1.0", "\"5\"", "-99999999999999999999")) {
            Answer answer = stats.post("A", RUNS, "{\"limit\":" + limit + "}");
            assertThat(answer.status()).as(limit).isEqualTo(400);
            assertThat(answer.message()).isEqualTo("Field 'limit' must be a positive integer.");
        }
        for (String limit : List.of("5000", "99999999999999999999")) {
            Answer answer = stats.post("A", RUNS, "{\"limit\":" + limit + "}");
            assertThat(answer.body().at("/pagination/limit").asInt()).isEqualTo(1_000);
        }
        assertThat(stats.post("A", RUNS, "{}").body().get("pagination").toString())
                .isEqualTo("{\"cursor\":null,\"has_more\":false,\"limit\":50,\"next\":null}");
        for (String cursor : List.of("true", "1.5", "\"1\"", "\"x' OR 1=1\"", "{}", "9223372036854775808")) {
            Answer answer = stats.post("A", RUNS, "{\"cursor\":" + cursor + "}");
            assertThat(answer.status()).as(cursor).isEqualTo(400);
            assertThat(answer.message()).startsWith("Field 'cursor' ");
        }
        assertThat(stats.post("A", RUNS, "{\"sort\":1}").message()).startsWith("Field 'sort' is unknown");
    }

    /** The shape of EventGate's rows. */
    @Test
    void givesEventGatesRows() throws Exception {
        Answer answer = stats.post("A", RUNS, "{\"cursor\":2}");
        JsonNode row = answer.body().at("/data/0");
        List<String> names = new ArrayList<>();
        row.fieldNames().forEachRemaining(names::add);
        assertThat(names)
                .containsExactly(
                        "event_id",
                        "job_ref",
                        "tenant_id",
                        "source_app",
                        "source_app_version",
                        "environment",
                        "run_timestamp_start",
                        "run_timestamp_end",
                        "internal_id",
                        "country",
                        "catalog_id",
                        "status",
                        "timestamp_start",
                        "timestamp_end",
                        "message",
                        "additional_info",
                        "run_date",
                        "run_status",
                        "formatted_tenant",
                        "elapsed_time",
                        "start_time",
                        "end_time");
        assertThat(row.get("internal_id").asInt()).isEqualTo(1);
        assertThat(row.get("additional_info").toString()).isEqualTo("{\"k\":[1,2.5]}");
        assertThat(row.get("formatted_tenant").asText()).isEqualTo("t1");
        assertThat(row.get("elapsed_time").asLong()).isEqualTo(100);
        assertThat(row.get("run_status").asText()).isEqualTo("succeeded");
        assertThat(row.get("start_time").asText()).matches("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d");
        Map<String, String> statuses = new TreeMap<>();
        stats.post("A", RUNS, "{}")
                .body()
                .get("data")
                .forEach(r -> statuses.put(
                        r.get("internal_id").asText(), r.get("run_status").asText()));
        assertThat(statuses)
                .containsEntry("2", "failed")
                .containsEntry("3", "killed")
                .containsEntry("4", "no data received")
                .containsEntry("5", "no data produced")
                .containsEntry("6", "skipped");
    }

    /** D2 19. */
    @Test
    void refusesOtherMethods() throws Exception {
        for (String method : List.of("GET", "PUT", "DELETE", "PATCH")) {
            for (String path : List.of(RUNS, SUMMARY, RUNS + "/query")) {
                Answer answer = stats.send(
                        HttpRequest.newBuilder(stats.uri(path)).method(method, HttpRequest.BodyPublishers.noBody()));
                assertThat(answer.status()).as(method + " " + path).isEqualTo(405);
                assertThat(answer.header("Allow")).isEqualTo("POST");
                assertThat(answer.error()).isEqualTo("route");
            }
        }
        Answer post = stats.post("A", RUNS + "/queries", "{}");
        assertThat(post.status()).isEqualTo(405);
        assertThat(post.header("Allow")).isEqualTo("GET");
    }

    /** D2 20. */
    @Test
    void listsQueries() throws Exception {
        Answer answer = stats.get("A", RUNS + "/queries");
        assertThat(answer.status()).isEqualTo(200);
        List<String> names = new ArrayList<>();
        answer.body()
                .get("queries")
                .forEach(query -> names.add(query.get("name").asText()));
        assertThat(names).containsExactly("aggregation_by_catalog", "failed_jobs_last_7d", "run_status_summary");
        JsonNode failed = answer.body().at("/queries/1");
        assertThat(failed.at("/params/0").toString())
                .isEqualTo("{\"name\":\"window_days\",\"type\":\"integer\",\"description\":\"Window of time: days back"
                        + " from now; instead of timestamp_start and"
                        + " _end\",\"required\":false,\"default\":7,\"min\":1,\"max\":90}");
        assertThat(failed.at("/params/1/name").asText()).isEqualTo("days");
        assertThat(failed.at("/columns/3").toString()).isEqualTo("{\"name\":\"failed_count\",\"type\":\"integer\"}");
        assertThat(answer.body().at("/queries/2/params/5/enum").toString()).isEqualTo("[\"none\",\"hour\",\"day\"]");
        assertThat(stats.get("A", "/stats/promql.query.runs/queries").body().get("queries"))
                .hasSize(5);
        assertThat(stats.get("A", "/stats/public.cps.za.status_change/queries")
                        .body()
                        .get("queries"))
                .hasSize(2);
    }

    /** What a client writes stays a value, wherever it writes it. */
    @Test
    void takesSqlForText() throws Exception {
        List<String> attacks = List.of(
                "' OR '1'='1",
                "T1'; DROP TABLE public.public_cps_za_runs; --",
                "T1\\\\'--",
                "$1",
                ":tenant",
                "?",
                "%",
                "_1",
                "T1') UNION SELECT * FROM pg_user--",
                "/*",
                "\\u0027 OR 1=1");
        for (String attack : attacks) {
            for (String query : List.of("failed_jobs_last_7d", "aggregation_by_catalog", "run_status_summary")) {
                for (String field : List.of("tenant", "environment")) {
                    Answer answer = stats.post("A", RUNS + "/query/" + query, "{\"" + field + "\":\"" + attack + "\"}");
                    assertThat(answer.status()).as(attack).isEqualTo(200);
                    assertThat(answer.body().get("row_count").asInt())
                            .as(attack)
                            .isZero();
                }
            }
            Answer field = stats.post("A", RUNS, "{\"" + attack + "\":1}");
            assertThat(field.status()).as(attack).isEqualTo(400);
            Answer user = stats.post(attack.replace("\\", "x"), RUNS, "{}");
            assertThat(user.status()).as(attack).isEqualTo(403);
        }
        try (Connection connection = stats.administration().getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT count(*) FROM public.public_cps_za_runs")) {
            rows.next();
            assertThat(rows.getInt(1)).isGreaterThanOrEqualTo(5);
        }
    }
}
