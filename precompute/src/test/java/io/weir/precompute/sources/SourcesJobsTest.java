package io.weir.precompute.sources;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpServer;
import io.javalin.Javalin;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.precompute.Precompute;
import io.weir.precompute.PrecomputeSettings;
import io.weir.precompute.TestingDatabase;
import io.weir.precompute.source.otlp.ReceiverSettings;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.parser.Feature;
import io.weir.proto.push.v1.DdSketch;
import io.weir.proto.push.v1.DdSketchPoint;
import io.weir.proto.push.v1.ExportRequest;
import io.weir.proto.push.v1.KeyValue;
import io.weir.proto.push.v1.Metric;
import io.weir.proto.push.v1.ResourceMetrics;
import io.weir.proto.push.v1.ScopeMetrics;
import io.weir.proto.push.v1.Temporality;
import io.weir.proto.push.v1.Value;
import io.weir.queryapi.spi.SketchQueries;
import io.weir.sketch.SampleSketches;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.codec.SketchCodec;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Jobs over sources outside of Weir, from the request for a job to the result under its store path, with everything real but the peers' data. */
class SourcesJobsTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final HttpClient client = HttpClient.newHttpClient();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private TestingDatabase database;
    private int grpcPort;
    private int httpPort;
    private Precompute precompute;
    private Javalin server;

    @BeforeEach
    void start() throws Exception {
        database = TestingDatabase.create();
        grpcPort = freePort();
        httpPort = freePort();
        PrecomputeSettings defaults = PrecomputeSettings.DEFAULT;
        precompute = Precompute.start(
                new PrecomputeSettings(
                        true,
                        defaults.jobs(),
                        defaults.registry(),
                        defaults.ticks(),
                        defaults.results(),
                        defaults.lake(),
                        defaults.sources(),
                        ReceiverSettings.DEFAULT.listening("127.0.0.1", grpcPort, httpPort),
                        defaults.router(),
                        defaults.shadow(),
                        defaults.suggestions()),
                database.settings(),
                Feature.NONE,
                registry);
        server = Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.jetty.host = "127.0.0.1";
            config.jetty.port = 0;
            precompute.routes().forEach(routes -> routes.contribute(config));
        });
        server.start();
        precompute.begin(
                (tenant, query, time, deadline) -> {
                    throw new AssertionError("the lake was asked");
                },
                new NoLake());
    }

    /** No job here reads the lake. */
    private static final class NoLake implements SketchQueries {
        @Override
        public List<SegmentSpan> segments(
                String tenant, List<LabelMatcher> matchers, long afterMillis, long untilMillis) {
            throw new AssertionError("the lake was asked");
        }

        @Override
        public Answer sketches(Question question, long deadlineNanos) {
            throw new AssertionError("the lake was asked");
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }

    @AfterEach
    void close() throws Exception {
        server.stop();
        precompute.close();
        database.close();
        client.close();
    }

    private HttpResponse<String> send(String method, String path, String body) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                        .timeout(Duration.ofSeconds(20))
                        .header("Content-Type", "application/json")
                        .method(method, HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private JsonNode create(String query, String source, String path) throws Exception {
        HttpResponse<String> created = send(
                "POST",
                "/api/v1/precompute/jobs",
                MAPPER.createObjectNode()
                        .put("query", query)
                        .put("granularity", "2s")
                        .put("source", source)
                        .put("sketch_type", "ddsketch")
                        .put("store_path", path)
                        .toString());
        assertThat(created.statusCode()).as(created.body()).isEqualTo(200);
        return MAPPER.readTree(created.body());
    }

    private JsonNode job(JsonNode created) throws Exception {
        return MAPPER.readTree(
                send("GET", "/api/v1/precompute/jobs/" + created.get("job_id").textValue(), "")
                        .body());
    }

    private JsonNode result(String path) throws Exception {
        HttpResponse<String> response = send("GET", "/api/v1/precompute/results/" + path, "");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return MAPPER.readTree(response.body()).get("data").get("result");
    }

    private int push(long fromMillis, long toMillis) throws Exception {
        var sketch = SampleSketches.quantiles(0.01);
        for (int i = 1; i <= 1_000; i++) {
            sketch.add(i);
        }
        DdSketchPoint point = DdSketchPoint.newBuilder()
                .setStartTimeUnixNano(fromMillis * 1_000_000)
                .setTimeUnixNano(toMillis * 1_000_000)
                .setEncoding(1)
                .setSketch(ByteString.copyFrom(SketchCodec.encodeEnvelope(SampledSketch.of(sketch))))
                .addAttributes(KeyValue.newBuilder()
                        .setKey("service")
                        .setValue(Value.newBuilder().setStringValue("web")))
                .build();
        ExportRequest request = ExportRequest.newBuilder()
                .addResourceMetrics(ResourceMetrics.newBuilder()
                        .addScopeMetrics(ScopeMetrics.newBuilder()
                                .addMetrics(Metric.newBuilder()
                                        .setName("latency")
                                        .setDdsketch(DdSketch.newBuilder()
                                                .setAggregationTemporality(Temporality.DELTA)
                                                .addDataPoints(point)))))
                .build();
        return client.send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + "/v1/metrics"))
                                .header("Content-Type", "application/x-protobuf")
                                .POST(HttpRequest.BodyPublishers.ofByteArray(request.toByteArray()))
                                .build(),
                        HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    @Test
    void pushedSketchesBecomeTheResultOfAJobThatNamesTheReceiver() throws Exception {
        // A sketch for each second from a minute ago until in half a minute, so that ticks of the test's time are
        // covered.
        long second = System.currentTimeMillis() / 1_000 * 1_000;
        for (long end = second - 60_000; end <= second + 30_000; end += 1_000) {
            assertThat(push(end - 1_000, end)).isEqualTo(200);
        }
        JsonNode created = create(
                "quantile_over_time(0.99, latency{service=\"web\"}[10s])",
                "127.0.0.1:" + grpcPort,
                "precomputed/latency/p99/10s");
        await().atMost(Duration.ofSeconds(40))
                .until(() -> job(created).toString().contains("\"status\":\"active\""));

        JsonNode vector = result("precomputed/latency/p99/10s");
        assertThat(vector).hasSize(1);
        assertThat(vector.get(0).get("metric"))
                .isEqualTo(MAPPER.createObjectNode().put("service", "web"));
        assertThat(Double.parseDouble(vector.get(0).get("value").get(1).textValue()))
                .isBetween(980.0, 1_000.0);
    }

    @Test
    void aSourceThatIsNotThereMakesTheJobFailAndIsCounted() throws Exception {
        JsonNode created = create("quantile_over_time(0.99, latency[10s])", "127.0.0.1:1", "nowhere");
        await().atMost(Duration.ofSeconds(60))
                .until(() -> job(created).toString().contains("\"status\":\"failing\""));
        assertThat(job(created).toString()).contains("127.0.0.1:1 cannot be reached");
        assertThat(registry.get("asapquery.precompute.sketch.pull.errors")
                        .counter()
                        .count())
                .isGreaterThanOrEqualTo(3);
    }

    @Test
    void anExpressionIsEvaluatedByThePrometheusItNames() throws Exception {
        HttpServer peer = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
        peer.createContext("/api/v1/query", exchange -> {
            try (exchange) {
                byte[] answer = ("{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":"
                                + "[{\"metric\":{\"zone\":\"x\"},\"value\":[1,\"42\"]}]}}")
                        .getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(200, answer.length);
                exchange.getResponseBody().write(answer);
            }
        });
        peer.start();
        try {
            JsonNode created = create(
                    "sum by (zone) (up)",
                    "http://127.0.0.1:" + peer.getAddress().getPort(),
                    "precomputed/up");
            await().atMost(Duration.ofSeconds(40))
                    .until(() -> job(created).toString().contains("\"status\":\"active\""));
            JsonNode vector = result("precomputed/up");
            assertThat(vector.get(0).get("metric").get("zone").textValue()).isEqualTo("x");
            assertThat(vector.get(0).get("value").get(1).textValue()).isEqualTo("42");
        } finally {
            peer.stop(0);
        }
    }
}
