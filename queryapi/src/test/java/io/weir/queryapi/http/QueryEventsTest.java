package io.weir.queryapi.http;

import static io.weir.queryapi.testkit.TestingApi.encode;
import static io.weir.queryapi.testkit.TestingApi.instant;
import static io.weir.queryapi.testkit.TestingApi.range;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import io.weir.proto.trace.Tracing;
import io.weir.queryapi.eval.QueryLimits;
import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.QueryEvent;
import io.weir.queryapi.spi.QueryEvent.Cause;
import io.weir.queryapi.spi.QueryEvent.Ended;
import io.weir.queryapi.spi.QueryEvent.Phase;
import io.weir.queryapi.spi.QueryOrigin;
import io.weir.queryapi.spi.WorkerCount;
import io.weir.queryapi.testkit.TestingApi;
import io.weir.queryapi.testkit.TestingLake;
import io.weir.queryapi.testkit.TestingQueryListener;
import io.weir.queryapi.workmanager.NoWorkersException;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who listens to queries hears of each from its start to its one end, whatever becomes of it. */
final class QueryEventsTest {
    private static final String ID = "0b0e5b1c-93c1-4d35-8f57-1a2b3c4d5e6f";
    private static final String STREAM = "/api/v1/metrics/query";

    @TempDir
    private Path folder;

    private final TestingQueryListener listener = new TestingQueryListener();
    private final TestingLake lake = new TestingLake(3_600_000)
            .add(Labels.of("__name__", "up", "job", "a"), 0, 10_000, 1, 1, 1)
            .add(Labels.of("__name__", "up", "job", "b"), 0, 10_000, 1, 1, 1);
    private @Nullable TestingApi api;

    @AfterEach
    void stop() {
        if (api != null) {
            api.close();
        }
    }

    private TestingApi start(ApiSettings settings) {
        TestingApi started = new TestingApi(lake, folder, settings, Tracing.OFF, listener);
        api = started;
        return started;
    }

    private TestingApi start() {
        return start(TestingApi.settings());
    }

    private static HttpRequest.Builder asked(TestingApi api, String path) {
        return api.request(path).header("X-Query-Id", ID);
    }

    private static CompletableFuture<HttpResponse<String>> later(TestingApi api, HttpRequest.Builder request) {
        CompletableFuture<HttpResponse<String>> future = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                future.complete(api.send(request));
            } catch (IOException | InterruptedException e) {
                future.completeExceptionally(e);
            }
        });
        return future;
    }

    /** The only end of the query, which is its last event. */
    private Ended end(String queryId) {
        await().atMost(Duration.ofSeconds(8))
                .until(() -> listener.ends().stream()
                        .anyMatch(end -> end.query().queryId().equals(queryId)));
        List<QueryEvent> events = listener.of(queryId);
        assertThat(events.stream().filter(Ended.class::isInstance)).hasSize(1);
        assertThat(events.stream().map(QueryEvent::sequence)).isSorted().doesNotHaveDuplicates();
        assertThat(events.stream().map(QueryEvent::elapsedNanos)).isSorted();
        return (Ended) events.getLast();
    }

    private static List<String> names(List<QueryEvent> events) {
        List<String> names = new ArrayList<>();
        for (QueryEvent event : events) {
            String name = switch (event) {
                case QueryEvent.Queued _ -> "queued";
                case QueryEvent.Waiting waiting -> "waiting " + waiting.position();
                case QueryEvent.Advanced advanced -> advanced.phase().toString();
                case QueryEvent.FirstResult _ -> "first result";
                case Ended ended -> ended.cause().toString();
            };
            names.add(name);
        }
        return names;
    }

    @Test
    void aQueryIsToldFromItsStartToItsEnd() throws Exception {
        TestingApi api = start();
        api.send(asked(api, range("up", "0", "20", "10")));
        Ended end = end(ID);
        assertThat(names(listener.of(ID)))
                .containsExactly("queued", "PLANNING", "WORKING", "EVALUATING", "SENDING", "first result", "DONE");
        assertThat(end.outcome()).isEqualTo("success");
        assertThat(end.reason()).isNull();
        assertThat(end.firstResultNanos()).isPositive().isLessThanOrEqualTo(end.elapsedNanos());
        assertThat(end.progress().unitsDone())
                .isPositive()
                .isEqualTo(end.progress().unitsTotal());
        AskedQuery query = end.query();
        assertThat(query.text()).isEqualTo("up");
        assertThat(query.kind()).isEqualTo("range");
        assertThat(query.tenant()).isEqualTo("default");
        assertThat(query.range()).isEqualTo(new AskedQuery.Range(0, 20_000, 10_000));
        assertThat(query.startMillis()).isEqualTo(TestingApi.NOW_MILLIS);
    }

    @Test
    void everyKindOfQuestionIsTold() throws Exception {
        TestingApi api = start();
        api.get(instant("up", "10"));
        api.get("/api/v1/labels");
        api.get("/api/v1/label/job/values?start=0&end=20");
        api.get("/api/v1/series?match[]=up&start=0&end=20");
        api.postJson("/api/v1/metrics/metadata", "{\"s\":\"epoch+0s\",\"e\":\"epoch+20s\"}");
        api.postJson("/api/v1/metrics/tags", "{\"s\":\"epoch+0s\",\"e\":\"epoch+20s\",\"metric\":\"up\"}");
        api.postJson("/api/v1/metrics/tagvalues?tagName=job", "{\"s\":\"epoch+0s\",\"e\":\"epoch+20s\"}");
        await().until(() -> listener.ends().size() == 7);
        assertThat(listener.ends().stream().map(end -> end.query().kind()))
                .containsExactly("instant", "labels", "labels", "series", "labels", "labels", "labels");
        assertThat(listener.ends()).allSatisfy(end -> {
            assertThat(end.cause()).isEqualTo(Cause.DONE);
            assertThat(end.firstResultNanos()).isPositive();
        });
        assertThat(listener.ends().get(1).query().range()).isNull();
        assertThat(listener.ends().get(2).query().range()).isEqualTo(new AskedQuery.Range(0, 20_000, 0));
    }

    @Test
    void aStreamTellsItsFirstFrameWhileItGoesOn() throws Exception {
        TestingApi api = start();
        try (Socket socket = new Socket("127.0.0.1", api.port())) {
            String body = "{\"s\":\"epoch+0s\",\"e\":\"epoch+290s\",\"step\":\"100ms\",\"q\":\"label_replace(up, 'x', '"
                    + "y".repeat(8_000) + "', '', '')\"}";
            socket.getOutputStream()
                    .write(("POST " + STREAM + " HTTP/1.1\r\nHost: localhost\r\nX-Query-Id: " + ID
                                    + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                            .getBytes(StandardCharsets.US_ASCII));
            // More than the connection holds, so that it cannot have ended.
            await().until(() -> names(listener.of(ID)).contains("first result"));
            assertThat(listener.ends()).isEmpty();
        }
        assertThat(end(ID).cause()).isEqualTo(Cause.CLIENT_GONE);
        assertThat(end(ID).outcome()).isEqualTo("canceled");
    }

    @Test
    void aStreamWithoutResultsAnswersWithItsEnd() throws Exception {
        TestingApi api = start();
        api.send(asked(api, STREAM)
                .POST(HttpRequest.BodyPublishers.ofString("{\"s\":\"epoch+0s\",\"e\":\"epoch+20s\",\"q\":\"none\"}")));
        assertThat(end(ID).firstResultNanos()).isPositive();
    }

    @Test
    void whatIsRefusedBeforeThereIsAQuestionHasAnEnd() throws Exception {
        TestingApi api = start();
        api.send(asked(api, "/api/v1/query?query=" + encode("sum(")));
        Ended end = end(ID);
        assertThat(listener.of(ID)).hasSize(1);
        assertThat(end.cause()).isEqualTo(Cause.BAD_DATA);
        assertThat(end.outcome()).isEqualTo("bad_data");
        assertThat(end.phase()).isEqualTo(Phase.PLANNING);
        assertThat(end.reason()).contains("parse error");
        assertThat(end.query().text()).isEqualTo("sum(");
        assertThat(end.firstResultNanos()).isEqualTo(-1);

        api.get("/api/v1/query_range?query=up&start=9&end=1&step=1");
        api.get("/api/v1/series");
        api.get("/api/v1/labels?match[]=" + encode("{a=\"\"}"));
        api.postJson(STREAM, "{\"q\":\"sum(\"}");
        api.postJson(STREAM, "no JSON");
        api.postJson("/api/v1/metrics/tags", "{}");
        api.postJson("/api/v1/metrics/tagvalues", "{}");
        assertThat(listener.ends()).hasSize(8).allSatisfy(refused -> {
            assertThat(refused.cause()).isEqualTo(Cause.BAD_DATA);
            assertThat(refused.sequence()).isEqualTo(1);
        });
        assertThat(listener.ends().get(4).query().text()).isEqualTo("sum(");
        assertThat(listener.ends().get(5).query().text()).isEmpty();
    }

    @Test
    void aRequestWithoutAValidTenantIsNobodysQuery() throws Exception {
        TestingApi api = start();
        assertThat(api.send(api.request(instant("up", "10")).header("X-Scope-OrgID", "a/b"))
                        .statusCode())
                .isEqualTo(400);
        assertThat(listener.events()).isEmpty();
        // An id that is none is replaced.
        HttpResponse<String> answer = api.send(api.request(instant("up", "10")).header("X-Query-Id", "seven"));
        assertThat(answer.statusCode()).isEqualTo(400);
        String id = answer.headers().firstValue("X-Query-Id").orElseThrow();
        assertThat(end(id).cause()).isEqualTo(Cause.BAD_DATA);
    }

    @Test
    void aRunningQueryKeepsItsId() throws Exception {
        TestingApi api = start();
        CountDownLatch gate = new CountDownLatch(1);
        api.workManager().setGate(gate);
        CompletableFuture<HttpResponse<String>> first = later(api, asked(api, instant("up", "10")));
        await().until(() -> api.workManager().units().size() == 1);
        assertThat(api.send(asked(api, instant("up", "10"))).statusCode()).isEqualTo(400);
        assertThat(api.send(asked(api, instant("sum(", "10"))).statusCode()).isEqualTo(400);
        assertThat(listener.ends()).hasSize(2).allSatisfy(end -> {
            assertThat(end.cause()).isEqualTo(Cause.BAD_DATA);
            assertThat(end.query().queryId()).isNotEqualTo(ID);
        });
        gate.countDown();
        assertThat(first.get().statusCode()).isEqualTo(200);
        assertThat(end(ID).cause()).isEqualTo(Cause.DONE);
    }

    @Test
    void failuresAreToldByTheirCause() throws Exception {
        TestingApi api = start();
        Map<QueryException, Cause> causes = Map.of(
                new QueryException.LimitExceeded("too many samples"), Cause.LIMIT,
                new QueryException.Execution("twice the same labels"), Cause.EXECUTION,
                new QueryException.Unsupported("not yet"), Cause.UNSUPPORTED,
                new NoWorkersException(false, "none"), Cause.NO_WORKERS,
                new NoWorkersException(true, "gone"), Cause.WORKERS_LOST,
                new QueryException.Unavailable("not now"), Cause.UNAVAILABLE,
                new QueryException.Internal("defect"), Cause.INTERNAL,
                new QueryException.Timeout("late"), Cause.TIMEOUT);
        for (Map.Entry<QueryException, Cause> entry : causes.entrySet()) {
            api.workManager().setFailure(unit -> entry.getKey());
            String id = UUID.randomUUID().toString();
            api.send(api.request(instant("up", "10")).header("X-Query-Id", id));
            Ended end = end(id);
            assertThat(end.cause()).isEqualTo(entry.getValue());
            assertThat(end.reason()).isEqualTo(entry.getKey().getMessage());
            assertThat(end.phase()).isEqualTo(Phase.WORKING);
        }
        lake.setUnavailable(true);
        api.send(asked(api, instant("up", "10")));
        assertThat(end(ID).cause()).isEqualTo(Cause.CATALOG_UNAVAILABLE);
        assertThat(end(ID).phase()).isEqualTo(Phase.PLANNING);
    }

    @Test
    void aQueryThatRunsOutOfTimeEnds() throws Exception {
        TestingApi api = start();
        api.workManager().setGate(new CountDownLatch(1));
        api.send(asked(api, instant("up", "10") + "&timeout=200ms"));
        assertThat(end(ID).cause()).isEqualTo(Cause.TIMEOUT);
        assertThat(end(ID).outcome()).isEqualTo("timeout");
    }

    @Test
    void waitingAndRefusedForWantOfASlot() throws Exception {
        QueryLimits limits = QueryLimits.DEFAULT;
        TestingApi api = start(TestingApi.settings()
                .withLimits(new QueryLimits(
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
                        1,
                        30_000)));
        CountDownLatch gate = new CountDownLatch(1);
        api.workManager().setGate(gate);
        CompletableFuture<HttpResponse<String>> first = later(api, api.request(instant("up", "10")));
        await().until(() -> api.workManager().units().size() == 1);
        CompletableFuture<HttpResponse<String>> second = later(api, asked(api, instant("up", "10")));
        await().until(() -> names(listener.of(ID)).contains("waiting 1"));
        String refused = UUID.randomUUID().toString();
        api.send(api.request(instant("up", "10")).header("X-Query-Id", refused));
        assertThat(end(refused).cause()).isEqualTo(Cause.TOO_MANY_QUERIES);
        assertThat(end(refused).phase()).isEqualTo(Phase.QUEUED);
        api.send(api.request("/api/v1/queries/" + ID).DELETE());
        assertThat(end(ID).cause()).isEqualTo(Cause.CANCELED);
        gate.countDown();
        assertThat(first.get().statusCode()).isEqualTo(200);
        assertThat(second.get().statusCode()).isEqualTo(499);
    }

    @Test
    void aListenerThatFailsHurtsNoQuery() throws Exception {
        TestingApi api = start();
        listener.setFailing(true);
        assertThat(api.send(asked(api, instant("up", "10"))).statusCode()).isEqualTo(200);
        assertThat(api.get("/api/v1/query?query=sum(").statusCode()).isEqualTo(400);
        assertThat(end(ID).cause()).isEqualTo(Cause.DONE);
        await().until(() -> api.body("/api/v1/queries").contains("\"data\":[]"));
        assertThat(api.body("/metrics"))
                .contains("weir_query_listener_failures_total "
                        + (double) listener.events().size());
    }

    @Test
    void theListenerCanAskForTheWorkers() {
        start();
        assertThat(Objects.requireNonNull(listener.workers()).get())
                .isEqualTo(new WorkerCount(
                        Objects.requireNonNull(api).workManager().load().workers(),
                        Objects.requireNonNull(api).workManager().load().accepting()));
    }

    private QueryOrigin origin(TestingApi api, String... headers) throws Exception {
        int before = listener.ends().size();
        assertThat(api.send(api.request(instant("up", "10")).headers(headers)).statusCode())
                .isEqualTo(200);
        await().until(() -> listener.ends().size() > before);
        return listener.ends().getLast().query().origin();
    }

    @Test
    void theSurfaceIsWhatTheClientSaysOrLooksLike() throws Exception {
        TestingApi api = start();
        assertThat(origin(api, "X-Client-Surface", "CI", "User-Agent", "Mozilla/5.0")
                        .surface())
                .isEqualTo("ci");
        assertThat(origin(api, "User-Agent", "Grafana/11.2.0").surface()).isEqualTo("ui");
        assertThat(origin(api, "User-Agent", "Mozilla/5.0 (X11)").surface()).isEqualTo("ui");
        assertThat(origin(api, "User-Agent", "Go-http-client/1.1", "X-Grafana-Org-Id", "1")
                        .surface())
                .isEqualTo("ui");
        assertThat(origin(api, "User-Agent", "curl/8.5.0").surface()).isEqualTo("cli");
        assertThat(origin(api, "User-Agent", "weir").surface()).isEqualTo("cli");
        assertThat(origin(api, "User-Agent", "curl/8.5.0", "X-CI", "true").surface())
                .isEqualTo("ci");
        assertThat(origin(api, "User-Agent", "curl/8.5.0", "X-CI", "false").surface())
                .isEqualTo("cli");
    }

    @Test
    void theOriginIsReadFromTheHeaders() throws Exception {
        TestingApi api = start();
        QueryOrigin origin = origin(
                api,
                "User-Agent",
                "Grafana/11.2.0",
                "X-Grafana-User",
                "ada",
                "X-Dashboard-Uid",
                "d-1",
                "X-Run-Id",
                "0B0E5B1C-93C1-4D35-8F57-1A2B3C4D5E60",
                "X-Correlation-ID",
                "abc.1:2_3-4",
                "traceparent",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        assertThat(origin)
                .isEqualTo(new QueryOrigin(
                        "ui",
                        "Grafana/11.2.0",
                        "ada",
                        "0b0e5b1c-93c1-4d35-8f57-1a2b3c4d5e60",
                        "d-1",
                        "abc.1:2_3-4",
                        "4bf92f3577b34da6a3ce929d0e0e4736",
                        "00f067aa0ba902b7"));
        // What cannot be used, and is only for following, is left out.
        assertThat(origin(
                        api,
                        "User-Agent",
                        "x".repeat(500),
                        "X-Correlation-ID",
                        "a b",
                        "traceparent",
                        "00-00000000000000000000000000000000-00f067aa0ba902b7-01"))
                .isEqualTo(new QueryOrigin("cli", "x".repeat(128), null, null, null, null, null, null));
    }

    @Test
    void aWrongSurfaceOrRunIsRefused() throws Exception {
        TestingApi api = start();
        HttpResponse<String> surface = api.send(asked(api, instant("up", "10")).header("X-Client-Surface", "api"));
        assertThat(surface.statusCode()).isEqualTo(400);
        assertThat(surface.body()).contains("bad_data", "X-Client-Surface must be ui, cli or ci");
        assertThat(end(ID).cause()).isEqualTo(Cause.BAD_DATA);
        HttpResponse<String> run = api.send(api.request("/api/v1/labels").header("X-Run-Id", "dashboard \"7\""));
        assertThat(run.statusCode()).isEqualTo(400);
        assertThat(run.body()).contains("X-Run-Id must be a UUID");
    }
}
