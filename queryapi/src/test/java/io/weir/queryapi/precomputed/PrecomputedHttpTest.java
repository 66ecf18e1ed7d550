package io.weir.queryapi.precomputed;

import static io.weir.queryapi.testkit.TestingApi.encode;
import static io.weir.queryapi.testkit.TestingApi.instant;
import static io.weir.queryapi.testkit.TestingApi.range;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.StaleMarker;
import io.weir.proto.trace.Tracing;
import io.weir.queryapi.eval.QueryLimits;
import io.weir.queryapi.http.ApiSettings;
import io.weir.queryapi.spi.PrecomputedAnswers.Hit;
import io.weir.queryapi.spi.PrecomputedAnswers.Series;
import io.weir.queryapi.spi.QueryEvent.Phase;
import io.weir.queryapi.testkit.TestingAnswers;
import io.weir.queryapi.testkit.TestingApi;
import io.weir.queryapi.testkit.TestingLake;
import io.weir.queryapi.testkit.TestingQueryListener;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Answers that were computed before are sent by every way of asking, marked, without a slot and without workers. */
final class PrecomputedHttpTest {
    private static final String STREAM = "/api/v1/metrics/query";
    private static final String QUERY = "max_over_time(up[10s])";
    private static final String MARK = "data_source: precompute_cache";
    private static final String INFOS = "\"infos\":[\"data_source: precompute_cache\",\"precompute: job job-1, computed"
            + " for 1970-01-01T00:00:20Z, 12 s before the query, error bound relative 0.01\"]";

    @TempDir
    private Path folder;

    private final TestingLake lake = new TestingLake(3_600_000)
            .add(Labels.of("__name__", "up", "job", "a"), 0, 10_000, 1, 2, 3)
            .add(Labels.of("__name__", "up", "job", "b"), 0, 10_000, 1, 2, 3);
    private final TestingQueryListener listener = new TestingQueryListener();
    private final TestingAnswers answers = new TestingAnswers();
    private @Nullable TestingApi api;

    @AfterEach
    void stop() {
        if (api != null) {
            api.close();
        }
    }

    private TestingApi start(ApiSettings settings) {
        TestingApi started = new TestingApi(lake, folder, settings, Tracing.OFF, listener, answers);
        api = started;
        return started;
    }

    private TestingApi start() {
        return start(TestingApi.settings());
    }

    private static Hit hit(double[]... columns) {
        // Not the order of the labels: the answer's own.
        return new Hit(
                "job-1",
                20_000,
                12_345,
                "relative 0.01",
                List.of(new Series(Labels.of("job", "b"), columns[0]), new Series(Labels.of("job", "a"), columns[1])),
                List.of());
    }

    private static String header(HttpResponse<String> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }

    private static void assertMarked(HttpResponse<String> response) {
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(header(response, "X-Query-Source")).isEqualTo("precompute");
        assertThat(header(response, "Age")).isEqualTo("12");
        assertThat(header(response, "X-Precompute-Job")).isEqualTo("job-1");
        assertThat(header(response, "X-Precompute-Error-Bound")).isEqualTo("relative 0.01");
        assertThat(response.body()).contains(INFOS);
    }

    private static void assertComputed(HttpResponse<String> response) {
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(header(response, "X-Query-Source")).isEmpty();
        assertThat(header(response, "Age")).isEmpty();
        assertThat(response.body()).doesNotContain(MARK);
    }

    @Test
    void anInstantQueryGetsTheTickWithItsOwnTime() throws Exception {
        answers.add(QUERY, hit(new double[] {5}, new double[] {Double.NaN}));
        TestingApi api = start();
        HttpResponse<String> response = api.get(instant("max_over_time( up [10s] )", "32.345"));
        assertMarked(response);
        assertThat(response.body())
                .startsWith("{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":["
                        + "{\"metric\":{\"job\":\"b\"},\"value\":[20,\"5\"]},"
                        + "{\"metric\":{\"job\":\"a\"},\"value\":[20,\"NaN\"]}]},");
        assertThat(api.workManager().units()).isEmpty();
        assertThat(answers.asked()).hasSize(1);
        assertThat(answers.asked().getFirst().grid().startMillis()).isEqualTo(32_345);
        assertThat(answers.asked().getFirst().range()).isFalse();
        assertMarked(api.postForm("/api/v1/query", "query=" + encode(QUERY) + "&time=30"));
    }

    @Test
    void aRangeQueryKeepsItsSteps() throws Exception {
        answers.add(QUERY, hit(new double[] {5, 6}, new double[] {StaleMarker.VALUE, 7}));
        TestingApi api = start();
        HttpResponse<String> response = api.get(range(QUERY, "10.5", "20.5", "10"));
        assertMarked(response);
        assertThat(response.body())
                .startsWith("{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":["
                        + "{\"metric\":{\"job\":\"b\"},\"values\":[[10.500,\"5\"],[20.500,\"6\"]]},"
                        + "{\"metric\":{\"job\":\"a\"},\"values\":[[20.500,\"7\"]]}]},");
        assertThat(answers.asked().getFirst().range()).isTrue();
        assertThat(api.workManager().units()).isEmpty();
    }

    @Test
    void limitAndStatisticsAreAsOfOtherAnswers() throws Exception {
        answers.add(QUERY, hit(new double[] {5}, new double[] {6}));
        TestingApi api = start();
        String body = api.body(instant(QUERY, "20") + "&limit=1&stats=all");
        assertThat(body)
                .contains("\"result\":[{\"metric\":{\"job\":\"b\"},\"value\":[20,\"5\"]}],\"stats\":{")
                .contains("\"workUnits\":0}")
                .contains("\"warnings\":[\"results truncated due to limit\"]");
        assertThat(api.body(instant(QUERY, "20") + "&limit=2")).doesNotContain("truncated");
    }

    @Test
    void aStreamGetsIt() throws Exception {
        answers.add(QUERY, hit(new double[] {5, 6}, new double[] {7, 8}));
        TestingApi api = start();
        String body = "{\"s\":\"epoch+10s\",\"e\":\"epoch+20s\",\"step\":\"10s\",\"q\":\"" + QUERY + "\"%s}";
        HttpResponse<String> points = api.postJson(STREAM, body.formatted(""));
        assertMarked(points);
        assertThat(points.body())
                .contains("\"tags\":{\"job\":\"a\"},\"value\":7,\"timestamp\":10000")
                .contains("\"tags\":{\"job\":\"b\"},\"value\":6,\"timestamp\":20000")
                .contains("{\"type\":\"done\",\"data\":{\"status\":\"ok\"," + INFOS);
        assertThat(header(points, "Content-Type")).startsWith("text/event-stream");
        HttpResponse<String> summary = api.postJson(STREAM, body.formatted(",\"summary\":true"));
        assertMarked(summary);
        assertThat(summary.body()).contains("\"tags\":{\"job\":\"a\"},\"min\":7,\"max\":8,");
        assertMarked(api.postJson(STREAM, body.formatted(",\"reverse\":true")));
        assertThat(api.postJson(STREAM, body.formatted(",\"limit\":1")).body()).contains("truncated");
        assertThat(api.workManager().units()).isEmpty();
        assertComputed(api.postJson(STREAM, body.formatted(",\"precompute\":\"off\"")));
        assertComputed(api.postJson(STREAM + "?precompute=off", body.formatted("")));
        assertThat(api.postJson(STREAM, body.formatted(",\"precompute\":\"yes\""))
                        .statusCode())
                .isEqualTo(400);
        assertThat(answers.asked()).hasSize(4);
    }

    @Test
    void whatThereIsToSayAboutTheQueryIsSaid() throws Exception {
        Hit plain = hit(new double[] {5, 6}, new double[] {7, 8});
        answers.add(
                QUERY,
                new Hit(
                        plain.jobId(),
                        plain.newestMillis(),
                        plain.ageMillis(),
                        plain.errorBound(),
                        plain.series(),
                        List.of(
                                new Annotation(Annotation.Level.WARNING, "may be wrong", PositionRange.NONE),
                                new Annotation(Annotation.Level.INFO, "may not be meant", PositionRange.NONE))));
        TestingApi api = start();
        String body = "{\"s\":\"epoch+10s\",\"e\":\"epoch+20s\",\"step\":\"10s\",\"q\":\"" + QUERY + "\"%s}";
        for (String answer : List.of(
                api.body(instant(QUERY, "20")),
                api.body(range(QUERY, "10", "20", "10")),
                api.postJson(STREAM, body.formatted("")).body(),
                api.postJson(STREAM, body.formatted(",\"summary\":true")).body())) {
            assertThat(answer)
                    .contains("\"warnings\":[\"may be wrong\"]")
                    .contains("error bound relative 0.01\",\"may not be meant\"]");
        }
    }

    @Test
    void aRequestMayBypassAndIsThenNotAsked() throws Exception {
        answers.add(QUERY, hit(new double[] {5}, new double[] {6}));
        TestingApi api = start();
        assertComputed(api.send(api.request(instant(QUERY, "20")).header("X-Precompute", "off")));
        assertComputed(api.get(instant(QUERY, "20") + "&precompute=off"));
        assertComputed(api.postForm("/api/v1/query", "query=" + encode(QUERY) + "&time=20&precompute=off"));
        assertComputed(api.get(range(QUERY, "0", "20", "10") + "&precompute=off"));
        assertThat(answers.asked()).isEmpty();
        assertThat(api.workManager().units()).isNotEmpty();
    }

    @Test
    void anyOtherWordIsRefused() throws Exception {
        TestingApi api = start();
        for (String value : List.of("on", "OFF", "true", "0", "x".repeat(1_000))) {
            HttpResponse<String> parameter = api.get(instant(QUERY, "20") + "&precompute=" + value);
            assertThat(parameter.statusCode()).isEqualTo(400);
            assertThat(parameter.body())
                    .contains("\"errorType\":\"bad_data\"")
                    .contains("invalid parameter \\\"precompute\\\": must be off")
                    .hasSizeLessThan(300);
            HttpResponse<String> named =
                    api.send(api.request(range(QUERY, "0", "20", "10")).header("X-Precompute", value));
            assertThat(named.statusCode()).isEqualTo(400);
            assertThat(named.body()).contains("header X-Precompute must be off").hasSizeLessThan(300);
            assertThat(api.get("/api/v1/explain?query=up&precompute=" + value).statusCode())
                    .isEqualTo(400);
        }
        assertThat(answers.asked()).isEmpty();
    }

    @Test
    void explainSaysWhatWouldHappenAndDoesNotCount() throws Exception {
        answers.add(QUERY, hit(new double[] {5}, new double[] {6}));
        TestingApi api = start();
        String explain = "/api/v1/explain?query=" + encode(QUERY) + "&time=20";
        assertThat(api.body(explain))
                .contains("\"precompute\":{\"hit\":true,\"jobId\":\"job-1\",\"tick\":20,\"ageSeconds\":12.345,"
                        + "\"errorBound\":\"relative 0.01\",\"series\":2}");
        assertThat(api.body("/api/v1/explain?query=up&time=20"))
                .contains("\"precompute\":{\"hit\":false,\"reason\":\"no job computes this query\"}");
        assertThat(api.body(explain + "&precompute=off"))
                .contains("\"precompute\":{\"hit\":false,\"reason\":\"the request says precompute=off\"}");
        assertThat(answers.asked()).isEmpty();
    }

    @Test
    void aHitNeedsNeitherSlotNorWorkers() throws Exception {
        answers.add(QUERY, hit(new double[] {5}, new double[] {6}));
        TestingApi api = start(TestingApi.settings().withLimits(oneQuery()));
        CountDownLatch gate = new CountDownLatch(1);
        api.workManager().setGate(gate);
        CompletableFuture<HttpResponse<String>> slow = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                slow.complete(api.get(instant("up", "20")));
            } catch (IOException | InterruptedException e) {
                slow.completeExceptionally(e);
            }
        });
        await().atMost(Duration.ofSeconds(8))
                .until(() -> !api.workManager().units().isEmpty());
        int busy = api.workManager().units().size();
        assertThat(api.get(instant("up", "10")).statusCode())
                .as("the only slot is taken")
                .isEqualTo(429);
        assertMarked(api.get(instant(QUERY, "20")));
        assertThat(api.workManager().units()).hasSize(busy);
        gate.countDown();
        assertThat(slow.get().statusCode()).isEqualTo(200);
    }

    private static QueryLimits oneQuery() {
        QueryLimits limits = QueryLimits.DEFAULT;
        return new QueryLimits(
                limits.timeoutMillisMax(),
                limits.lookbackMillis(),
                limits.pointsPerSeriesMax(),
                limits.samplesMax(),
                limits.seriesMax(),
                limits.resultBytesMax(),
                limits.artifactBytesMax(),
                limits.segmentsMax(),
                limits.samplesPerUnitTarget(),
                limits.lengthMax(),
                1,
                1,
                0,
                0,
                limits.runsMax());
    }

    @Test
    void itsEventsSayThatNobodyWorkedForIt() throws Exception {
        answers.add(QUERY, hit(new double[] {5, 6}, new double[] {7, 8}));
        TestingApi api = start();
        api.get(range(QUERY, "10", "20", "10"));
        api.postJson(STREAM, "{\"s\":\"epoch+10s\",\"e\":\"epoch+20s\",\"step\":\"10s\",\"q\":\"" + QUERY + "\"}");
        api.get(range("up", "10", "20", "10"));
        await().atMost(Duration.ofSeconds(8)).until(() -> listener.ends().size() == 3);
        assertThat(listener.ends().stream().map(end -> end.progress().precomputed()))
                .containsExactly(true, true, false);
        assertThat(listener.ends().getFirst().progress().unitsTotal()).isZero();
        assertThat(listener.ends()).allSatisfy(end -> {
            assertThat(end.firstResultNanos()).isPositive();
            assertThat(end.phase()).isEqualTo(Phase.SENDING);
        });
    }

    @Test
    void whatIsWrongWithAQueryIsSaidBeforeAnyAnswerIsLookedFor() throws Exception {
        TestingApi api = start();
        assertThat(api.get(instant("sum(", "20")).statusCode()).isEqualTo(400);
        assertThat(api.get(instant("up", "20") + "&timeout=0").statusCode()).isEqualTo(503);
        assertThat(answers.asked()).isEmpty();
    }
}
