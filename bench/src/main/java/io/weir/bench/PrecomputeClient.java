package io.weir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The HTTP API as a user of jobs sees it: registers them, asks queries with and without them, reads metrics. */
final class PrecomputeClient {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(120);

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI base;

    PrecomputeClient(URI base) {
        this.base = base;
    }

    URI base() {
        return base;
    }

    /** Makes everything that was written before it visible to queries. */
    void flush() throws IOException, InterruptedException {
        send(HttpRequest.newBuilder(base.resolve("/api/v1/admin/flush"))
                .timeout(Duration.ofMinutes(10))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build());
    }

    /**
     * An answer to an instant query.
     *
     * @param millis from before the request was sent until its body was here
     * @param errorBound header X-Precompute-Error-Bound; empty if there is none
     */
    record Answer(byte[] body, double millis, boolean precomputed, String errorBound) {}

    /** One job as GET lists it. */
    record Job(String id, String lastRun, double durationMillis, long runs, long failures, long skipped, String error) {
        private static Job of(JsonNode json) {
            return new Job(
                    json.path("job_id").asText(),
                    json.path("last_success_at").asText(""),
                    json.path("last_duration_ms").asDouble(),
                    json.path("runs").asLong(),
                    json.path("failures").asLong(),
                    json.path("skipped").asLong(),
                    json.path("last_error").asText(""));
        }

        boolean hasSucceeded() {
            return !lastRun.isEmpty() && !lastRun.equals("null");
        }
    }

    /**
     * Registers a job over the lake; returns its id.
     *
     * @param labels the labels to keep apart, all others are merged; null to merge none
     */
    String register(String query, String granularity, String path, @Nullable List<String> labels)
            throws IOException, InterruptedException {
        ObjectNode body = MAPPER.createObjectNode()
                .put("query", query)
                .put("granularity", granularity)
                .put("source", "lake://")
                .put("sketch_type", "ddsketch")
                .put("store_path", path);
        if (labels != null) {
            var array = body.putArray("labels");
            labels.forEach(array::add);
        }
        HttpRequest request = HttpRequest.newBuilder(base.resolve("/api/v1/precompute/jobs"))
                .timeout(REQUEST_TIMEOUT)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(MAPPER.writeValueAsBytes(body)))
                .build();
        return MAPPER.readTree(send(request).body()).path("job_id").asText();
    }

    void delete(String id) throws IOException, InterruptedException {
        send(HttpRequest.newBuilder(base.resolve("/api/v1/precompute/jobs/" + id))
                .timeout(REQUEST_TIMEOUT)
                .DELETE()
                .build());
    }

    Job job(String id) throws IOException, InterruptedException {
        return Job.of(MAPPER.readTree(get("/api/v1/precompute/jobs/" + id)));
    }

    /** All jobs in one request. */
    List<Job> jobs() throws IOException, InterruptedException {
        return MAPPER.readTree(get("/api/v1/precompute/jobs"))
                .path("jobs")
                .valueStream()
                .map(Job::of)
                .toList();
    }

    /** The newest result of a job. */
    byte[] result(String path) throws IOException, InterruptedException {
        return get("/api/v1/precompute/results/" + path);
    }

    /** An instant query. @param seconds its time, or 0 for now */
    Answer query(String expression, double seconds, boolean precompute) throws IOException, InterruptedException {
        String time = seconds == 0 ? "" : "&time=" + seconds;
        HttpRequest.Builder request = HttpRequest.newBuilder(base.resolve(
                        "/api/v1/query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8) + time))
                .timeout(REQUEST_TIMEOUT);
        if (!precompute) {
            request.header("X-Precompute", "off");
        }
        HttpRequest built = request.build();
        long begin = System.nanoTime();
        HttpResponse<byte[]> response = send(built);
        double millis = (System.nanoTime() - begin) / 1e6;
        return new Answer(
                response.body(),
                millis,
                response.headers().firstValue("X-Query-Source").orElse("").equals("precompute"),
                response.headers().firstValue("X-Precompute-Error-Bound").orElse(""));
    }

    /** The sum of a metric over all its labels; 0 if it is not there. */
    double metric(String name) throws IOException, InterruptedException {
        double sum = 0;
        for (String line : new String(get("/metrics"), StandardCharsets.UTF_8).split("\n", -1)) {
            if (line.startsWith(name + " ") || line.startsWith(name + "{")) {
                sum += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
            }
        }
        return sum;
    }

    /** The elements of an answer or a result, by their labels without the name. */
    static Map<Map<String, String>, Double> vector(byte[] body) throws IOException {
        Map<Map<String, String>, Double> elements = new java.util.HashMap<>();
        for (JsonNode element : MAPPER.readTree(body).path("data").path("result")) {
            Map<String, String> labels = new java.util.TreeMap<>();
            element.path("metric")
                    .properties()
                    .forEach(
                            label -> labels.put(label.getKey(), label.getValue().asText()));
            elements.put(
                    labels, Double.parseDouble(element.path("value").path(1).asText("NaN")));
        }
        return elements;
    }

    /** The time of an answer's or a result's elements, in seconds; NaN if it has none. */
    static double timestampSeconds(byte[] body) throws IOException {
        JsonNode first = MAPPER.readTree(body)
                .path("data")
                .path("result")
                .path(0)
                .path("value")
                .path(0);
        return first.isMissingNode() ? Double.NaN : first.asDouble();
    }

    private byte[] get(String path) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(base.resolve(path))
                        .timeout(REQUEST_TIMEOUT)
                        .build())
                .body();
    }

    private HttpResponse<byte[]> send(HttpRequest request) throws IOException, InterruptedException {
        HttpResponse<byte[]> response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
        if (response.statusCode() / 100 != 2) {
            throw new IOException(request.method() + " " + request.uri() + " answered " + response.statusCode() + ": "
                    + new String(response.body(), StandardCharsets.UTF_8));
        }
        return response;
    }
}
