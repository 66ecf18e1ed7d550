package io.weir.cli.query;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;

/** Runs a range query over server-sent events ({@code POST /api/v1/metrics/query}) and tells a listener what arrives. */
public final class QueryStream {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String FRAME = "data:";
    private static final String TRUNCATED =
            "the answer ended before its last frame; the server or the network went away";

    /** Told about the frames in their order. */
    public interface Listener {
        /** Forgets everything. */
        Listener NONE = new Listener() {
            @Override
            public void sample(Map<String, String> labels, long timestampMillis, double value) {}

            @Override
            public void histogram(Map<String, String> labels, long timestampMillis, double count, double sum) {}

            @Override
            public void progress(double fraction) {}
        };

        void sample(Map<String, String> labels, long timestampMillis, double value);

        /** A sample that is a native histogram: its number of observations and their sum. */
        void histogram(Map<String, String> labels, long timestampMillis, double count, double sum);

        /**
         * @param fraction from 0 to 1
         */
        void progress(double fraction);
    }

    private final URI base;
    private final String tenant;

    public QueryStream(URI base, String tenant) {
        this.base = base;
        this.tenant = tenant;
    }

    /**
     * Runs the query to its end.
     *
     * @throws IOException if the server cannot be reached, refuses the query, or the query fails; the message says why
     */
    public void run(String expression, long startMillis, long endMillis, long stepMillis, Listener listener)
            throws IOException, InterruptedException {
        run(UUID.randomUUID(), expression, startMillis, endMillis, stepMillis, listener);
    }

    /** As {@link #run(String, long, long, long, Listener)}, with an id that others follow the query by. */
    public void run(UUID id, String expression, long startMillis, long endMillis, long stepMillis, Listener listener)
            throws IOException, InterruptedException {
        String queryId = id.toString();
        ObjectNode body = MAPPER.createObjectNode();
        body.put("q", expression);
        body.put("s", startMillis);
        body.put("e", endMillis);
        body.put("step", stepMillis + "ms");
        body.put("progress", true);
        HttpRequest request = HttpRequest.newBuilder(base.resolve("/api/v1/metrics/query"))
                .header("Content-Type", "application/json")
                .header("Accept", "text/event-stream")
                .header("X-Scope-OrgID", tenant)
                .header("X-Query-Id", queryId)
                .header("X-Client-Surface", Surface.here())
                .header("User-Agent", Surface.AGENT)
                .POST(HttpRequest.BodyPublishers.ofString(MAPPER.writeValueAsString(body)))
                .build();
        try (CancelOnExit cancel = new CancelOnExit(base, tenant, queryId);
                HttpClient client = HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(Duration.ofSeconds(10))
                        .build()) {
            HttpResponse<Stream<String>> response = client.send(request, HttpResponse.BodyHandlers.ofLines());
            try (Stream<String> lines = response.body()) {
                if (response.statusCode() != 200) {
                    String text = String.join("\n", lines.toList());
                    throw new IOException(
                            "the server answered " + response.statusCode() + ": " + Responses.errorText(text));
                }
                read(lines.iterator(), listener);
            }
        } catch (UncheckedIOException e) {
            // How the stream of lines tells that the connection broke.
            throw new IOException(TRUNCATED, e);
        } catch (ConnectException e) {
            throw new IOException("cannot reach " + base + "; is Weir running there? (--url names the server)", e);
        }
    }

    private static void read(Iterator<String> lines, Listener listener) throws IOException {
        while (lines.hasNext()) {
            String line = lines.next();
            if (line.startsWith(FRAME) && frame(MAPPER.readTree(line.substring(FRAME.length())), listener)) {
                return;
            }
        }
        throw new IOException(TRUNCATED);
    }

    /** Handles one frame; true for the last one. */
    private static boolean frame(JsonNode frame, Listener listener) throws IOException {
        JsonNode data = frame.path("data");
        switch (frame.path("type").asText()) {
            case "result" -> {
                Map<String, String> labels = new TreeMap<>();
                data.path("tags")
                        .properties()
                        .forEach(label ->
                                labels.put(label.getKey(), label.getValue().asText()));
                long timestamp = data.path("timestamp").asLong();
                JsonNode histogram = data.path("histogram");
                if (histogram.isObject()) {
                    listener.histogram(
                            labels,
                            timestamp,
                            Responses.number(histogram.path("count")),
                            Responses.number(histogram.path("sum")));
                } else {
                    listener.sample(labels, timestamp, Responses.number(data.path("value")));
                }
            }
            case "progress" -> listener.progress(fraction(data));
            case "error" -> throw new IOException(data.path("message").asText(data.toString()));
            case "done" -> {
                return true;
            }
            default -> {
                // Frames of later versions may be ignored.
            }
        }
        return false;
    }

    /** Half of the bar is the workers' part, half the evaluation of the steps. */
    private static double fraction(JsonNode data) {
        return (share(data, "unitsDone", "unitsTotal") + share(data, "stepsDone", "stepsTotal")) / 2;
    }

    private static double share(JsonNode data, String done, String total) {
        long all = data.path(total).asLong();
        return all <= 0 ? 0 : (double) data.path(done).asLong() / all;
    }
}
