package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.weir.cli.process.Ports;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Standalone with keys and an access list of its own, and {@code weir token} as a process: statistics from nothing but the documented commands. */
@Tag("slow")
final class StandaloneAuthTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String STATS = "/stats/promql.query.runs/query/slowest_queries";

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private int port;

    @TempDir
    private Path folder;

    private Path data() {
        return folder.resolve("data");
    }

    @BeforeEach
    void choosePort() throws IOException {
        port = Ports.free();
    }

    private TestingProcess start() throws Exception {
        return TestingProcess.weir(
                        "standalone",
                        folder.resolve("logs"),
                        "standalone",
                        "--data-dir",
                        data().toString(),
                        "--http-port",
                        "" + port,
                        "--auth-access-poll-interval-millis",
                        "100")
                .awaitReady(URI.create("http://127.0.0.1:" + port + "/readyz"));
    }

    private String token(String user) throws Exception {
        try (TestingProcess process = TestingProcess.weir(
                "token-" + user, folder.resolve("logs"), "token", "--data-dir", data().toString(), "--sub", user)) {
            assertThat(process.awaitExit(Duration.ofSeconds(60)))
                    .as(process.logText())
                    .isZero();
            List<String> lines = process.logText().lines().toList();
            return lines.getLast();
        }
    }

    private HttpResponse<String> stats(String token) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + STATS))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{}"));
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private void awaitStatus(String token, int status) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (stats(token).statusCode() != status && System.nanoTime() < deadline) {
            Thread.sleep(50);
        }
        assertThat(stats(token).statusCode()).isEqualTo(status);
    }

    @Test
    void tokensOfTheFolderReadStatisticsOverRestarts() throws Exception {
        String admin;
        try (TestingProcess process = start()) {
            Path key = data().resolve("auth/private-key.pem");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key)))
                    .isEqualTo("rw-------");
            assertPublicKeys();
            admin = token("admin");
            HttpResponse<String> answer = stats(admin);
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            assertThat(JSON.readTree(answer.body()).path("success").asBoolean()).isTrue();
            assertRefused(stats(""), 401, "A token is required");
            assertRefused(stats(admin + "x"), 401, "The token");
            assertRefused(stats(token("guest")), 403, "User 'guest' is not authorized for topic 'promql.query.runs'.");
            assertTheListIsFollowed();
            assertThat(process.logText()).doesNotContain("PRIVATE KEY").doesNotContain(admin);
            for (String line : Files.readAllLines(key)) {
                assertThat(process.logText()).doesNotContain(line);
            }
        }
        try (TestingProcess process = start()) {
            assertThat(stats(admin).statusCode()).as(process.logTail()).isEqualTo(200);
        }
    }

    private void assertPublicKeys() throws Exception {
        HttpResponse<String> keys = client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/v1/auth/keys"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(keys.statusCode()).isEqualTo(200);
        JsonNode key = JSON.readTree(keys.body()).path("keys").path(0);
        assertThat(key.properties())
                .extracting(Map.Entry::getKey)
                .containsExactlyInAnyOrder("kty", "use", "alg", "kid", "n", "e", "key");
    }

    private static void assertRefused(HttpResponse<String> answer, int status, String message) throws Exception {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        JsonNode error = JSON.readTree(answer.body()).path("errors").path(0);
        assertThat(error.path("type").asText()).isEqualTo("auth");
        assertThat(error.path("message").asText()).startsWith(message);
    }

    private void assertTheListIsFollowed() throws Exception {
        Path file = data().resolve("auth/access.json");
        assertThat(JSON.readTree(file.toFile()).properties())
                .extracting(Map.Entry::getKey)
                .contains("promql.query.runs", "public.cps.za.runs");
        String guest = token("guest");
        ObjectNode list = (ObjectNode) JSON.readTree(file.toFile());
        list.withArray("promql.query.runs").add("Guest");
        Files.writeString(file, list.toString());
        awaitStatus(guest, 200);
    }
}
