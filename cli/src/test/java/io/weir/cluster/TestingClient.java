package io.weir.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weir.proto.remote.v1.Label;
import io.weir.proto.remote.v1.Sample;
import io.weir.proto.remote.v1.TimeSeries;
import io.weir.proto.remote.v1.WriteRequest;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.xerial.snappy.Snappy;

/** Speaks the HTTP API to a server under test, as one tenant. */
final class TestingClient {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final URI base;
    private final String tenant;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    TestingClient(URI base, String tenant) {
        this.base = base;
        this.tenant = tenant;
    }

    URI base() {
        return base;
    }

    HttpResponse<String> get(String pathAndQuery) throws IOException, InterruptedException {
        return client.send(request(pathAndQuery).GET().build(), HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> post(String path, String contentType, String body) throws IOException, InterruptedException {
        return client.send(
                request(path)
                        .header("Content-Type", contentType)
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    HttpRequest.Builder request(String pathAndQuery) {
        return HttpRequest.newBuilder(URI.create(base + pathAndQuery))
                .timeout(Duration.ofSeconds(60))
                .header("X-Scope-OrgID", tenant);
    }

    /** Sends a request without waiting; the answer is a failure of the future when the connection is. */
    CompletableFuture<HttpResponse<String>> getLater(String pathAndQuery) {
        return client.sendAsync(request(pathAndQuery).GET().build(), HttpResponse.BodyHandlers.ofString());
    }

    /** As {@link #getLater}, with a body. */
    CompletableFuture<HttpResponse<String>> postLater(String path, String contentType, String body) {
        return client.sendAsync(
                request(path)
                        .header("Content-Type", contentType)
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /** The sum of a metric's samples in the server's /metrics; 0 when there is none. */
    double metric(String name) throws IOException, InterruptedException {
        double sum = 0;
        for (String line : get("/metrics").body().split("\n")) {
            if (line.startsWith(name) && (line.charAt(name.length()) == ' ' || line.charAt(name.length()) == '{')) {
                sum += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
            }
        }
        return sum;
    }

    static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    String instantPath(String expression, double seconds) {
        return "/api/v1/query?query=" + encode(expression) + "&time=" + seconds;
    }

    String rangePath(String expression, double start, double end, double step) {
        return "/api/v1/query_range?query=" + encode(expression) + "&start=" + start + "&end=" + end + "&step=" + step;
    }

    /** The JSON of a successful answer. */
    JsonNode json(String pathAndQuery) throws IOException, InterruptedException {
        HttpResponse<String> response = get(pathAndQuery);
        JsonNode root = MAPPER.readTree(response.body());
        if (response.statusCode() != 200 || !root.path("status").asText().equals("success")) {
            throw new AssertionError(pathAndQuery + " answered " + response.statusCode() + ": " + response.body());
        }
        return root;
    }

    /** Sends a request and returns the status; 2xx means acknowledged. */
    HttpResponse<String> write(WriteRequest request) throws IOException, InterruptedException {
        return client.send(
                request("/api/v1/write")
                        .header("Content-Type", "application/x-protobuf")
                        .header("Content-Encoding", "snappy")
                        .header("X-Prometheus-Remote-Write-Version", "0.1.0")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(Snappy.compress(request.toByteArray())))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    void flush() throws IOException, InterruptedException {
        HttpResponse<String> response = post("/api/v1/admin/flush", "text/plain", "");
        if (response.statusCode() / 100 != 2) {
            throw new AssertionError("flush answered " + response.statusCode() + ": " + response.body());
        }
    }

    /** A series for a write request: name, then label name and value pairs. */
    static TimeSeries.Builder series(String name, String... labels) {
        TreeMap<String, String> sorted = new TreeMap<>(Map.of("__name__", name));
        for (int i = 0; i < labels.length; i += 2) {
            sorted.put(labels[i], labels[i + 1]);
        }
        TimeSeries.Builder series = TimeSeries.newBuilder();
        sorted.forEach((label, value) ->
                series.addLabels(Label.newBuilder().setName(label).setValue(value)));
        return series;
    }

    static Sample sample(long timeMillis, double value) {
        return Sample.newBuilder().setTimestamp(timeMillis).setValue(value).build();
    }
}
