package io.weir.queryapi.http;

import static io.weir.queryapi.testkit.TestingApi.instant;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.weir.promql.labels.Labels;
import io.weir.queryapi.eval.QueryLimits;
import io.weir.queryapi.testkit.TestingApi;
import io.weir.queryapi.testkit.TestingLake;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What stops a query stops its work at once, whatever the query is busy with, and nothing of it is left. */
final class QueryCancellationTest {
    /** Much less than what it would take without the cancellation. */
    private static final Duration SOON = Duration.ofSeconds(8);

    @TempDir
    private Path folder;

    private final TestingLake lake = new TestingLake(3_600_000)
            .add(Labels.of("__name__", "up", "job", "a"), 0, 10_000, 1, 1, 1)
            .add(Labels.of("__name__", "up", "job", "b"), 0, 10_000, 1, 1, 1);

    private TestingApi start(ApiSettings settings) {
        return new TestingApi(lake, folder, settings);
    }

    private static ApiSettings oneSlot() {
        QueryLimits defaults = QueryLimits.DEFAULT;
        return TestingApi.settings()
                .withLimits(new QueryLimits(
                        defaults.timeoutMillisMax(),
                        defaults.lookbackMillis(),
                        defaults.pointsPerSeriesMax(),
                        defaults.samplesMax(),
                        defaults.seriesMax(),
                        defaults.resultBytesMax(),
                        defaults.artifactBytesMax(),
                        defaults.segmentsMax(),
                        defaults.samplesPerUnitTarget(),
                        defaults.lengthMax(),
                        1,
                        1,
                        10,
                        30_000));
    }

    private static HttpResponse<String> delete(TestingApi api, String id) throws Exception {
        return api.send(api.request("/api/v1/queries/" + id).DELETE());
    }

    private static CompletableFuture<HttpResponse<String>> query(TestingApi api, String id, String path) {
        CompletableFuture<HttpResponse<String>> future = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                future.complete(api.send(api.request(path).header("X-Query-Id", id)));
            } catch (IOException | InterruptedException e) {
                future.completeExceptionally(e);
            }
        });
        return future;
    }

    private static String id() {
        return UUID.randomUUID().toString();
    }

    private static Socket stream(TestingApi api, String id, String query, String more) throws IOException {
        String body =
                "{\"s\":\"epoch+0s\",\"e\":\"epoch+290s\",\"step\":\"100ms\",\"q\":\"" + query + "\"" + more + "}";
        Socket socket = new Socket("127.0.0.1", api.port());
        socket.getOutputStream()
                .write(("POST /api/v1/metrics/query HTTP/1.1\r\nHost: localhost\r\nX-Query-Id: " + id
                                + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n"
                                + body)
                        .getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    /** Some kilobytes in every frame. */
    private static String longLabel() {
        return "label_replace(up, 'x', '" + "y".repeat(8_000) + "', '', '')";
    }

    private static void awaitNothingLeft(TestingApi api) {
        await().atMost(SOON).until(() -> api.body("/api/v1/queries").contains("\"data\":[]"));
        await().atMost(SOON).until(() -> api.workManager().leftFiles().isEmpty());
        await().atMost(SOON).until(() -> api.body("/metrics").contains("weir_queries_running 0.0"));
    }

    @Test
    void aQueryThatWaitsForASlotCanBeCanceled() throws Exception {
        try (TestingApi api = start(oneSlot())) {
            CountDownLatch gate = new CountDownLatch(1);
            api.workManager().setGate(gate);
            CompletableFuture<HttpResponse<String>> first = query(api, id(), instant("up", "10"));
            await().until(() -> api.workManager().units().size() == 1);
            String id = id();
            CompletableFuture<HttpResponse<String>> waiting = query(api, id, instant("up", "10"));
            await().until(() -> api.body("/metrics").contains("weir_queries_waiting 1.0"));
            assertThat(delete(api, id).statusCode()).isEqualTo(200);
            assertThat(waiting.get().statusCode()).isEqualTo(499);
            assertThat(api.body("/metrics")).contains("weir_queries_waiting 0.0");
            gate.countDown();
            assertThat(first.get().statusCode()).isEqualTo(200);
            assertThat(query(api, id(), instant("up", "10")).get().statusCode()).isEqualTo(200);
        }
    }

    @Test
    void aClientThatGoesAwayWhileItWaitsForASlotLeavesTheQueue() throws Exception {
        try (TestingApi api = start(oneSlot())) {
            CountDownLatch gate = new CountDownLatch(1);
            api.workManager().setGate(gate);
            CompletableFuture<HttpResponse<String>> first = query(api, id(), instant("up", "10"));
            await().until(() -> api.workManager().units().size() == 1);
            try (Socket socket = stream(api, id(), "up", "")) {
                assertThat(socket.isConnected()).isTrue();
                await().until(() -> api.body("/metrics").contains("weir_queries_waiting 1.0"));
            }
            await().atMost(SOON).until(() -> api.body("/metrics").contains("weir_queries_waiting 0.0"));
            assertThat(api.body("/metrics")).contains("weir_query_cancel_seconds_count{cause=\"client_gone\"} 1");
            gate.countDown();
            assertThat(first.get().statusCode()).isEqualTo(200);
        }
    }

    @Test
    void aQueryTimesOutWhileItWaitsForASlot() throws Exception {
        try (TestingApi api = start(oneSlot())) {
            CountDownLatch gate = new CountDownLatch(1);
            api.workManager().setGate(gate);
            CompletableFuture<HttpResponse<String>> first = query(api, id(), instant("up", "10"));
            await().until(() -> api.workManager().units().size() == 1);
            HttpResponse<String> late =
                    query(api, id(), instant("up", "10") + "&timeout=300ms").get();
            assertThat(late.statusCode()).isEqualTo(503);
            assertThat(late.body()).contains("\"errorType\":\"timeout\"");
            gate.countDown();
            assertThat(first.get().statusCode()).isEqualTo(200);
        }
    }

    @Test
    void cancellingTwiceIsOnceAndAnEndedOrUnknownQueryIsNotFound() throws Exception {
        try (TestingApi api = start(TestingApi.settings())) {
            CountDownLatch gate = new CountDownLatch(1);
            api.workManager().setGate(gate);
            String id = id();
            CompletableFuture<HttpResponse<String>> running = query(api, id, instant("sum(up)", "10"));
            await().until(() -> api.workManager().units().size() == 1);
            CompletableFuture<Integer> other = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> {
                try {
                    other.complete(delete(api, id).statusCode());
                } catch (Exception e) {
                    other.completeExceptionally(e);
                }
            });
            assertThat(delete(api, id).statusCode()).isIn(200, 202, 404);
            assertThat(other.get()).isIn(200, 202, 404);
            assertThat(running.get().statusCode()).isEqualTo(499);
            assertThat(api.workManager().cancellations()).containsExactly("canceled by a request");
            assertThat(delete(api, id).statusCode()).isEqualTo(404);
            assertThat(delete(api, id()).statusCode()).isEqualTo(404);
            assertThat(delete(api, "no-uuid").statusCode()).isEqualTo(404);
            gate.countDown();
            awaitNothingLeft(api);
        }
    }

    @Test
    void aStreamNobodyReadsIsCanceledAtOnceAndCutOffAfterTheGrace() throws Exception {
        try (TestingApi api = start(TestingApi.settings().withCancelMillis(1_500, 100))) {
            String id = id();
            try (Socket socket = stream(api, id, longLabel(), "")) {
                assertThat(socket.isConnected()).isTrue();
                await().until(() -> api.body("/api/v1/queries").contains("\"phase\":\"evaluating\""));
                String before = stuckAt(api);
                HttpResponse<String> canceled = delete(api, id);
                assertThat(canceled.statusCode()).as(before + canceled.body()).isEqualTo(202);
                assertThat(canceled.body()).contains("\"ended\":false");
                // The work ends before the thread that is stuck in writing does.
                assertThat(api.workManager().cancellations()).containsExactly("canceled by a request");
                assertThat(api.body("/api/v1/queries")).contains(id);
                awaitNothingLeft(api);
            }
            assertThat(api.body("/metrics")).contains("weir_query_cancel_seconds_count{cause=\"request\"} 1");
        }
    }

    @Test
    void aStreamNobodyReadsTimesOutAndIsCutOff() throws Exception {
        try (TestingApi api = start(TestingApi.settings().withCancelMillis(300, 100))) {
            try (Socket socket = stream(api, id(), longLabel(), ",\"timeout\":\"2s\"")) {
                assertThat(socket.isConnected()).isTrue();
                await().until(() -> api.body("/api/v1/queries").contains("\"phase\":\"evaluating\""));
                awaitNothingLeft(api);
            }
            assertThat(api.body("/metrics")).contains("weir_query_cancel_seconds_count{cause=\"timeout\"} 1");
            assertThat(api.workManager().cancellations())
                    .hasSize(1)
                    .first()
                    .asString()
                    .contains("2000 ms");
        }
    }

    /** Waits until the query makes no progress; its list entry then. */
    private static String stuckAt(TestingApi api) throws Exception {
        String before = "";
        for (int i = 0; i < 100; i++) {
            String now = api.body("/api/v1/queries").replaceAll("\"elapsedSeconds\":[0-9.]+", "");
            if (now.equals(before)) {
                return now;
            }
            before = now;
            Thread.sleep(400);
        }
        throw new AssertionError("the stream is read by nobody and goes on: " + before);
    }

    @Test
    void aLimitStopsTheWorkThatIsLeft() throws Exception {
        QueryLimits defaults = QueryLimits.DEFAULT;
        QueryLimits limits = new QueryLimits(
                defaults.timeoutMillisMax(),
                defaults.lookbackMillis(),
                defaults.pointsPerSeriesMax(),
                100,
                defaults.seriesMax(),
                defaults.resultBytesMax(),
                defaults.artifactBytesMax(),
                defaults.segmentsMax(),
                defaults.samplesPerUnitTarget(),
                defaults.lengthMax(),
                defaults.concurrentMax(),
                defaults.concurrentPerTenantMax(),
                defaults.queuedMax(),
                defaults.queueWaitMillisMax());
        try (TestingApi api = start(TestingApi.settings().withLimits(limits))) {
            api.workManager().setSamplesPerUnit(101);
            HttpResponse<String> response = api.get(instant("sum(up) + sum(rate(up[1m]))", "10"));
            assertThat(response.statusCode()).isEqualTo(422);
            assertThat(response.body()).contains("query-samples-max");
            assertThat(api.workManager().cancellations())
                    .hasSize(1)
                    .first()
                    .asString()
                    .contains("query-samples-max");
            awaitNothingLeft(api);
            assertThat(api.body("/metrics")).contains("weir_query_cancel_seconds_count{cause=\"limit\"} 1");
        }
    }

    @Test
    void theListOfQueriesShowsWhoAsksWhatHowFarItIsAndItsTimeLimit() throws Exception {
        try (TestingApi api = start(TestingApi.settings())) {
            CountDownLatch gate = new CountDownLatch(1);
            api.workManager().setGate(gate);
            String text = "label_replace(sum(up), 'x', '" + "y".repeat(3_000) + "', '', '')";
            CompletableFuture<HttpResponse<String>> first = query(api, id(), instant(text, "10") + "&timeout=17s");
            CompletableFuture<HttpResponse<String>> second = query(api, id(), instant("up", "10"));
            await().until(() -> api.workManager().units().size() == 2);
            await().until(() -> api.body("/api/v1/queries").split("\"working\"", -1).length == 3);
            String all = api.body("/api/v1/queries");
            assertThat(all)
                    .contains("\"tenant\":\"default\"")
                    .contains("\"timeoutSeconds\":17")
                    .contains("\"unitsDone\":0,\"unitsTotal\":1")
                    .contains("yyy…\"")
                    .doesNotContain("y'");
            assertThat(api.body("/api/v1/queries?limit=1").split("queryId", -1)).hasSize(2);
            assertThat(api.get("/api/v1/queries?limit=x").statusCode()).isEqualTo(400);
            gate.countDown();
            assertThat(first.get().statusCode()).isEqualTo(200);
            assertThat(second.get().statusCode()).isEqualTo(200);
        }
    }
}
