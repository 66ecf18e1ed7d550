package io.weir.precompute.http;

import static io.weir.precompute.http.TestingJobsApi.JOBS;
import static io.weir.precompute.http.TestingJobsApi.RESULTS;
import static io.weir.precompute.http.TestingJobsApi.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.weir.precompute.TestingDatabase;
import io.weir.precompute.job.JobLimits;
import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.registry.Jobs;
import io.weir.precompute.registry.RegistrySettings;
import io.weir.precompute.result.ErrorBound;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.result.TickResult;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.labels.Labels;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The routes of jobs over HTTP: checklist D1, rows 1 to 14, 16, 18, 19, 23 and 44. */
class JobHttpTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final List<String> FIELDS = List.of("query", "granularity", "source", "sketch_type", "store_path");

    private TestingDatabase database;
    private TestingJobsApi api;

    @BeforeEach
    void start() throws Exception {
        database = TestingDatabase.create();
        api = TestingJobsApi.start(database);
    }

    @AfterEach
    void stop() throws Exception {
        api.close();
        database.close();
    }

    private static ObjectNode body() {
        return MAPPER.createObjectNode()
                .put("query", "quantile_over_time(0.99, latency{service=\"web\"}[5m])")
                .put("granularity", "1m")
                .put("source", "backend-collector:4317")
                .put("sketch_type", "ddsketch")
                .put("store_path", "precomputed/latency/p99/5m");
    }

    private JsonNode create(ObjectNode body) throws Exception {
        HttpResponse<String> response = api.post(body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return json(response);
    }

    private void refused(HttpResponse<String> response, int status, String errorType, String... parts)
            throws Exception {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        JsonNode error = json(response);
        assertThat(error.get("status").textValue()).isEqualTo("error");
        assertThat(error.get("errorType").textValue()).isEqualTo(errorType);
        for (String part : parts) {
            assertThat(error.get("error").textValue()).contains(part);
        }
    }

    /** Row 1. */
    @Test
    void theSeedsRequestMakesAJob() throws Exception {
        HttpResponse<String> response = api.post(body());
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
        JsonNode answer = json(response);
        assertThat(answer.get("job_id").textValue()).isNotEmpty();
        assertThat(answer.get("status").textValue()).isEqualTo("created");
        assertThat(answer.get("created_at").textValue()).endsWith("Z");
        assertThat(Instant.parse(answer.get("created_at").textValue()))
                .isBetween(Instant.now().minusSeconds(5), Instant.now().plusSeconds(5));
        assertThat(response.headers().firstValue("Location"))
                .hasValue(JOBS + "/" + answer.get("job_id").textValue());
        assertThat(json(api.get(response.headers().firstValue("Location").orElseThrow()))
                        .get("job_id"))
                .isEqualTo(answer.get("job_id"));
    }

    /** Rows 2 and 3: the same again, however it is written, is the same job. */
    @Test
    void anEqualRequestIsTheSameJob() throws Exception {
        JsonNode first = create(body());
        JsonNode again = create(body());
        JsonNode other = create(body().put("granularity", "60s")
                .put("query", "quantile_over_time( 0.99,latency{service='web'}[300s])"));
        assertThat(again.get("job_id")).isEqualTo(first.get("job_id")).isEqualTo(other.get("job_id"));
        assertThat(again.get("created_at")).isEqualTo(first.get("created_at"));
        assertThat(api.jobs()).hasSize(1);
    }

    @Test
    void equalRequestsAtTheSameTimeAreOneJob() throws Exception {
        Set<String> ids = ConcurrentHashMap.newKeySet();
        List<Throwable> failures = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            threads.add(Thread.ofVirtual().start(() -> {
                try {
                    ids.add(create(body()).get("job_id").textValue());
                } catch (Exception | AssertionError e) {
                    synchronized (failures) {
                        failures.add(e);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            assertThat(thread.join(Duration.ofSeconds(30))).isTrue();
        }
        assertThat(failures).isEmpty();
        assertThat(ids).hasSize(1);
        assertThat(api.jobs()).hasSize(1);
    }

    /** Row 4. */
    @Test
    void aTakenStorePathIsAConflict() throws Exception {
        JsonNode first = create(body());
        refused(
                api.post(body().put("query", "quantile_over_time(0.5, latency{service=\"web\"}[5m])")),
                409,
                "conflict",
                first.get("job_id").textValue(),
                "store_path");
        assertThat(api.jobs()).hasSize(1);
        // Another tenant has its own.
        assertThat(api.send(
                                "POST",
                                JOBS,
                                body().toString(),
                                "Content-Type",
                                "application/json",
                                "X-Scope-OrgID",
                                "other")
                        .statusCode())
                .isEqualTo(200);
        assertThat(api.jobs()).hasSize(1);
    }

    @Test
    void aTakenStorePathGetsASuffixWhereThatIsSet() throws Exception {
        JobLimits suffix = new JobLimits(65_536, 16_384, 1_000, 86_400_000, 2_678_400_000L, 1_000, 64, "suffix");
        try (TestingJobsApi other = new TestingJobsApi(database, suffix, RegistrySettings.DEFAULT)) {
            create(body());
            ObjectNode second = body().put("query", "quantile_over_time(0.5, latency{service=\"web\"}[5m])");
            JsonNode answer = json(other.post(second));
            assertThat(answer.get("store_path").textValue()).matches("precomputed/latency/p99/5m-[0-9a-f]{8}");
            assertThat(json(other.post(second)).get("job_id")).isEqualTo(answer.get("job_id"));
            assertThat(json(other.get(JOBS)).get("jobs").get(1).get("store_path"))
                    .isEqualTo(answer.get("store_path"));
        }
    }

    /** Row 5. */
    @Test
    void aBodyThatIsNoObjectIsRefused() throws Exception {
        String whole = body().toString();
        for (String bad : List.of(
                whole.substring(0, whole.length() / 2),
                "[]",
                "\"x\"",
                "",
                "null",
                whole + "x",
                "{\"query\":\"a\",\"query\":\"b\"}",
                "[".repeat(1_000))) {
            refused(api.post(bad), 400, "bad_data");
        }
        assertThat(api.jobs()).isEmpty();
    }

    /** Row 6: 20 cases. */
    @Test
    void eachFieldIsNamedWhenItIsWrong() throws Exception {
        for (String field : FIELDS) {
            ObjectNode without = body();
            without.remove(field);
            ObjectNode nothing = body();
            nothing.putNull(field);
            for (ObjectNode bad : List.of(without, nothing, body().put(field, ""), body().put(field, 7))) {
                refused(api.post(bad), 400, "bad_data", "\"" + field + "\"");
            }
        }
        assertThat(api.jobs()).isEmpty();
    }

    /** Row 7. */
    @Test
    void theBodyIsJsonOfABoundedSize() throws Exception {
        String whole = body().toString();
        refused(api.send("POST", JOBS, whole, "Content-Type", "text/plain"), 415, "bad_data", "application/json");
        refused(api.send("POST", JOBS, whole), 415, "bad_data");
        refused(
                api.send("POST", JOBS, whole, "Content-Type", "application/json", "Content-Encoding", "gzip"),
                415,
                "bad_data");
        refused(api.post(" ".repeat(1 << 20)), 413, "bad_data", "precompute-jobs-request-bytes-max");
        assertThat(api.send("POST", JOBS, whole, "Content-Type", "application/json; charset=utf-8")
                        .statusCode())
                .isEqualTo(200);
    }

    /** Rows 8 to 14, one of each; {@code JobRequestsTest} has them all. */
    @Test
    void whatCannotBeAJobIsRefused() throws Exception {
        String lake = "lake://";
        refused(api.post(body().put("query", "quantile_over_time(0.99, latency[5m]")), 400, "bad_data", "parse error");
        refused(api.post(body().put("query", "rate(x)")), 400, "bad_data", "query");
        refused(api.post(body().put("query", "vector(1)").put("source", lake)), 400, "bad_data", "selector");
        refused(api.post(body().put("query", "quantile_over_time(1.5, latency[5m])")), 400, "bad_data", "0 to 1");
        refused(api.post(body().put("query", "top_k_over_time(1.5, latency[5m])")), 400, "bad_data", "whole number");
        refused(api.post(body().put("granularity", "100ms")), 400, "bad_data", "granularity");
        refused(api.post(body().put("sketch_type", "tdigest")), 400, "bad_data", "sketch_type");
        refused(api.post(body().put("source", "file:///etc/passwd")), 400, "bad_data", "source");
        refused(api.post(body().put("source", "169.254.169.254:80")), 400, "bad_data", "source");
        refused(api.post(body().put("store_path", "../x")), 400, "bad_data", "store_path");
        refused(api.post(body().put("valid_until", "2020-01-01T00:00:00Z")), 400, "bad_data", "valid_until");
        assertThat(api.jobs()).isEmpty();
        assertThat(database.query("select count(*) from weir.precompute_jobs")).containsExactly("0");
        JsonNode distinct = create(body().put("query", "count_distinct_over_time(latency[5m])"));
        assertThat(distinct.get("warnings")).isNotEmpty();
        // Nobody is there, which is for its ticks to find out.
        create(body().put("source", "127.0.0.1:1").put("store_path", "unreachable"));
    }

    /** Row 16, and what is left after a deletion. */
    @Test
    void aDeletedJobIsGone() throws Exception {
        String id = create(body()).get("job_id").textValue();
        HttpResponse<String> response = api.delete(id, "X-Scope-OrgID", "other");
        refused(response, 404, "not_found");
        response = api.delete(id);
        assertThat(response.statusCode()).isEqualTo(204);
        assertThat(response.body()).isEmpty();
        assertThat(api.jobs()).isEmpty();
        for (String gone : List.of(id, "8a3c2f6e-53a1-4a35-9b0c-6f6f6d9d2f10", "abc")) {
            refused(api.delete(gone), 404, "not_found", "precompute job '" + gone + "' not found");
            refused(api.get(JOBS + "/" + gone), 404, "not_found", "precompute job '" + gone + "' not found");
        }
        refused(api.deleteUnreadable("%00%0a"), 400, "bad_data");
        assertThat(create(body()).get("job_id").textValue()).isNotEqualTo(id);
    }

    /** Row 18. */
    @Test
    void theListHasAllOfEachJob() throws Exception {
        JsonNode none = json(api.get(JOBS));
        assertThat(none.get("status").textValue()).isEqualTo("success");
        assertThat(none.get("count").intValue()).isZero();
        assertThat(none.get("jobs")).isEmpty();
        JsonNode created = create(body().put("valid_until", "2100-01-01T00:00:00+01:00"));
        JsonNode one = api.jobs().get(0);
        assertThat(one.get("job_id")).isEqualTo(created.get("job_id")).isEqualTo(one.get("id"));
        body().properties().forEach(field -> assertThat(one.get(field.getKey())).isEqualTo(field.getValue()));
        assertThat(one.get("status").textValue()).isEqualTo("created");
        assertThat(one.get("created_at")).isEqualTo(created.get("created_at"));
        assertThat(one.get("valid_until").textValue()).isEqualTo("2099-12-31T23:00:00Z");
        for (String empty : List.of(
                "last_run_at", "last_success_at", "last_duration_ms", "last_error", "next_run_at", "result_age_s")) {
            assertThat(one.get(empty).isNull()).as(empty).isTrue();
        }
        for (String zero : List.of("runs", "failures", "skipped", "cache_hits")) {
            assertThat(one.get(zero).intValue()).as(zero).isZero();
        }
        create(body().put("store_path", "b"));
        create(body().put("store_path", "c"));
        JsonNode three = api.jobs();
        assertThat(three).hasSize(3);
        assertThat(three.findValuesAsText("store_path")).containsExactly("precomputed/latency/p99/5m", "b", "c");
        assertThat(json(api.get(JOBS + "?status=created")).get("count").intValue())
                .isEqualTo(3);
        assertThat(json(api.get(JOBS + "?status=all")).get("count").intValue()).isEqualTo(3);
        assertThat(json(api.get(JOBS + "?status=failing")).get("count").intValue())
                .isZero();
        refused(api.get(JOBS + "?status=broken"), 400, "bad_data", "status");
        assertThat(json(api.get(JOBS, "X-Tenant-Id", "other")).get("jobs")).isEmpty();
        refused(api.get(JOBS, "X-Tenant-Id", "a", "X-Scope-OrgID", "b"), 400, "bad_data", "tenants");
        refused(api.get(JOBS, "X-Scope-OrgID", "a b"), 400, "bad_data", "X-Scope-OrgID");
    }

    /** Row 19. */
    @Test
    void otherMethodsAreNotAllowed() throws Exception {
        for (String method : List.of("PUT", "PATCH", "DELETE")) {
            HttpResponse<String> response = api.send(method, JOBS, "{}");
            refused(response, 405, "bad_data");
            assertThat(response.headers().firstValue("Allow")).hasValue("GET, POST");
        }
        for (String method : List.of("PUT", "PATCH", "POST")) {
            HttpResponse<String> response = api.send(method, JOBS + "/abc", "{}");
            refused(response, 405, "bad_data");
            assertThat(response.headers().firstValue("Allow")).hasValue("GET, DELETE");
        }
        HttpResponse<String> response = api.send("POST", RESULTS + "a/b", "{}");
        refused(response, 405, "bad_data");
        assertThat(response.headers().firstValue("Allow")).hasValue("GET");
    }

    /** Row 23, as far as it is about the route. */
    @Test
    void resultsAreFoundByTheirStorePath() throws Exception {
        String path = "precomputed/latency/p99 \u00e9\ud83d\ude00/5m,=&+:@!$'()*~";
        create(body().put("store_path", path));
        Jobs.JobView view = api.registry().list("default").views().getFirst();
        // The loop brings it into the directory.
        await().until(() -> api.results().at("default", path).isPresent());
        String url = RESULTS
                + URLEncoder.encode(path, StandardCharsets.UTF_8)
                        .replace("+", "%20")
                        .replace("%2F", "/");
        refused(api.get(url), 404, "not_found", view.job().jobId(), "no result yet");
        refused(api.get(RESULTS + "nowhere"), 404, "not_found");
        long tick = System.currentTimeMillis() / 60_000 * 60_000;
        api.results()
                .put(
                        view.job(),
                        new TickResult(
                                view.job().jobId(),
                                tick,
                                new ResultVector(
                                        List.of(
                                                new ResultVector.Element(Labels.of("service", "web"), 1.5),
                                                new ResultVector.Element(Labels.of("service", "api"), Double.NaN)),
                                        List.of(new Annotation(
                                                Annotation.Level.WARNING, "may be wrong", PositionRange.NONE))),
                                new ErrorBound.Relative(0.01),
                                1,
                                tick + 1_000,
                                List.of()));
        HttpResponse<String> response = api.get(url);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        JsonNode answer = json(response);
        assertThat(answer.get("status").textValue()).isEqualTo("success");
        assertThat(answer.at("/data/resultType").textValue()).isEqualTo("vector");
        assertThat(answer.at("/data/result/0/metric/service").textValue()).isEqualTo("web");
        assertThat(answer.at("/data/result/0/value/0").longValue()).isEqualTo(tick / 1_000);
        assertThat(answer.at("/data/result/0/value/1").textValue()).isEqualTo("1.5");
        assertThat(answer.at("/data/result/1/value/1").textValue()).isEqualTo("NaN");
        assertThat(answer.get("infos").get(0).textValue()).isEqualTo("data_source: precompute_cache");
        assertThat(answer.get("warnings").get(0).textValue()).isEqualTo("may be wrong");
        assertThat(response.headers().firstValue("X-Query-Source")).hasValue("precompute");
        assertThat(response.headers().firstValue("X-Precompute-Job"))
                .hasValue(view.job().jobId());
        assertThat(response.headers().firstValue("X-Precompute-Error-Bound")).hasValue("relative 0.01");
        assertThat(Long.parseLong(response.headers().firstValue("Age").orElseThrow()))
                .isBetween(0L, 60L);
        assertThat(api.jobs().get(0).get("result_age_s").doubleValue()).isBetween(0.0, 61.0);
        refused(api.get(url, "X-Scope-OrgID", "other"), 404, "not_found");
        api.delete(view.job().jobId());
        assertThat(view.statistics()).isEqualTo(JobStatistics.NONE);
    }

    /** Row 44, the requests; a job that is there is still shown. */
    @Test
    void withoutTheDatabaseNothingIsPromised() throws Exception {
        String id = create(body()).get("job_id").textValue();
        await().until(() -> api.metric("weir_precompute_registry_jobs") == 1);
        database.cut();
        for (HttpResponse<String> response : List.of(
                api.post(body().put("store_path", "b")), api.delete(id), api.get(JOBS + "/job-nobody-remembers"))) {
            refused(response, 503, "unavailable");
            assertThat(response.headers().firstValue("Retry-After")).isPresent();
            assertThat(response.body()).doesNotContainIgnoringCase("select").doesNotContain("Exception", "jdbc");
        }
        JsonNode listed = json(api.get(JOBS));
        assertThat(listed.get("jobs").findValuesAsText("job_id")).containsExactly(id);
        assertThat(listed.get("warnings")).isNotEmpty();
        assertThat(api.get(JOBS + "/" + id).statusCode()).isEqualTo(200);
        refused(api.get(JOBS + "/" + id, "X-Scope-OrgID", "other"), 404, "not_found");
        database.mend();
        await().atMost(Duration.ofSeconds(20))
                .until(() -> api.post(body().put("store_path", "b")).statusCode() == 200);
        assertThat(new TreeSet<>(api.jobs().findValuesAsText("store_path")))
                .containsExactly("b", "precomputed/latency/p99/5m");
        assertThat(api.delete(id).statusCode()).isEqualTo(204);
    }

    @Test
    void jobsAreLimited() throws Exception {
        RegistrySettings two = new RegistrySettings(
                3, 2, 100, 3_600_000, 4_000, 1_000, 5_000, 2_000, 4, 2_000, 60, 1 << 20, 64 << 10, 64L << 20, 50);
        try (TestingJobsApi small = new TestingJobsApi(database, JobLimits.DEFAULT, two)) {
            small.post(body());
            small.post(body().put("store_path", "b"));
            refused(small.post(body().put("store_path", "c")), 409, "conflict", "precompute-registry-tenant-jobs-max");
            String[] other = {"Content-Type", "application/json", "X-Scope-OrgID", "other"};
            assertThat(small.send("POST", JOBS, body().toString(), other).statusCode())
                    .isEqualTo(200);
            refused(
                    small.send("POST", JOBS, body().put("store_path", "b").toString(), other),
                    409,
                    "conflict",
                    "precompute-registry-jobs-max");
            // What is there is no new one.
            assertThat(small.post(body()).statusCode()).isEqualTo(200);
        }
    }
}
