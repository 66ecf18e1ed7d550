package io.weir.cli.statistics;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.math.RoundingMode;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Asks a server for named statistics ({@code POST /stats/{topic}/query/{query}}) and prints them as a table, or the JSON as it came. */
public final class Statistics {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final int DECIMALS_SHOWN = 3;
    private static final Duration REQUEST_TIMEOUT = Duration.ofMinutes(2);

    private final URI base;
    private final String token;
    private final PrintStream out;

    /** @param token of the caller; empty for none */
    public Statistics(URI base, String token, PrintStream out) {
        this.base = base;
        this.token = token;
        this.out = out;
    }

    /**
     * Runs one named query.
     *
     * @param parameters by name; a value that reads as a JSON number, boolean or null is sent as such, everything else as text
     * @return number of rows
     * @throws IOException if the server cannot be reached or refuses; the message says why
     */
    public int run(String topic, String query, Map<String, String> parameters, boolean json)
            throws IOException, InterruptedException {
        ObjectNode body = MAPPER.createObjectNode();
        parameters.forEach((name, value) -> body.set(name, parameter(value)));
        String answer = send(HttpRequest.newBuilder(at(topic, "/query/" + encoded(query)))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(MAPPER.writeValueAsString(body))));
        JsonNode root = MAPPER.readTree(answer);
        if (json) {
            out.println(answer);
        } else {
            print(root);
        }
        return root.path("data").size();
    }

    /** Prints the names of a topic's queries, what they tell, and their parameters. */
    public void list(String topic, boolean json) throws IOException, InterruptedException {
        String answer = send(HttpRequest.newBuilder(at(topic, "/queries")).GET());
        if (json) {
            out.println(answer);
            return;
        }
        for (JsonNode query : MAPPER.readTree(answer).path("queries")) {
            out.println(query.path("name").asText());
            out.println("    " + query.path("description").asText());
            List<String> names = new ArrayList<>();
            query.path("params")
                    .forEach(parameter -> names.add(parameter.path("name").asText() + " ("
                            + parameter.path("type").asText() + ")"));
            out.println("    parameters: " + String.join(", ", names));
        }
    }

    private URI at(String topic, String rest) {
        return base.resolve("/stats/" + encoded(topic) + rest);
    }

    private static String encoded(String segment) {
        return URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static JsonNode parameter(String value) {
        try {
            JsonNode read = MAPPER.readTree(value);
            return read.isNumber() || read.isBoolean() || read.isNull()
                    ? read
                    : MAPPER.getNodeFactory().textNode(value);
        } catch (JsonProcessingException e) {
            // Text without quotes is what people type.
            return MAPPER.getNodeFactory().textNode(value);
        }
    }

    private String send(HttpRequest.Builder request) throws IOException, InterruptedException {
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        try (HttpClient client =
                HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build()) {
            HttpResponse<String> response =
                    client.send(request.timeout(REQUEST_TIMEOUT).build(), HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() != 200) {
                throw new IOException("the server answered " + response.statusCode() + ": " + reasons(response.body()));
            }
            return response.body();
        } catch (ConnectException e) {
            throw new IOException("cannot reach " + base + "; is Weir running there? (--url names the server)", e);
        }
    }

    private static String reasons(String body) {
        try {
            List<String> messages = new ArrayList<>();
            MAPPER.readTree(body)
                    .path("errors")
                    .forEach(error -> messages.add(error.path("message").asText()));
            return messages.isEmpty() ? body : String.join("; ", messages);
        } catch (JsonProcessingException e) {
            // A proxy's page is shown as it came.
            return body;
        }
    }

    private void print(JsonNode root) {
        List<String> names = new ArrayList<>();
        List<Boolean> numeric = new ArrayList<>();
        for (JsonNode column : root.path("columns")) {
            names.add(column.path("name").asText());
            boolean isNumeric = !root.path("data").isEmpty();
            for (JsonNode row : root.path("data")) {
                JsonNode cell = row.path(column.path("name").asText());
                isNumeric &= cell.isNumber() || cell.isNull();
            }
            numeric.add(isNumeric);
        }
        TextTable table = new TextTable(names, numeric);
        for (JsonNode row : root.path("data")) {
            table.add(names.stream().map(name -> text(row.path(name))).toList());
        }
        table.print(out);
        if (root.path("truncated").asBoolean()) {
            out.println("# there are more rows than the query returns; narrow it by its parameters");
        }
        if (root.path("data").isEmpty()) {
            out.println("# no data");
        }
    }

    private static String text(JsonNode cell) {
        if (cell.isFloatingPointNumber()) {
            return cell.decimalValue()
                    .setScale(DECIMALS_SHOWN, RoundingMode.HALF_EVEN)
                    .stripTrailingZeros()
                    .toPlainString();
        }
        return cell.isNull() || cell.isMissingNode() ? "-" : cell.isValueNode() ? cell.asText() : cell.toString();
    }
}
