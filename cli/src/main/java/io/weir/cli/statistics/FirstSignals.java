package io.weir.cli.statistics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weir.cli.query.Responses;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** Follows the first signals of a job or a run ({@code GET /api/v1/stream/...}) and prints a line for each. */
public final class FirstSignals {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String DATA = "data:";
    private static final String EVENT = "event:";
    private static final String SIGNAL = "first_signal";
    /** In the order of their numbers on the stream. */
    private static final List<String> KINDS =
            List.of("queued", "started", "phase", "blocked", "failed", "succeeded", "canceled", "unavailable");

    private static final List<String> PHASES =
            List.of("resolve", "fetch", "restore", "analyze", "policy", "report", "unknown");

    private final URI base;
    private final String tenant;
    private final PrintStream out;

    public FirstSignals(URI base, String tenant, PrintStream out) {
        this.base = base;
        this.tenant = tenant;
        this.out = out;
    }

    /**
     * Follows to the end of the stream, which is the end of the job or run.
     *
     * @param of {@code jobs} or {@code runs}
     * @return number of signals
     * @throws IOException if the server cannot be reached or refuses; the message says why
     */
    public int follow(String of, String id) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(base.resolve("/api/v1/stream/" + of + '/' + id))
                .header("Accept", "text/event-stream")
                .header("X-Scope-OrgID", tenant)
                .build();
        try (HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(10))
                .build()) {
            HttpResponse<Stream<String>> response = client.send(request, HttpResponse.BodyHandlers.ofLines());
            try (Stream<String> lines = response.body()) {
                if (response.statusCode() != 200) {
                    throw new IOException("the server answered " + response.statusCode() + ": "
                            + Responses.errorText(String.join("\n", lines.toList())));
                }
                return read(lines);
            }
        } catch (UncheckedIOException e) {
            // How the stream of lines tells that the connection broke.
            throw new IOException("the stream broke; ask again to go on", e);
        } catch (ConnectException e) {
            throw new IOException("cannot reach " + base + "; is Weir running there? (--url names the server)", e);
        }
    }

    private int read(Stream<String> lines) throws IOException {
        int signals = 0;
        String event = "";
        for (String line : (Iterable<String>) lines::iterator) {
            if (line.startsWith(EVENT)) {
                event = line.substring(EVENT.length()).strip();
            } else if (line.startsWith(DATA) && event.equals(SIGNAL)) {
                print(MAPPER.readTree(line.substring(DATA.length())).path("signal"));
                signals++;
            }
        }
        return signals;
    }

    private void print(JsonNode signal) {
        StringBuilder line = new StringBuilder()
                .append(String.format(
                        "%-11s %-8s %s",
                        name(KINDS, signal.path("kind")),
                        name(PHASES, signal.path("phase")),
                        signal.path("summary").asText()));
        if (signal.path("etaSeconds").isNumber()) {
            line.append("  (about ").append(signal.path("etaSeconds").asInt()).append(" s left)");
        }
        out.println(line);
        for (JsonNode action : signal.path("nextActions")) {
            out.println("            -> " + action.path("label").asText() + "  "
                    + action.path("href").asText());
        }
    }

    private static String name(List<String> names, JsonNode value) {
        int ordinal = value.asInt(-1);
        return value.isTextual()
                ? value.asText()
                : ordinal >= 0 && ordinal < names.size() ? names.get(ordinal) : value.toString();
    }
}
