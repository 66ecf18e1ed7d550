package io.weir.queryworker.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.lake.artifact.ArtifactMeta;
import io.weir.queryworker.disk.DiskBudget;
import io.weir.queryworker.disk.DiskFullException;
import io.weir.queryworker.disk.DiskLimits;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ArtifactSpoolTest {
    private static final SpoolSettings SETTINGS =
            new SpoolSettings(600_000, 30_000, 3_600_000, 8, 1_000, 2, 4, 200, 1_000);

    @TempDir
    Path folder;

    private final AtomicLong clock = new AtomicLong(1_000_000);
    private final AtomicReference<ArtifactServer.Health> health = new AtomicReference<>(ArtifactServer.Health.READY);
    private final List<String> losses = new ArrayList<>();
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final HttpClient client = HttpClient.newHttpClient();
    private DiskBudget budget;
    private FileArtifactSpool spool;
    private ArtifactServer server;

    @BeforeEach
    void start() throws IOException {
        Files.createDirectories(folder.resolve("spool"));
        Files.writeString(folder.resolve("spool/leftover.parquet"), "of an earlier run");
        budget = newBudget();
        spool = newSpool(new byte[32]);
        server = ArtifactServer.start(spool, SETTINGS, registry, health::get, "127.0.0.1", 0);
        spool.setBaseUrl("http://127.0.0.1:" + server.port());
    }

    private DiskBudget newBudget() {
        return new DiskBudget(
                new DiskLimits(1_000_000, 900_000, 700_000, 100_000, 0, 0, 1_000),
                clock::get,
                () -> Long.MAX_VALUE,
                registry);
    }

    private FileArtifactSpool newSpool(byte[] key) throws IOException {
        var created = new FileArtifactSpool(
                folder.resolve("spool"), budget, new ArtifactSigner(key), SETTINGS, clock::get, registry);
        created.setLossListener((workId, attempt, reason) -> losses.add(workId + "/" + attempt + ": " + reason));
        return created;
    }

    @AfterEach
    void stop() {
        server.close();
        spool.close();
        client.close();
    }

    private String publish(String workId, byte[] content) throws IOException {
        Path file = spool.reserve(workId, 1, content.length, () -> false).file();
        Files.write(file, content);
        return spool.publish(workId, 1, "api-1", file, new ArtifactMeta(content.length, "c0ffee", 1, 0, 0, 1));
    }

    private HttpResponse<byte[]> request(String method, String url) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build();
        return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
    }

    private int status(String url) throws Exception {
        return request("GET", url).statusCode();
    }

    private long filesInSpool() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("spool"))) {
            return files.count();
        }
    }

    @Test
    void servesWhatWasPublishedToItsOwner() throws Exception {
        assertThat(filesInSpool()).as("leftovers are swept").isZero();
        byte[] content = new byte[300_000];
        new Random(1).nextBytes(content);
        String url = publish("query 1/leaf:2?", content);
        HttpResponse<byte[]> response = request("GET", url);
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo(content);
        assertThat(response.headers().firstValue("X-Artifact-Checksum")).hasValue("c0ffee");
        HttpResponse<byte[]> head = request("HEAD", url);
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        assertThat(head.headers().firstValue("Content-Length")).hasValue("300000");
        assertThat(head.headers().firstValue("X-Artifact-Checksum")).hasValue("c0ffee");
    }

    @Test
    void strangersAreRefused() throws Exception {
        String url = publish("w", new byte[10]);
        assertThat(status(url.replace("api=api-1", "api=api-2"))).isEqualTo(403);
        assertThat(status(url.substring(0, url.length() - 2) + "00")).isEqualTo(403);
        assertThat(status(url.replaceFirst("token=.*", "token=nohex"))).isEqualTo(403);
        assertThat(status(url.replaceFirst("&token=.*", ""))).isEqualTo(400);
        assertThat(status(url.replace("expires=", "expires=9")))
                .as("expiry is signed")
                .isEqualTo(403);
        assertThat(status(url.replace("attempt=1", "attempt=2"))).isEqualTo(404);
        assertThat(status(url.replace("artifacts/w", "artifacts/x"))).isEqualTo(404);
        assertThat(status(url)).isEqualTo(200);
    }

    @Test
    void acknowledgedArtifactsStayForTheGracePeriod() throws Exception {
        String url = publish("w", new byte[10]);
        spool.acknowledge("w", 1);
        assertThat(spool.unacknowledgedCount()).isZero();
        clock.addAndGet(29_999);
        spool.sweep();
        assertThat(status(url)).isEqualTo(200);
        clock.addAndGet(1);
        spool.sweep();
        assertThat(status(url)).isEqualTo(410);
        // The sender of the first answer may hold the file for a moment longer than its reader; then a later sweep
        // takes it.
        await().untilAsserted(() -> {
            spool.sweep();
            assertThat(filesInSpool()).isZero();
        });
        assertThat(losses).isEmpty();
        assertThat(budget.artifactBytes()).isZero();
    }

    @Test
    void unfetchedArtifactsExpireAndAreReportedLost() throws Exception {
        String url = publish("w", new byte[10]);
        assertThat(spool.unacknowledgedCount()).isEqualTo(1);
        clock.addAndGet(600_000);
        assertThat(status(url)).as("expired before it is swept").isEqualTo(410);
        spool.sweep();
        assertThat(filesInSpool()).isZero();
        assertThat(losses).containsExactly("w/1: not fetched within artifact_ttl = 600000 ms");
        assertThat(registry.get("weir_artifact_ttl_cleanup_total")
                        .tag("kind", "unacknowledged")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void aFullDiskEvictsTheOldestAndReportsIt() throws Exception {
        String oldest = publish("oldest", new byte[400_000]);
        String younger = publish("younger", new byte[400_000]);
        String youngest = publish("youngest", new byte[400_000]);
        assertThat(losses).containsExactly("oldest/1: evicted: the worker's disk is full");
        assertThat(status(oldest)).isEqualTo(410);
        assertThat(status(younger)).isEqualTo(200);
        assertThat(status(youngest)).isEqualTo(200);
        assertThatThrownBy(() -> spool.reserve("huge", 1, 2_000_000, () -> false))
                .isInstanceOf(DiskFullException.class);
        assertThat(spool.count()).isEqualTo(2);
    }

    @Test
    void reservationsAreUniqueBoundedAndDiscardable() throws Exception {
        Path file = spool.reserve("w", 1, 10, () -> false).file();
        assertThatThrownBy(() -> spool.reserve("w", 1, 10, () -> false))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("already");
        Files.write(file, new byte[10]);
        spool.discard("w", 1);
        spool.discard("w", 1);
        assertThat(file).doesNotExist();
        assertThatThrownBy(() -> spool.publish("w", 1, "a", file, new ArtifactMeta(10, "", 0, 0, 0, 1)))
                .isInstanceOf(IllegalStateException.class);
        for (int i = 0; i < SETTINGS.artifactsMax(); i++) {
            spool.reserve("w" + i, 1, 1, () -> false);
        }
        assertThatThrownBy(() -> spool.reserve("one more", 1, 1, () -> false))
                .hasMessageContaining("worker-spool-artifacts-max");
    }

    @Test
    void anotherIncarnationDoesNotKnowTheOldUrls() throws Exception {
        String url = publish("w", new byte[10]);
        spool.close();
        server.close();
        byte[] otherKey = new byte[32];
        otherKey[0] = 1;
        budget = newBudget();
        spool = newSpool(otherKey);
        server = ArtifactServer.start(spool, SETTINGS, registry, health::get, "127.0.0.1", 0);
        assertThat(status(url.replaceFirst(":\\d+/", ":" + server.port() + "/")))
                .isEqualTo(404);
        assertThat(filesInSpool()).isZero();
    }

    @Test
    void healthAndMetrics() throws Exception {
        String base = "http://127.0.0.1:" + server.port();
        assertThat(status(base + "/readyz")).isEqualTo(200);
        health.set(ArtifactServer.Health.DRAINING);
        assertThat(status(base + "/readyz")).isEqualTo(503);
        assertThat(status(base + "/livez")).isEqualTo(200);
        health.set(ArtifactServer.Health.FAILED);
        assertThat(status(base + "/livez")).isEqualTo(503);
        health.set(ArtifactServer.Health.DRAINING);
        assertThat(new String(request("GET", base + "/healthz").body(), java.nio.charset.StandardCharsets.UTF_8))
                .isEqualTo("{\"status\":\"DRAINING\"}\n");
        publish("w", new byte[123]);
        assertThat(new String(request("GET", base + "/metrics").body(), java.nio.charset.StandardCharsets.UTF_8))
                .contains("weir_artifact_spool_bytes 123.0");
    }
}
