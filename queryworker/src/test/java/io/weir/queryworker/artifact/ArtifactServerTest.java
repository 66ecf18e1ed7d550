package io.weir.queryworker.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.lake.artifact.ArtifactMeta;
import io.weir.queryworker.disk.DiskBudget;
import io.weir.queryworker.disk.DiskLimits;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may read an artifact, how much of it, and what becomes of readers that are slow, go away or are too many. */
final class ArtifactServerTest {
    /** More than the sockets' buffers take. */
    private static final int LARGE_BYTES = 32 << 20;

    private static final int SENDS_MAX = 2;

    @TempDir
    Path folder;

    private final AtomicLong clock = new AtomicLong(1_000_000);
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final HttpClient client = HttpClient.newHttpClient();
    private FileArtifactSpool spool;
    private ArtifactServer server;

    private static SpoolSettings settings(int sendsQueuedMax, long sendWaitMillis, long sendMillis) {
        return new SpoolSettings(
                600_000, 30_000, 3_600_000, 8, 1_000, SENDS_MAX, sendsQueuedMax, sendWaitMillis, sendMillis);
    }

    @BeforeEach
    void start() throws IOException {
        start(settings(10, 20_000, 60_000));
    }

    private void start(SpoolSettings settings) throws IOException {
        DiskBudget budget = new DiskBudget(
                new DiskLimits(1L << 30, 0, 0, 0, 0, 0, 1_000), clock::get, () -> Long.MAX_VALUE, registry);
        spool = new FileArtifactSpool(
                folder.resolve("spool"), budget, new ArtifactSigner(new byte[32]), settings, clock::get, registry);
        server = ArtifactServer.start(spool, settings, registry, () -> ArtifactServer.Health.READY, "127.0.0.1", 0);
        spool.setBaseUrl("http://127.0.0.1:" + server.port());
    }

    private void restart(SpoolSettings settings) throws IOException {
        stop();
        registry.clear();
        start(settings);
    }

    @AfterEach
    void stop() {
        server.close();
        spool.close();
    }

    private String publish(String workId, int sizeBytes) throws IOException {
        byte[] content = new byte[sizeBytes];
        new Random(1).nextBytes(content);
        Path file = spool.reserve(workId, 1, sizeBytes, () -> false).file();
        Files.write(file, content);
        return spool.publish(workId, 1, "api-1", file, new ArtifactMeta(sizeBytes, "c0ffee", 1, 0, 0, 1));
    }

    private HttpResponse<byte[]> get(String url, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    /** A reader that asks and then reads nothing. */
    private Socket stalled(String url) throws IOException {
        URI uri = URI.create(url);
        Socket socket = new Socket();
        socket.setReceiveBufferSize(4_096);
        socket.connect(new InetSocketAddress("127.0.0.1", uri.getPort()));
        socket.getOutputStream()
                .write(("GET " + uri.getRawPath() + "?" + uri.getRawQuery() + " HTTP/1.1\r\nHost: a\r\n\r\n")
                        .getBytes(StandardCharsets.ISO_8859_1));
        return socket;
    }

    private double active() {
        return registry.get("weir_artifact_sends_active").gauge().value();
    }

    @Test
    void theSignatureCoversEveryParameter() throws Exception {
        String url = publish("w", 1_000);
        String other = publish("other", 1_000);
        assertThat(get(url).statusCode()).isEqualTo(200);
        assertRefused(url.replace("/artifacts/w?", "/artifacts/other?"), 403, "the token does not fit");
        assertRefused(url.replace("attempt=1", "attempt=2"), 404, "no artifact of this work here");
        assertRefused(url.replace("api=api-1", "api=api-2"), 403, "the token does not fit");
        assertRefused(url.replaceFirst("expires=1", "expires=9"), 403, "the token does not fit");
        assertRefused(url.replaceFirst("token=.*", "token=" + "0".repeat(64)), 403, "the token does not fit");
        assertRefused(url.replaceFirst("token=.*", "token=xyz"), 403, "the token does not fit");
        assertRefused(url.replaceFirst("&token=.*", ""), 400, "use the URL of WorkReady as it is");
        assertThat(get(other).statusCode()).isEqualTo(200);
        clock.addAndGet(630_000);
        assertRefused(url, 410, "the artifact was deleted; run the work again");
    }

    private void assertRefused(String url, int status, String text) throws Exception {
        HttpResponse<byte[]> response = get(url);
        assertThat(response.statusCode()).as(url).isEqualTo(status);
        assertThat(new String(response.body(), StandardCharsets.UTF_8)).contains(text);
        assertThat(response.headers().firstValue(ArtifactServer.CHECKSUM_HEADER))
                .isEmpty();
    }

    @Test
    void anArtifactIsSentWholeWhateverPartIsAskedFor() throws Exception {
        String url = publish("w", 300_000);
        HttpResponse<byte[]> response = get(url, "Range", "bytes=100-199");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("Accept-Ranges")).hasValue("none");
        assertThat(response.body()).hasSize(300_000);
    }

    @Test
    void aReaderThatGoesAwayFreesItsTurn() throws Exception {
        String url = publish("w", LARGE_BYTES);
        for (int i = 0; i < 3 * SENDS_MAX; i++) {
            try (Socket reader = stalled(url)) {
                InputStream in = reader.getInputStream();
                assertThat(in.read()).isEqualTo('H');
            }
        }
        assertThat(get(url).body()).hasSize(LARGE_BYTES);
        await().until(() -> active() == 0);
        assertThat(registry.get("weir_artifact_send_aborted_total").counter().count())
                .isEqualTo(3 * SENDS_MAX);
    }

    @Test
    void aReaderThatStallsIsCutOffAndOthersWaitForItsTurn() throws Exception {
        restart(settings(10, 20_000, 700));
        String url = publish("w", LARGE_BYTES);
        try (Socket first = stalled(url);
                Socket second = stalled(url)) {
            await().until(() -> active() == SENDS_MAX);
            long startNanos = System.nanoTime();
            String small = publish("small", 10);
            assertThat(get(small).statusCode()).as("it waited for a turn").isEqualTo(200);
            assertThat((System.nanoTime() - startNanos) / 1_000_000).isLessThan(15_000);
            await().until(() -> active() == 0);
            assertThat(readAll(first))
                    .as("what it gets is short, not silently complete")
                    .isLessThan(LARGE_BYTES);
            assertThat(readAll(second)).isLessThan(LARGE_BYTES);
        }
    }

    private static long readAll(Socket socket) throws IOException {
        socket.setSoTimeout(20_000);
        try {
            return socket.getInputStream().readAllBytes().length;
        } catch (java.net.SocketException reset) {
            return 0;
        }
    }

    @Test
    void tooManyReadersAreToldToComeAgain() throws Exception {
        restart(settings(0, 20_000, 60_000));
        String url = publish("w", LARGE_BYTES);
        try (Socket first = stalled(url);
                Socket second = stalled(url)) {
            await().until(() -> active() == SENDS_MAX);
            HttpResponse<byte[]> busy = get(url);
            assertThat(busy.statusCode()).isEqualTo(503);
            assertThat(busy.headers().firstValue("Retry-After")).hasValue("1");
            assertThat(new String(busy.body(), StandardCharsets.UTF_8))
                    .contains("2 artifacts are being sent (setting worker-spool-sends-max)");
            HttpRequest head = HttpRequest.newBuilder(URI.create(url)).HEAD().build();
            assertThat(client.send(head, HttpResponse.BodyHandlers.discarding()).statusCode())
                    .as("a question without a body needs no turn")
                    .isEqualTo(200);
            assertThat(first.isClosed() || second.isClosed()).isFalse();
        }
        await().until(() -> active() == 0);
        restart(settings(1, 50, 60_000));
        String again = publish("w", LARGE_BYTES);
        try (Socket first = stalled(again);
                Socket second = stalled(again)) {
            await().until(() -> active() == SENDS_MAX);
            assertThat(get(again).statusCode()).as("nobody made room in 50 ms").isEqualTo(503);
            assertThat(first.isConnected() && second.isConnected()).isTrue();
        }
    }

    @Test
    void whatIsBeingSentStaysUntilItIsSent() throws Exception {
        restart(settings(10, 20_000, 60_000));
        String url = publish("w", LARGE_BYTES);
        try (Socket reader = stalled(url)) {
            await().until(() -> active() == 1);
            spool.acknowledge("w", 1);
            clock.addAndGet(30_000);
            spool.sweep();
            assertThat(spool.count()).as("its reader still has it").isEqualTo(1);
            assertThat(reader.isConnected()).isTrue();
        }
        await().until(() -> active() == 0);
        await().untilAsserted(() -> {
            spool.sweep();
            assertThat(spool.count()).isZero();
        });
    }

    @Test
    void settingsAreValidated() {
        assertThatThrownBy(() -> new SpoolSettings(1, 1, 1, 1, 1, 0, 1, 1, 1)).hasMessageContaining("at a time");
        assertThatThrownBy(() -> new SpoolSettings(1, 1, 1, 1, 0, 1, 1, 1, 1)).hasMessageContaining("room");
    }
}
