package io.weir.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Looks at the first signals of an API's queries. */
final class TestingSignals {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration LIMIT = Duration.ofSeconds(40);
    /** In the order of the numbers in streams. */
    private static final List<String> KINDS =
            List.of("queued", "started", "phase", "blocked", "failed", "succeeded", "canceled", "unavailable");

    private static final List<String> PHASES =
            List.of("resolve", "fetch", "restore", "analyze", "policy", "report", "unknown");

    private final TestingClient client;
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    TestingSignals(TestingClient client) {
        this.client = client;
    }

    /** The signal of a query; missing while there is none. */
    JsonNode signal(String queryId) throws IOException, InterruptedException {
        HttpResponse<String> response = client.get("/api/v1/jobs/" + queryId + "/first-signal");
        return response.statusCode() == 200 ? JSON.readTree(response.body()).path("signal") : JSON.missingNode();
    }

    private static String shown(JsonNode signal) {
        return signal.path("kind").asText() + "/" + signal.path("phase").asText();
    }

    /** Waits until the signal of a query is one like {@code phase/fetch}. */
    JsonNode await(String queryId, String kindAndPhase) throws InterruptedException {
        JsonNode[] last = {JSON.missingNode()};
        Await.until("the signal of " + queryId + " is " + kindAndPhase, LIMIT, () -> {
            last[0] = signal(queryId);
            return shown(last[0]).equals(kindAndPhase);
        });
        return last[0];
    }

    /** All signals of a query from now to its end, one after another, each like {@code phase/fetch}. */
    CompletableFuture<List<String>> stream(String queryId) {
        return http.sendAsync(
                        client.request("/api/v1/stream/jobs/" + queryId).GET().build(), BodyHandlers.ofInputStream())
                .thenApplyAsync(response -> read(response.body()));
    }

    private static List<String> read(InputStream stream) {
        List<String> signals = new ArrayList<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("data:")) {
                    JsonNode signal = JSON.readTree(line.substring(5)).path("signal");
                    signals.add(KINDS.get(signal.path("kind").asInt()) + "/"
                            + PHASES.get(signal.path("phase").asInt()));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("after " + signals, e);
        }
        return signals;
    }
}
