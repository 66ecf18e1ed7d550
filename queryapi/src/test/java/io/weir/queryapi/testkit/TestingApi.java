package io.weir.queryapi.testkit;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.proto.trace.Tracing;
import io.weir.queryapi.http.ApiServer;
import io.weir.queryapi.http.ApiSettings;
import io.weir.queryapi.spi.BackgroundQueries;
import io.weir.queryapi.spi.PrecomputedAnswers;
import io.weir.queryapi.spi.QueryListener;
import io.weir.queryapi.spi.SketchQueries;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;

/** A running API server over a {@link TestingLake}, and a client for it. */
public final class TestingApi implements AutoCloseable {
    /** What the server's clock says. */
    public static final long NOW_MILLIS = 1_000_000;

    private final ApiServer server;
    private final TestingWorkManager workManager;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    public TestingApi(TestingLake lake, Path folder, ApiSettings settings) {
        this(lake, folder, settings, Tracing.OFF);
    }

    public TestingApi(TestingLake lake, Path folder, ApiSettings settings, Tracing tracing) {
        this(lake, folder, settings, tracing, QueryListener.NONE);
    }

    public TestingApi(TestingLake lake, Path folder, ApiSettings settings, Tracing tracing, QueryListener listener) {
        this(lake, folder, settings, tracing, listener, PrecomputedAnswers.NONE);
    }

    public TestingApi(
            TestingLake lake,
            Path folder,
            ApiSettings settings,
            Tracing tracing,
            QueryListener listener,
            PrecomputedAnswers answers) {
        workManager = new TestingWorkManager(lake, folder, 7);
        server = ApiServer.start(
                settings,
                lake,
                workManager,
                new PrometheusMeterRegistry(PrometheusConfig.DEFAULT),
                ApiServer.Surroundings.DEFAULT
                        .withClock(Clock.fixed(Instant.ofEpochMilli(NOW_MILLIS), ZoneOffset.UTC))
                        .withTracing(tracing)
                        .withListener(listener)
                        .withAnswers(answers)
                        .withRoutes(
                                List.of(config -> config.routes.get("/extra", context -> context.result("extra")))));
    }

    public static ApiSettings settings() {
        return ApiSettings.of("127.0.0.1", 0);
    }

    /** Runs queries that no user waits for. */
    public BackgroundQueries background() {
        return server.background();
    }

    /** Makes sketches that no user waits for. */
    public SketchQueries sketches() {
        return server.sketches();
    }

    public TestingWorkManager workManager() {
        return workManager;
    }

    public int port() {
        return server.port();
    }

    public HttpRequest.Builder request(String pathAndQuery) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + pathAndQuery))
                .timeout(Duration.ofSeconds(30));
    }

    public HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.build(), BodyHandlers.ofString(StandardCharsets.UTF_8));
    }

    public HttpResponse<byte[]> sendForBytes(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.build(), BodyHandlers.ofByteArray());
    }

    public HttpResponse<String> get(String pathAndQuery) throws IOException, InterruptedException {
        return send(request(pathAndQuery).GET());
    }

    /** The body of a GET. */
    public String body(String pathAndQuery) throws IOException, InterruptedException {
        return get(pathAndQuery).body();
    }

    public HttpResponse<String> postForm(String path, String form) throws IOException, InterruptedException {
        return send(request(path)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(form)));
    }

    public HttpResponse<String> postJson(String path, String json) throws IOException, InterruptedException {
        return send(request(path)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json)));
    }

    /** Text for use in a URL. */
    public static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** Path and parameters of an instant query. */
    public static String instant(String query, String time) {
        return "/api/v1/query?query=" + encode(query) + "&time=" + time;
    }

    /** Path and parameters of a range query. */
    public static String range(String query, String start, String end, String step) {
        return "/api/v1/query_range?query=" + encode(query) + "&start=" + start + "&end=" + end + "&step=" + step;
    }

    /** Stops the server alone; the client can still ask. */
    public void stopServer() {
        server.close();
    }

    @Override
    public void close() {
        client.close();
        server.close();
    }
}
