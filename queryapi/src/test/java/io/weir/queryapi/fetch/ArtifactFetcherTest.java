package io.weir.queryapi.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ArtifactFetcherTest {
    /** What a test's server answers. */
    private interface Answer {
        void to(HttpExchange exchange) throws IOException;
    }

    private record Outcome(boolean fetched, Path file, ArtifactFetcher.Failure failure, String message) {}

    @TempDir
    private Path directory;

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final CountDownLatch release = new CountDownLatch(1);
    private HttpServer server;
    private ArtifactFetcher fetcher;
    private byte[] content;
    private volatile Answer answer;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            answer.to(exchange);
            exchange.close();
        });
        server.start();
        content = new byte[300_000];
        new Random(1).nextBytes(content);
        answer = exchange -> send(exchange, content, sha256(content));
        fetcher = new ArtifactFetcher(new FetchSettings(directory, 2, 1_000_000, 1_000, 1_500), registry);
    }

    @AfterEach
    void stop() {
        release.countDown();
        fetcher.close();
        server.stop(0);
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (java.security.NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static void send(HttpExchange exchange, byte[] body, String checksum) throws IOException {
        exchange.getResponseHeaders().set("X-Artifact-Checksum", checksum);
        exchange.sendResponseHeaders(200, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    private ArtifactFetcher.Request request(long sizeBytes, String checksum) {
        return new ArtifactFetcher.Request(
                "q", "w", 1, "http://127.0.0.1:" + server.getAddress().getPort() + "/x", sizeBytes, checksum);
    }

    private ArtifactFetcher.Fetch begin(ArtifactFetcher.Request request, CompletableFuture<Outcome> outcome) {
        return fetcher.fetch(request, new ArtifactFetcher.Callback() {
            @Override
            public void fetched(Path file) {
                outcome.complete(new Outcome(true, file, ArtifactFetcher.Failure.UNAVAILABLE, ""));
            }

            @Override
            public void failed(ArtifactFetcher.Failure failure, String message) {
                outcome.complete(new Outcome(false, directory, failure, message));
            }
        });
    }

    private Outcome fetch(ArtifactFetcher.Request request) throws Exception {
        CompletableFuture<Outcome> outcome = new CompletableFuture<>();
        begin(request, outcome);
        return outcome.get(20, TimeUnit.SECONDS);
    }

    private Outcome fetch() throws Exception {
        return fetch(request(content.length, sha256(content)));
    }

    private long filesLeft() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.count();
        }
    }

    private void assertFailure(Outcome outcome, ArtifactFetcher.Failure failure, String part) {
        assertThat(outcome.fetched()).isFalse();
        assertThat(outcome.failure()).isEqualTo(failure);
        assertThat(outcome.message()).contains(part);
        await().until(() -> filesLeft() == 0);
    }

    @Test
    void theFileHasTheBytes() throws Exception {
        Outcome outcome = fetch();
        assertThat(outcome.fetched()).isTrue();
        assertThat(outcome.file()).hasBinaryContent(content);
        assertThat(registry.get("weir_artifact_fetch").timer().count()).isEqualTo(1);
    }

    @Test
    void anEmptyArtifactIsOne() throws Exception {
        content = new byte[0];
        answer = exchange -> {
            exchange.getResponseHeaders().set("X-Artifact-Checksum", sha256(content));
            exchange.sendResponseHeaders(200, -1);
        };
        assertThat(fetch().fetched()).isTrue();
    }

    @Test
    void aFlippedBitIsAMismatch() throws Exception {
        byte[] flipped = content.clone();
        flipped[200_000] ^= 1;
        answer = exchange -> send(exchange, flipped, sha256(content));
        assertFailure(fetch(), ArtifactFetcher.Failure.CHECKSUM_MISMATCH, "is not the announced");
        assertThat(registry.get("weir_artifact_checksum_mismatch_total")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void aHeaderThatContradictsIsAMismatchAndAMissingOneAFailure() throws Exception {
        answer = exchange -> send(exchange, content, "00");
        assertFailure(fetch(), ArtifactFetcher.Failure.CHECKSUM_MISMATCH, "X-Artifact-Checksum is 00");
        answer = exchange -> {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content);
        };
        assertFailure(fetch(), ArtifactFetcher.Failure.UNAVAILABLE, "no X-Artifact-Checksum");
    }

    @Test
    void otherStatusesAndSizesAreFailures() throws Exception {
        answer = exchange -> exchange.sendResponseHeaders(404, -1);
        assertFailure(fetch(), ArtifactFetcher.Failure.UNAVAILABLE, "status 404");
        answer = exchange -> send(exchange, content, sha256(content));
        assertFailure(fetch(request(1_000, sha256(content))), ArtifactFetcher.Failure.UNAVAILABLE, "more bytes than");
        assertFailure(
                fetch(request(1_000_001, sha256(content))), ArtifactFetcher.Failure.UNAVAILABLE, "limit is 1000000");
        assertFailure(
                fetch(request(content.length + 1L, sha256(content))),
                ArtifactFetcher.Failure.UNAVAILABLE,
                "instead of the announced");
    }

    @Test
    void aConnectionThatBreaksOrIsRefusedIsAFailure() throws Exception {
        answer = exchange -> {
            exchange.getResponseHeaders().set("X-Artifact-Checksum", sha256(content));
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content, 0, 1_000);
            throw new IOException("the worker dies");
        };
        assertThat(fetch().failure()).isEqualTo(ArtifactFetcher.Failure.UNAVAILABLE);
        int port = server.getAddress().getPort();
        server.stop(0);
        Outcome refused =
                fetch(new ArtifactFetcher.Request("q", "w", 1, "http://127.0.0.1:" + port + "/x", 1, sha256(content)));
        assertThat(refused.fetched()).isFalse();
        assertFailure(
                fetch(new ArtifactFetcher.Request("q", "w", 1, "not a url", 1, "00")),
                ArtifactFetcher.Failure.UNAVAILABLE,
                "'not a url'");
    }

    @Test
    void aServerThatHangsIsGivenUp() throws Exception {
        answer = exchange -> {
            exchange.getResponseHeaders().set("X-Artifact-Checksum", sha256(content));
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content, 0, 1_000);
            exchange.getResponseBody().flush();
            hold();
        };
        assertFailure(fetch(), ArtifactFetcher.Failure.UNAVAILABLE, "1500 ms");
    }

    private void hold() throws IOException {
        try {
            release.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            throw new IOException(interrupted);
        }
    }

    @Test
    void anAbortedDownloadSaysNothingAndLeavesNothing() throws Exception {
        CountDownLatch reached = new CountDownLatch(1);
        answer = exchange -> {
            reached.countDown();
            hold();
        };
        CompletableFuture<Outcome> outcome = new CompletableFuture<>();
        ArtifactFetcher.Fetch download = begin(request(content.length, sha256(content)), outcome);
        reached.await();
        download.abort();
        await().until(() -> filesLeft() == 0);
        // The turn it held is free again.
        answer = exchange -> send(exchange, content, sha256(content));
        assertThat(fetch().fetched()).isTrue();
        assertThat(outcome).isNotDone();
    }

    @Test
    void downloadsAreBounded() throws Exception {
        AtomicInteger at = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        answer = exchange -> {
            most.accumulateAndGet(at.incrementAndGet(), Math::max);
            send(exchange, content, sha256(content));
            at.decrementAndGet();
        };
        CompletableFuture<?>[] all = new CompletableFuture<?>[20];
        for (int i = 0; i < all.length; i++) {
            CompletableFuture<Outcome> outcome = new CompletableFuture<>();
            begin(request(content.length, sha256(content)), outcome);
            all[i] = outcome;
        }
        CompletableFuture.allOf(all).get(20, TimeUnit.SECONDS);
        assertThat(most.get()).isLessThanOrEqualTo(2);
    }

    @Test
    void theSpoolIsSweptAtTheStart(@TempDir Path spool) throws IOException {
        Files.writeString(spool.resolve("3.artifact"), "left over");
        Files.writeString(spool.resolve("other.txt"), "not ours");
        new ArtifactFetcher(FetchSettings.of(spool), registry).close();
        assertThat(spool).isDirectoryContaining(path -> path.endsWith("other.txt"));
        assertThat(spool.resolve("3.artifact")).doesNotExist();
        assertThatThrownBy(() -> new FetchSettings(spool, 0, 1, 1, 1)).hasMessageContaining("downloads at once is 0");
    }
}
