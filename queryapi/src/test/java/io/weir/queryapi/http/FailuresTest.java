package io.weir.queryapi.http;

import static io.weir.queryapi.testkit.TestingApi.instant;
import static io.weir.queryapi.testkit.TestingApi.range;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import io.weir.queryapi.eval.QueryLimits;
import io.weir.queryapi.testkit.TestingApi;
import io.weir.queryapi.testkit.TestingLake;
import io.weir.queryapi.workmanager.UnreadableObjectException;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FailuresTest {
    private static final QueryLimits DEFAULTS = QueryLimits.DEFAULT;

    @TempDir
    private Path folder;

    private final TestingLake lake = new TestingLake(3_600_000)
            .add(Labels.of("__name__", "up", "job", "a"), 0, 10_000, 1, 1, 1)
            .add(Labels.of("__name__", "up", "job", "b"), 0, 10_000, 1, 1, 1);

    private TestingApi start(QueryLimits limits) {
        return new TestingApi(lake, folder, TestingApi.settings().withLimits(limits));
    }

    private static QueryLimits limits(
            long timeoutMillis, long samplesMax, int seriesMax, long resultBytesMax, int lengthMax) {
        return new QueryLimits(
                timeoutMillis,
                DEFAULTS.lookbackMillis(),
                DEFAULTS.pointsPerSeriesMax(),
                samplesMax,
                seriesMax,
                resultBytesMax,
                DEFAULTS.artifactBytesMax(),
                DEFAULTS.segmentsMax(),
                DEFAULTS.samplesPerUnitTarget(),
                lengthMax,
                DEFAULTS.concurrentMax(),
                DEFAULTS.concurrentPerTenantMax(),
                DEFAULTS.queuedMax(),
                DEFAULTS.queueWaitMillisMax());
    }

    private static QueryLimits concurrency(int all, int perTenant, int queued, long waitMillis) {
        return new QueryLimits(
                DEFAULTS.timeoutMillisMax(),
                DEFAULTS.lookbackMillis(),
                DEFAULTS.pointsPerSeriesMax(),
                DEFAULTS.samplesMax(),
                DEFAULTS.seriesMax(),
                DEFAULTS.resultBytesMax(),
                DEFAULTS.artifactBytesMax(),
                DEFAULTS.segmentsMax(),
                DEFAULTS.samplesPerUnitTarget(),
                DEFAULTS.lengthMax(),
                all,
                perTenant,
                queued,
                waitMillis);
    }

    private static void assertError(HttpResponse<String> response, int status, String type, String text) {
        assertThat(response.body()).contains("\"status\":\"error\"").contains("\"errorType\":\"" + type + "\"");
        assertThat(response.body()).contains(text);
        assertThat(response.statusCode()).isEqualTo(status);
    }

    @Test
    void noWorkersIs503AndSaysSo() throws Exception {
        try (TestingApi api = start(DEFAULTS)) {
            api.workManager().setWorkers(false);
            HttpResponse<String> response = api.get(instant("up", "10"));
            assertError(response, 503, "unavailable", "no workers");
            assertThat(response.headers().firstValue("Retry-After")).isPresent();
            assertError(api.get("/api/v1/labels"), 503, "unavailable", "no workers");
            assertThat(api.get("/readyz").statusCode()).isEqualTo(503);
            assertThat(api.body(instant("1+1", "10"))).contains("success");
        }
    }

    @Test
    void catalogThatIsDownIs503() throws Exception {
        try (TestingApi api = start(DEFAULTS)) {
            lake.setUnavailable(true);
            assertError(api.get(instant("up", "10")), 503, "unavailable", "the catalog is down");
            assertError(api.get(instant("up / rate(up[1m])", "10")), 503, "unavailable", "the catalog is down");
        }
    }

    @Test
    void limitsNameTheirSettings() throws Exception {
        try (TestingApi api = start(limits(120_000, 100, 1, 1 << 20, 50))) {
            assertError(api.get(instant("up", "10")), 422, "execution", "query-series-max");
            assertError(api.get("/api/v1/series?match%5B%5D=up"), 422, "execution", "query-series-max");
            assertThat(api.get("/api/v1/series?match%5B%5D=up&limit=1").statusCode())
                    .isEqualTo(200);
            assertError(api.get(instant("up".repeat(26), "10")), 400, "bad_data", "query-length-max");
            api.workManager().setSamplesPerUnit(101);
            assertError(api.get(instant("sum(up)", "10")), 422, "execution", "query-samples-max");
        }
        try (TestingApi api = start(limits(120_000, 1_000_000, 100, 1000, 1000))) {
            assertError(api.get(range("up", "0", "100", "1")), 422, "execution", "query-result-bytes-max");
            assertThat(api.workManager().leftFiles()).isEmpty();
        }
    }

    @Test
    void aRequestTooLongForTheServerGetsTheEnvelope() throws Exception {
        try (TestingApi api = start(DEFAULTS)) {
            assertThat(api.get(instant("1" + "+1".repeat(400), "10") + "&x=" + "y".repeat(100_000))
                            .statusCode())
                    .isEqualTo(200);
            HttpResponse<String> response = api.get(instant("1", "10") + "&x=" + "y".repeat(2 << 20));
            assertError(response, 414, "bad_data", "http-request-header-bytes-max");
        }
    }

    @Test
    void exemplarsOfABadQueryAreAnError() throws Exception {
        try (TestingApi api = start(DEFAULTS)) {
            assertThat(api.body("/api/v1/query_exemplars?query=up")).contains("[]");
            assertError(api.get("/api/v1/query_exemplars?query=%28"), 400, "bad_data", "parse error");
        }
    }

    @Test
    void slowWorkTimesOut() throws Exception {
        try (TestingApi api = start(DEFAULTS)) {
            assertThat(api.get(instant("up", "10")).statusCode()).isEqualTo(200);
            int before = api.workManager().cancellations().size();
            CountDownLatch gate = new CountDownLatch(1);
            api.workManager().setGate(gate);
            assertError(api.get(instant("up", "10") + "&timeout=2s"), 503, "timeout", "2000 ms");
            gate.countDown();
            assertThat(api.workManager().cancellations()).hasSize(before + 1);
            assertError(api.get(instant("1", "10") + "&timeout=0"), 503, "timeout", "query timed out");
        }
    }

    @Test
    void replacedSegmentsMakeTheQueryRunAgainOnce() throws Exception {
        try (TestingApi api = start(DEFAULTS)) {
            AtomicInteger failures = new AtomicInteger();
            api.workManager().setFailure(unit -> {
                if (failures.getAndIncrement() == 0) {
                    lake.compact();
                    return new UnreadableObjectException(true, "segment-0-0: no such object");
                }
                return null;
            });
            assertThat(api.body(instant("sum(up)", "10"))).contains("\"value\":[10,\"2\"]");
            assertThat(api.workManager().units()).hasSize(2);
            assertThat(api.workManager().units().get(1).spec().getSegments(0).getId())
                    .isEqualTo("segment-1-0");
            assertThat(api.workManager().units().get(0).workId())
                    .isNotEqualTo(api.workManager().units().get(1).workId());
            failures.set(0);
            assertThat(api.body("/api/v1/label/job/values")).contains("[\"a\",\"b\"]");
            assertThat(api.body("/metrics")).contains("weir_query_reruns_total 2.0");
        }
    }

    @Test
    void brokenSegmentFailsTheQueryWithItsName() throws Exception {
        try (TestingApi api = start(DEFAULTS)) {
            api.workManager()
                    .setFailure(unit -> new UnreadableObjectException(false, "segment-0-0: checksum mismatch"));
            assertError(api.get(instant("up", "10")), 500, "internal", "segment-0-0: checksum mismatch");
            assertThat(api.workManager().units())
                    .as("the catalog is read again once, it names the same segment")
                    .hasSize(2);
            api.workManager().setFailure(unit -> {
                lake.compact();
                return new QueryException.Internal("always broken");
            });
            assertError(api.get(instant("up", "10")), 500, "internal", "always broken");
            assertThat(api.workManager().units())
                    .as("query-runs-max runs, however often compaction is faster")
                    .hasSize(2 + DEFAULTS.runsMax());
        }
    }

    @Test
    void queriesBeyondTheLimitWaitOrAreRefused() throws Exception {
        try (TestingApi api = start(concurrency(2, 1, 1, 2_000))) {
            CountDownLatch gate = new CountDownLatch(1);
            api.workManager().setGate(gate);
            CompletableFuture<HttpResponse<String>> first = async(() -> api.get(instant("up", "10")));
            await().until(() -> api.workManager().units().size() == 1);
            CompletableFuture<HttpResponse<String>> waiting = async(() -> api.get(instant("up", "10")));
            await().until(() -> api.body("/metrics").contains("weir_queries_waiting 1.0"));
            HttpResponse<String> refused = api.get(instant("up", "10"));
            assertError(refused, 429, "unavailable", "query-queued-max");
            assertThat(refused.headers().firstValue("Retry-After")).contains("1");
            assertError(waiting.join(), 429, "unavailable", "query-queue-wait-millis-max");
            CompletableFuture<HttpResponse<String>> admitted = async(() -> api.get(instant("up", "10")));
            await().until(() -> api.body("/metrics").contains("weir_queries_waiting 1.0"));
            gate.countDown();
            assertThat(first.join().statusCode()).isEqualTo(200);
            assertThat(admitted.join().statusCode()).isEqualTo(200);
        }
    }

    @Test
    void theProcessLimitIs503() throws Exception {
        try (TestingApi api = start(concurrency(1, 5, 0, 100))) {
            CountDownLatch gate = new CountDownLatch(1);
            api.workManager().setGate(gate);
            CompletableFuture<HttpResponse<String>> first = async(() -> api.get(instant("up", "10")));
            await().until(() -> api.workManager().units().size() == 1);
            assertError(api.get(instant("up", "10")), 503, "unavailable", "query-concurrent-max");
            gate.countDown();
            assertThat(first.join().statusCode()).isEqualTo(200);
        }
    }

    @Test
    void runningQueriesAreListedAndCanceled() throws Exception {
        try (TestingApi api = start(DEFAULTS)) {
            CountDownLatch gate = new CountDownLatch(1);
            api.workManager().setGate(gate);
            String id = UUID.randomUUID().toString();
            CompletableFuture<HttpResponse<String>> running =
                    async(() -> api.send(api.request(instant("sum(up)", "10")).header("X-Query-Id", id)));
            await().until(() -> api.workManager().units().size() == 1);
            await().until(() -> api.body("/api/v1/queries").contains("\"phase\":\"working\""));
            assertThat(api.body("/api/v1/queries"))
                    .contains("{\"queryId\":\"" + id + "\",\"query\":\"sum(up)\",\"kind\":\"instant\"")
                    .contains("\"unitsDone\":0,\"unitsTotal\":1");
            assertThat(api.send(api.request("/api/v1/queries").header("X-Scope-OrgID", "other"))
                            .body())
                    .contains("\"data\":[]");
            HttpResponse<String> twice =
                    api.send(api.request(instant("up", "10")).header("X-Query-Id", id));
            assertError(twice, 400, "bad_data", "is running already");
            assertThat(api.send(api.request("/api/v1/queries/" + id)
                                    .header("X-Scope-OrgID", "other")
                                    .DELETE())
                            .statusCode())
                    .isEqualTo(404);
            assertThat(api.send(api.request("/api/v1/queries/" + id).DELETE()).statusCode())
                    .isEqualTo(200);
            assertError(running.join(), 499, "canceled", "canceled by a request");
            assertThat(api.workManager().cancellations()).containsExactly("canceled by a request");
            assertThat(api.body("/api/v1/queries")).contains("\"data\":[]");
            gate.countDown();
        }
    }

    @Test
    void clientThatGoesAwayCancelsItsWork() throws Exception {
        try (TestingApi api = start(DEFAULTS)) {
            CountDownLatch gate = new CountDownLatch(1);
            api.workManager().setGate(gate);
            try (Socket socket = connect(api, "GET " + instant("up", "10"))) {
                await().until(() -> api.workManager().units().size() == 1);
                assertThat(socket.isConnected()).isTrue();
            }
            await().until(() -> api.workManager().cancellations().size() == 1);
            assertThat(api.workManager().cancellations()).containsExactly("the client closed the connection");
            gate.countDown();
            await().until(() -> api.body("/api/v1/queries").contains("\"data\":[]"));
        }
    }

    @Test
    void pipelinedRequestsAreStillAnswered() throws Exception {
        try (TestingApi api = start(DEFAULTS)) {
            CountDownLatch gate = new CountDownLatch(1);
            api.workManager().setGate(gate);
            try (Socket socket = connect(api, "GET " + instant("up", "10"))) {
                await().until(() -> api.workManager().units().size() == 1);
                send(socket, "GET /api/v1/ping");
                Thread.sleep(400);
                gate.countDown();
                socket.setSoTimeout(10_000);
                StringBuilder text = new StringBuilder();
                byte[] buffer = new byte[4096];
                while (!text.toString().contains("{\"status\":\"ok\"}")) {
                    int read = socket.getInputStream().read(buffer);
                    assertThat(read).as(text.toString()).isPositive();
                    text.append(new String(buffer, 0, read, StandardCharsets.UTF_8));
                }
                assertThat(text.toString()).contains("\"resultType\":\"vector\"");
            }
        }
    }

    private static Socket connect(TestingApi api, String request) throws IOException {
        Socket socket = new Socket("127.0.0.1", api.port());
        send(socket, request);
        return socket;
    }

    private static void send(Socket socket, String request) throws IOException {
        socket.getOutputStream()
                .write((request + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().flush();
    }

    private interface Call {
        HttpResponse<String> call() throws Exception;
    }

    private static CompletableFuture<HttpResponse<String>> async(Call call) {
        CompletableFuture<HttpResponse<String>> future = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                future.complete(call.call());
            } catch (Exception e) {
                future.completeExceptionally(e);
            }
        });
        return future;
    }
}
