package io.weir.queryapi.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.lake.artifact.ArtifactMeta;
import io.weir.lake.artifact.ArtifactWriter;
import io.weir.promql.labels.Labels;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
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

    private record Outcome(boolean fetched, FetchedFile file, ArtifactFetcher.Failure failure, String message) {}

    @TempDir
    private Path directory;

    @TempDir
    private Path elsewhere;

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
        content = artifact("w");
        answer = exchange -> send(exchange, content, sha256(content));
        fetcher = new ArtifactFetcher(settings(1_000_000, 100), registry);
    }

    @AfterEach
    void stop() {
        release.countDown();
        fetcher.close();
        server.stop(0);
    }

    private FetchSettings settings(long spoolBytes, long spoolWaitMillis) {
        return new FetchSettings(directory, 2, 1_000_000, 1_000, 1_500, spoolBytes, spoolWaitMillis, 3, 10);
    }

    /** A real artifact of some hundred KB. */
    private byte[] artifact(String workId) throws IOException {
        Random random = new Random(1);
        TreeSet<Labels> series = new TreeSet<>();
        for (int i = 0; i < 4_000; i++) {
            series.add(Labels.of("instance", Long.toHexString(random.nextLong()), "job", Long.toHexString(i)));
        }
        Path file = elsewhere.resolve(workId + ".parquet");
        ArtifactWriter.writeSeries(file, workId, List.copyOf(series), List.of(), 1 << 20);
        return Files.readAllBytes(file);
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
                "q",
                "w",
                1,
                "http://127.0.0.1:" + server.getAddress().getPort() + "/x",
                new ArtifactMeta(sizeBytes, checksum, 0, 0, 0, 1));
    }

    private ArtifactFetcher.Fetch begin(ArtifactFetcher.Request request, CompletableFuture<Outcome> outcome) {
        return fetcher.fetch(request, new ArtifactFetcher.Callback() {
            @Override
            public void fetched(FetchedFile file) {
                outcome.complete(new Outcome(true, file, ArtifactFetcher.Failure.UNAVAILABLE, ""));
            }

            @Override
            public void failed(ArtifactFetcher.Failure failure, String message) {
                outcome.complete(
                        new Outcome(false, new FetchedFile(directory.resolve("none"), () -> {}), failure, message));
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
        assertThat(outcome.file().path()).hasBinaryContent(content);
        assertThat(registry.get("weir_artifact_fetch").timer().count()).isEqualTo(1);
    }

    private ArtifactFetcher.Request announced(long rowCount, long minTimestamp, long maxTimestamp, int version) {
        ArtifactFetcher.Request plain = request(content.length, sha256(content));
        return new ArtifactFetcher.Request(
                plain.queryId(),
                plain.workId(),
                plain.attempt(),
                plain.url(),
                new ArtifactMeta(content.length, sha256(content), rowCount, minTimestamp, maxTimestamp, version));
    }

    @Test
    void theContentIsWhatWasAnnounced() throws Exception {
        assertFailure(fetch(announced(1, 0, 0, 1)), ArtifactFetcher.Failure.NOT_AS_ANNOUNCED, "rowCount=0");
        assertFailure(fetch(announced(0, 5, 0, 1)), ArtifactFetcher.Failure.NOT_AS_ANNOUNCED, "minTimestampMillis=5");
        assertFailure(fetch(announced(0, 0, 5, 1)), ArtifactFetcher.Failure.NOT_AS_ANNOUNCED, "maxTimestampMillis=5");
        assertFailure(fetch(announced(0, 0, 0, 2)), ArtifactFetcher.Failure.NOT_AS_ANNOUNCED, "schemaVersion=1");
        content = artifact("somebody else's");
        assertFailure(fetch(), ArtifactFetcher.Failure.NOT_AS_ANNOUNCED, "workId=somebody else's");
        content = new byte[0];
        answer = exchange -> {
            exchange.getResponseHeaders().set("X-Artifact-Checksum", sha256(content));
            exchange.sendResponseHeaders(200, -1);
        };
        assertFailure(fetch(), ArtifactFetcher.Failure.NOT_AS_ANNOUNCED, "a file of 0 bytes is no artifact");
    }

    @Test
    void aVersionNobodyKnowsIsRefusedBeforeItIsFetched() throws Exception {
        AtomicInteger requests = new AtomicInteger();
        answer = exchange -> {
            requests.incrementAndGet();
            send(exchange, content, sha256(content));
        };
        assertFailure(
                fetch(announced(0, 0, 0, 3)),
                ArtifactFetcher.Failure.NOT_AS_ANNOUNCED,
                "schema version 3, this reader knows 1 and 2; run API and workers of the same release");
        assertThat(requests).hasValue(0);
    }

    @Test
    void aServerThatIsBusyOrBreaksIsAskedAgainAndTheLateIsNot() throws Exception {
        AtomicInteger requests = new AtomicInteger();
        answer = exchange -> {
            switch (requests.incrementAndGet()) {
                case 1 -> exchange.sendResponseHeaders(503, -1);
                case 2 -> {
                    exchange.getResponseHeaders().set("X-Artifact-Checksum", sha256(content));
                    exchange.sendResponseHeaders(200, content.length);
                    exchange.getResponseBody().write(content, 0, 1_000);
                    throw new IOException("the connection breaks");
                }
                default -> send(exchange, content, sha256(content));
            }
        };
        Outcome outcome = fetch();
        assertThat(outcome.message()).isEmpty();
        assertThat(outcome.fetched()).isTrue();
        assertThat(outcome.file().path()).hasBinaryContent(content);
        assertThat(requests).hasValue(3);
        assertThat(registry.get("weir_artifact_fetch_retries_total").counter().count())
                .as("Java's client repeats what broke before its first byte by itself")
                .isBetween(1.0, 2.0);
        outcome.file().delete();
        for (int status : new int[] {403, 404, 410}) {
            requests.set(0);
            answer = exchange -> {
                requests.incrementAndGet();
                exchange.sendResponseHeaders(status, -1);
            };
            assertFailure(fetch(), ArtifactFetcher.Failure.UNAVAILABLE, "status " + status);
            assertThat(requests).as("its work has to run again").hasValue(1);
        }
        requests.set(0);
        answer = exchange -> {
            requests.incrementAndGet();
            exchange.sendResponseHeaders(500, -1);
        };
        assertFailure(fetch(), ArtifactFetcher.Failure.UNAVAILABLE, "status 500");
        assertThat(requests).hasValue(3);
    }

    private double spoolBytes() {
        return registry.get("weir_fetch_spool_bytes").gauge().value();
    }

    @Test
    void theSpoolIsBoundedAndDownloadsWaitForRoom() throws Exception {
        fetcher.close();
        registry.clear();
        fetcher = new ArtifactFetcher(
                new FetchSettings(
                        directory, 2, content.length, 1_000, 1_500, 2L * content.length - 10_000, 20_000, 3, 10),
                registry);
        Outcome first = fetch();
        assertThat(spoolBytes()).isBetween((double) content.length, content.length + 4_096.0);
        CompletableFuture<Outcome> second = new CompletableFuture<>();
        begin(request(content.length, sha256(content)), second);
        assertThat(second).as("the second would pass the limit, it waits").isNotDone();
        Thread.sleep(300);
        assertThat(second).isNotDone();
        assertThat(filesLeft()).isEqualTo(1);
        CompletableFuture<Outcome> third = new CompletableFuture<>();
        ArtifactFetcher.Fetch aborted = begin(request(content.length, sha256(content)), third);
        aborted.abort();
        first.file().delete();
        first.file().delete();
        Outcome fetched = second.get(20, TimeUnit.SECONDS);
        assertThat(fetched.fetched()).isTrue();
        fetched.file().delete();
        await().until(() -> spoolBytes() == 0);
        assertThat(third)
                .as("an aborted download says nothing and holds nothing")
                .isNotDone();
        assertThat(filesLeft()).isZero();
    }

    @Test
    void noRoomInTimeNamesTheLimit() throws Exception {
        fetcher.close();
        registry.clear();
        fetcher = new ArtifactFetcher(
                new FetchSettings(directory, 2, content.length, 1_000, 1_500, 2L * content.length - 10_000, 50, 3, 10),
                registry);
        Outcome first = fetch();
        CompletableFuture<Outcome> second = new CompletableFuture<>();
        begin(request(content.length, sha256(content)), second);
        Outcome refused = second.get(20, TimeUnit.SECONDS);
        assertThat(refused.failure()).isEqualTo(ArtifactFetcher.Failure.SPOOL_FULL);
        assertThat(refused.message()).contains("fetch-spool-bytes-max", "in 50 ms");
        assertThat(first.file().path()).exists();
        assertThat(filesLeft()).isEqualTo(1);
        assertThatThrownBy(() -> new FetchSettings(directory, 2, 1_000, 1, 1, 999, 1, 1, 1))
                .hasMessageContaining("at least that of one artifact");
    }

    @Test
    void aFlippedBitIsAMismatch() throws Exception {
        byte[] flipped = content.clone();
        flipped[100_000] ^= 1;
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
                fetch(request(1_000_001, sha256(content))), ArtifactFetcher.Failure.TOO_LARGE, "limit is 1000000");
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
        Outcome refused = fetch(new ArtifactFetcher.Request(
                "q", "w", 1, "http://127.0.0.1:" + port + "/x", new ArtifactMeta(1, sha256(content), 0, 0, 0, 1)));
        assertThat(refused.fetched()).isFalse();
        assertFailure(
                fetch(new ArtifactFetcher.Request("q", "w", 1, "not a url", new ArtifactMeta(1, "00", 0, 0, 0, 1))),
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
