package io.weir.cli.query;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/** Runs an instant query and prints one line per series, or the JSON as it came. */
public final class InstantQuery {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final URI base;
    private final String tenant;
    private final PrintStream out;

    public InstantQuery(URI base, String tenant, PrintStream out) {
        this.base = base;
        this.tenant = tenant;
        this.out = out;
    }

    public void run(String expression, long timeMillis, boolean json) throws IOException, InterruptedException {
        String queryId = UUID.randomUUID().toString();
        String form = "query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8) + "&time="
                + BigDecimal.valueOf(timeMillis, 3).toPlainString();
        HttpRequest request = HttpRequest.newBuilder(base.resolve("/api/v1/query"))
                .timeout(Duration.ofMinutes(5))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("X-Scope-OrgID", tenant)
                .header("X-Query-Id", queryId)
                .header("X-Client-Surface", Surface.here())
                .header("User-Agent", Surface.AGENT)
                .POST(HttpRequest.BodyPublishers.ofString(form))
                .build();
        try (CancelOnExit cancel = new CancelOnExit(base, tenant, queryId);
                HttpClient client = HttpClient.newBuilder()
                        .connectTimeout(Duration.ofSeconds(10))
                        .build()) {
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() != 200) {
                throw new IOException(
                        "the server answered " + response.statusCode() + ": " + Responses.errorText(response.body()));
            }
            if (json) {
                out.println(response.body());
            } else {
                print(MAPPER.readTree(response.body()));
            }
        } catch (ConnectException e) {
            throw new IOException("cannot reach " + base + "; is Weir running there? (--url names the server)", e);
        }
    }

    private void print(JsonNode root) {
        for (String level : new String[] {"warnings", "infos"}) {
            root.path(level).forEach(text -> out.println("# " + text.asText()));
        }
        JsonNode data = root.path("data");
        switch (data.path("resultType").asText()) {
            case "scalar", "string" -> out.println(data.path("result").path(1).asText());
            default -> {
                for (JsonNode series : data.path("result")) {
                    Map<String, String> labels = new TreeMap<>();
                    series.path("metric")
                            .properties()
                            .forEach(label ->
                                    labels.put(label.getKey(), label.getValue().asText()));
                    if (series.has("value")) {
                        out.println(RangeQuery.name(labels) + " "
                                + series.path("value").path(1).asText());
                    }
                    if (series.has("histogram")) {
                        out.println(RangeQuery.name(labels) + " "
                                + histogram(series.path("histogram").path(1)));
                    }
                    for (JsonNode sample : series.path("histograms")) {
                        out.println(RangeQuery.name(labels) + " " + histogram(sample.path(1)) + " @ "
                                + sample.path(0).asText());
                    }
                    for (JsonNode sample : series.path("values")) {
                        out.println(
                                RangeQuery.name(labels) + " " + sample.path(1).asText() + " @ "
                                        + sample.path(0).asText());
                    }
                }
                if (data.path("result").isEmpty()) {
                    out.println("# no data");
                }
            }
        }
    }

    /** A histogram as Prometheus prints it: {@code {count:4, sum:5, (0.5,1]:4}}. */
    private static String histogram(JsonNode histogram) {
        StringBuilder text = new StringBuilder("{count:")
                .append(histogram.path("count").asText())
                .append(", sum:")
                .append(histogram.path("sum").asText());
        for (JsonNode bucket : histogram.path("buckets")) {
            int boundaries = bucket.path(0).asInt();
            text.append(", ")
                    .append(boundaries == 1 || boundaries == 3 ? '[' : '(')
                    .append(bucket.path(1).asText())
                    .append(',')
                    .append(bucket.path(2).asText())
                    .append(boundaries == 0 || boundaries == 3 ? ']' : ')')
                    .append(':')
                    .append(bucket.path(3).asText());
        }
        return text.append('}').toString();
    }
}
