package io.weir.queryapi.sse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.weir.lake.catalog.MetricMetadata;
import io.weir.promql.error.QueryException;
import io.weir.promql.labels.Labels;
import io.weir.queryapi.testkit.TestingApi;
import io.weir.queryapi.testkit.TestingLake;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SseApiTest {
    private static final String PATH = "/api/v1/metrics/query";

    @TempDir
    private Path folder;

    private final TestingLake lake = new TestingLake(3_600_000)
            .add(Labels.of("__name__", "up", "job", "a"), 0, 10_000, 1, 2, 3)
            .add(Labels.of("__name__", "up", "job", "b"), 0, 10_000, 0, Double.NaN, Double.NEGATIVE_INFINITY)
            .describe(new MetricMetadata("up", "gauge", "", ""));
    private TestingApi api;

    @BeforeEach
    void start() {
        api = new TestingApi(lake, folder, TestingApi.settings());
    }

    @AfterEach
    void stop() {
        api.close();
    }

    private HttpResponse<String> query(String fields) throws Exception {
        return api.postJson(PATH, "{\"s\":\"0\",\"e\":\"10000000000\"," + fields + "}");
    }

    private static String range(String fields) {
        return "{\"s\":\"epoch+0s\",\"e\":\"epoch+20s\",\"step\":\"10s\"," + fields + "}";
    }

    private static String point(String job, String value, long time, String query) {
        return "data: {\"type\":\"result\",\"data\":{\"tags\":{\"__name__\":\"up\",\"job\":\"" + job + "\"},\"value\":"
                + value + ",\"timestamp\":" + time + ",\"label\":\"" + query + "\"}}\n\n";
    }

    @Test
    void pointsStepByStepThenDone() throws Exception {
        HttpResponse<String> response = api.postJson(PATH, range("\"q\":\"up\""));
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("text/event-stream"));
        assertThat(response.headers().firstValue("X-Query-Id")).isPresent();
        assertThat(response.body())
                .isEqualTo(point("a", "1", 0, "up")
                        + point("b", "0", 0, "up")
                        + point("a", "2", 10_000, "up")
                        + point("b", "\"NaN\"", 10_000, "up")
                        + point("a", "3", 20_000, "up")
                        + point("b", "\"-Inf\"", 20_000, "up")
                        + "data: {\"type\":\"done\",\"data\":{\"status\":\"ok\"}}\n\n");
    }

    @Test
    void reverseLimitAndFields() throws Exception {
        assertThat(api.postJson(PATH, range("\"q\":\"up{job='a'}\",\"reverse\":true,\"fields\":[\"job\"]"))
                        .body())
                .startsWith(
                        "data: {\"type\":\"result\",\"data\":{\"tags\":{\"job\":\"a\"},\"value\":3,\"timestamp\":20000")
                .contains("\"timestamp\":0");
        assertThat(api.postJson(PATH, range("\"q\":\"up\",\"limit\":3")).body())
                .isEqualTo(point("a", "1", 0, "up")
                        + point("b", "0", 0, "up")
                        + point("a", "2", 10_000, "up")
                        + "data: {\"type\":\"done\",\"data\":{\"status\":\"ok\","
                        + "\"warnings\":[\"results truncated due to limit\"]}}\n\n");
    }

    @Test
    void summaries() throws Exception {
        assertThat(api.postJson(PATH, range("\"q\":\"up{job='a'}\",\"summary\":true"))
                        .body())
                .isEqualTo("data:"
                               + " {\"type\":\"summary\",\"data\":{\"label\":\"up{job='a'}\",\"tags\":{\"__name__\":\"up\",\"job\":\"a\"},\"min\":1,\"max\":3,\"avg\":2,\"sum\":6,\"count\":3,\"p50\":2,\"p90\":2.8000000000000003,\"p95\":2.9,\"p99\":2.98}}\n\n"
                               + "data: {\"type\":\"done\",\"data\":{\"status\":\"ok\"}}\n\n");
    }

    @Test
    void matrixFormatSendsLabelsOnce() throws Exception {
        assertThat(api.postJson(PATH, range("\"q\":\"up\",\"format\":\"matrix\""))
                        .body())
                .isEqualTo("data:"
                               + " {\"type\":\"series\",\"data\":{\"index\":0,\"tags\":{\"__name__\":\"up\",\"job\":\"a\"},\"label\":\"up\"}}\n\n"
                               + "data:"
                               + " {\"type\":\"series\",\"data\":{\"index\":1,\"tags\":{\"__name__\":\"up\",\"job\":\"b\"},\"label\":\"up\"}}\n\n"
                               + "data:"
                               + " {\"type\":\"step\",\"data\":{\"timestamp\":0,\"series\":[0,1],\"values\":[1,0]}}\n\n"
                               + "data:"
                               + " {\"type\":\"step\",\"data\":{\"timestamp\":10000,\"series\":[0,1],\"values\":[2,\"NaN\"]}}\n\n"
                               + "data:"
                               + " {\"type\":\"step\",\"data\":{\"timestamp\":20000,\"series\":[0,1],\"values\":[3,\"-Inf\"]}}\n\n"
                               + "data: {\"type\":\"done\",\"data\":{\"status\":\"ok\"}}\n\n");
    }

    @Test
    void failureIsAnErrorFrameThenDone() throws Exception {
        HttpResponse<String> response = api.postJson(PATH, range("\"q\":\"up + on() up\""));
        assertThat(response.statusCode()).isEqualTo(422);
        assertThat(response.body())
                .startsWith("data: {\"type\":\"error\",\"data\":{\"code\":\"EXECUTION_FAILED\",\"message\":\"")
                .contains("many-to-many")
                .endsWith("\n\ndata: {\"type\":\"done\",\"data\":{\"status\":\"error\"}}\n\n");
        api.workManager().setFailure(unit -> new QueryException.Unavailable("worker lost"));
        HttpResponse<String> lost = api.postJson(PATH, range("\"q\":\"up\""));
        assertThat(lost.statusCode()).isEqualTo(503);
        assertThat(lost.body())
                .contains("{\"code\":\"SERVICE_UNAVAILABLE\",\"message\":\"worker lost\"}")
                .endsWith("data: {\"type\":\"done\",\"data\":{\"status\":\"error\"}}\n\n");
    }

    @Test
    void failureAfterTheStreamIsOpenKeepsTheStatus() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        api.workManager().setGate(gate);
        HttpResponse<String> response =
                api.postJson(PATH, range("\"q\":\"up\",\"timeout\":\"700ms\",\"progress\":true"));
        gate.countDown();
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body())
                .contains("data:"
                        + " {\"type\":\"progress\",\"data\":{\"phase\":\"working\",\"unitsDone\":0,\"unitsTotal\":1,")
                .contains("\"code\":\"DEADLINE_EXCEEDED\"")
                .endsWith("data: {\"type\":\"done\",\"data\":{\"status\":\"error\"}}\n\n");
    }

    @Test
    void silentStreamsGetPings() throws Exception {
        api.close();
        api = new TestingApi(lake, folder, TestingApi.settings().withSsePingIntervalMillis(150));
        CountDownLatch gate = new CountDownLatch(1);
        api.workManager().setGate(gate);
        try (Socket socket = post(range("\"q\":\"up\""))) {
            socket.setSoTimeout(10_000);
            InputStream in = socket.getInputStream();
            StringBuilder text = new StringBuilder();
            byte[] buffer = new byte[4096];
            boolean opened = false;
            while (!text.toString().contains("\"type\":\"done\"")) {
                int read = in.read(buffer);
                assertThat(read).as(text.toString()).isPositive();
                text.append(new String(buffer, 0, read, StandardCharsets.UTF_8));
                if (!opened && text.toString().contains(": ping\n\n")) {
                    opened = true;
                    gate.countDown();
                }
            }
            assertThat(opened).isTrue();
        }
    }

    @Test
    void clientThatGoesAwayCancelsItsWork() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        api.workManager().setGate(gate);
        try (Socket socket = post(range("\"q\":\"up\""))) {
            await().until(() -> api.workManager().units().size() == 1);
            assertThat(socket.isConnected()).isTrue();
        }
        await().until(() -> api.workManager().cancellations().size() == 1);
        gate.countDown();
    }

    private Socket post(String body) throws Exception {
        Socket socket = new Socket("127.0.0.1", api.port());
        socket.getOutputStream()
                .write(("POST " + PATH + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                        .getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().flush();
        return socket;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{ | invalid JSON body",
                "[] | it must be an object",
                "{\"q\":\"\"} | missing query expression",
                "{\"q\":\"up\",\"s\":\"yesterday\"} | field \\\"s\\\"",
                "{\"q\":\"up\",\"s\":\"now\",\"e\":\"now-1h\"} | the end is before the start",
                "{\"q\":\"up\",\"e\":\"e-1h\"} | cannot be relative to the end",
                "{\"q\":\"up\",\"step\":0} | field \\\"step\\\" must be positive",
                "{\"q\":\"up\",\"step\":\"x\"} | is no duration",
                "{\"q\":\"up\",\"limit\":-1} | field \\\"limit\\\"",
                "{\"q\":\"up\",\"fields\":\"job\"} | field \\\"fields\\\"",
                "{\"q\":\"up\",\"reverse\":1} | field \\\"reverse\\\"",
                "{\"q\":\"up\",\"format\":\"xml\"} | field \\\"format\\\"",
                "{\"q\":\"up\",\"maxDataPoints\":0} | field \\\"maxDataPoints\\\"",
                "{\"q\":\"sum(\"} | parse error",
                "{\"q\":\"up[5m]\"} | range vector",
                "{\"q\":\"up\",\"s\":\"epoch\",\"e\":\"now\",\"step\":\"1ms\"} | query-points-per-series-max"
            })
    void badRequestsAreNamed(String body, String message) throws Exception {
        HttpResponse<String> response = api.postJson(PATH, body);
        assertThat(response.body()).contains(message).contains("\"status\":\"error\"");
        assertThat(response.statusCode()).isEqualTo(400);
    }

    @Test
    void timesAndStepsHaveDefaults() throws Exception {
        assertThat(query("\"q\":\"up\",\"step\":86400").statusCode()).isIn(200, 400);
        assertThat(SseRequest.parse("{\"q\":\"x\"}".getBytes(StandardCharsets.UTF_8), 7_205_000, "e-1h"))
                .satisfies(request -> {
                    assertThat(request.startMillis()).isEqualTo(3_600_000);
                    assertThat(request.endMillis()).isEqualTo(7_205_000);
                    assertThat(request.stepMillis()).isEqualTo(10_000);
                });
        assertThat(SseTimes.parse("s", "1729180800", 0, null)).isEqualTo(1_729_180_800_000L);
        assertThat(SseTimes.parse("s", "1729180800123", 0, null)).isEqualTo(1_729_180_800_123L);
        assertThat(SseTimes.parse("s", "now-1d", 86_400_001, null)).isEqualTo(1);
        assertThat(SseTimes.parse("s", "e-1h30m", 0, 5_400_001L)).isEqualTo(1);
        assertThat(SseTimes.parse("s", "1970-01-01T00:00:01Z", 0, null)).isEqualTo(1000);
        byte[] points = "{\"q\":\"x\",\"s\":\"now-6h\",\"maxDataPoints\":500}".getBytes(StandardCharsets.UTF_8);
        assertThat(SseRequest.parse(points, 86_400_000, "e-1h").stepMillis()).isEqualTo(60_000);
    }

    @Test
    void metadataTagsAndTagValues() throws Exception {
        String times = "\"s\":\"epoch\",\"e\":\"now\"";
        assertThat(api.postJson("/api/v1/metrics/metadata", "{" + times + "}").body())
                .isEqualTo("{\"metrics\":[{\"name\":\"up\",\"type\":\"gauge\"}]}");
        assertThat(api.postJson("/api/v1/metrics/tags", "{" + times + ",\"metric\":\"up\"}")
                        .body())
                .isEqualTo("{\"metric\":{\"name\":\"up\",\"type\":\"gauge\"},\"tags\":[\"job\"]}");
        assertThat(api.postJson("/api/v1/metrics/tags", "{" + times + ",\"q\":\"sum(rate(up[5m]))\"}")
                        .body())
                .isEqualTo("{\"tags\":[\"job\"]}");
        assertThat(api.postJson("/api/v1/metrics/tags", "{" + times + ",\"metric\":\"gone\"}")
                        .statusCode())
                .isEqualTo(404);
        assertThat(api.postJson("/api/v1/metrics/tagvalues?tagName=job", "{" + times + "}")
                        .body())
                .isEqualTo("data: {\"type\":\"result\",\"data\":{\"value\":\"a\"}}\n\n"
                        + "data: {\"type\":\"result\",\"data\":{\"value\":\"b\"}}\n\n"
                        + "data: {\"type\":\"done\",\"data\":{\"status\":\"ok\"}}\n\n");
        assertThat(api.postJson("/api/v1/metrics/tagvalues?tagName=a-b", "{}").statusCode())
                .isEqualTo(400);
    }

    @Test
    void validation() throws Exception {
        assertThat(api.postJson("/api/v1/promql/validate", "{\"query\":\"sum(up)\"}")
                        .body())
                .isEqualTo("{\"valid\":true}");
        assertThat(api.postJson("/api/v1/promql/validate", "{\"query\":\"sum(up\"}")
                        .body())
                .startsWith("{\"valid\":false,\"error\":\"")
                .contains("\"pos\":\"1:")
                .contains("\"line\":1,\"column\":");
        assertThat(api.postJson("/api/v1/promql/validate", "{").statusCode()).isEqualTo(400);
    }
}
