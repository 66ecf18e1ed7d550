package io.weir.collector.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.weir.collector.CollectorSettings;
import io.weir.collector.source.FetchSettings;
import io.weir.collector.store.SketchParameters;
import io.weir.collector.store.StoreSettings;
import io.weir.ingest.memory.HeadLimits;
import io.weir.ingest.otlp.OtlpSettings;
import io.weir.ingest.remotewrite.RemoteWriteLimits;
import io.weir.proto.remote.v1.Histogram;
import io.weir.proto.remote.v1.Sample;
import io.weir.proto.sketch.v1.FetchReply;
import io.weir.proto.sketch.v1.FetchRequest;
import io.weir.proto.sketch.v1.Kind;
import io.weir.proto.sketch.v1.Matcher;
import io.weir.proto.sketch.v1.SketchSourceGrpc;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.codec.DecodeLimits;
import io.weir.sketch.codec.WireSketch;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A collector as its senders and fetchers meet it: real HTTP, real gRPC, on loopback. */
@Timeout(60)
final class CollectorServerTest {
    private static final long T0 = 1_700_000_000_000L;

    private final AtomicLong now = new AtomicLong(T0);
    private final PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    /** Each test starts it first. */
    @SuppressWarnings("NullAway.Init")
    private CollectorServer collector;

    @SuppressWarnings("NullAway.Init")
    private TestingPeer peer;

    private void start(StoreSettings store, FetchSettings fetch, OtlpSettings otlp, InstantSource clock)
            throws IOException {
        collector = CollectorServer.start(
                new CollectorSettings(store, SketchParameters.DEFAULT, fetch, 50, 1_000),
                new CollectorServer.RequestLimits(RemoteWriteLimits.defaults(), otlp, HeadLimits.defaults()),
                new CollectorServer.Address("127.0.0.1", 0, 0),
                meters,
                clock,
                1);
        peer = new TestingPeer(collector);
    }

    private void start() throws IOException {
        start(new StoreSettings(1_000, 0, 600_000, 8_192, 64 << 20), FetchSettings.DEFAULT);
    }

    private void start(StoreSettings store, FetchSettings fetch) throws IOException {
        start(store, fetch, OtlpSettings.defaults(), () -> Instant.ofEpochMilli(now.get()));
    }

    @AfterEach
    void stop() throws InterruptedException {
        peer.close();
        collector.close();
        meters.close();
    }

    private static FetchRequest.Builder window(Kind kind, long from, long to) {
        return FetchRequest.newBuilder()
                .setTenant("default")
                .setMetric("latency")
                .setKind(kind)
                .setFromMillis(from)
                .setToMillis(to);
    }

    private static SampledSketch sketch(FetchReply reply) throws Exception {
        return new WireSketch(DecodeLimits.DEFAULT).decode(reply.getPoint().getSketch(), Optional.empty());
    }

    private static Status.Code code(Throwable failure) {
        return ((StatusRuntimeException) failure).getStatus().getCode();
    }

    @Test
    void samplesOfEveryProtocolCanBeFetchedAsSketchesOfEveryKind() throws Exception {
        start();
        assertThat(peer.export("default", TestingPeer.gauge("latency", "web", T0 + 1, 1, 2, 3, 3))
                        .hasPartialSuccess())
                .isFalse();
        assertThat(peer.remoteWrite("latency", "web", T0 + 100, -4).statusCode())
                .isEqualTo(204);
        assertThat(peer.exportOverHttp(TestingPeer.gauge("latency", "api", T0 + 100, 5))
                        .statusCode())
                .isEqualTo(200);
        peer.export("other", TestingPeer.gauge("latency", "web", T0 + 1, 9));
        now.set(T0 + 1_000);
        List<FetchReply> quantiles =
                peer.fetch(window(Kind.DDSKETCH, T0, T0 + 1_000).build());
        assertThat(quantiles).hasSize(3);
        assertThat(quantiles.get(0).getPoint().getLabels(0).getValue()).isEqualTo("api");
        assertThat(quantiles.get(1).getPoint().getLabelsList())
                .extracting(label -> label.getName() + "=" + label.getValue())
                .containsExactly("service=web");
        assertThat(sketch(quantiles.get(1)).count()).isEqualTo(5);
        assertThat(sketch(quantiles.get(1)).quantile(0).orElseThrow()).isBetween(-4.04, -3.96);
        assertThat(quantiles.get(2).getSummary().getPoints()).isEqualTo(2);
        assertThat(quantiles.get(2).getSummary().getCoveredFromMillis()).isEqualTo(T0);
        assertThat(quantiles.get(2).getSummary().getCoveredToMillis()).isEqualTo(T0 + 1_000);
        FetchRequest.Builder web = window(Kind.HYPERLOGLOG, T0, T0 + 1_000)
                .addMatchers(Matcher.newBuilder()
                        .setType(Matcher.Type.EQUAL)
                        .setName("service")
                        .setValue("web"));
        assertThat(sketch(peer.fetch(web.build()).getFirst()).distinct()).isBetween(3.9, 4.1);
        assertThat(sketch(peer.fetch(web.setKind(Kind.FREQUENCIES).build()).getFirst())
                        .top(1)
                        .getFirst()
                        .key()
                        .text())
                .isEqualTo("3");
        assertThat(peer.fetch(web.setTenant("other").build())).hasSize(2);
        assertThat(peer.fetch(web.setTenant("nobody").build())).hasSize(1);
    }

    @Test
    void aFetchWaitsForTheEndOfItsWindowAndOneThatWouldWaitTooLongSaysHowFarItIs() throws Exception {
        start(
                new StoreSettings(1_000, 300, 600_000, 8_192, 64 << 20),
                new FetchSettings(64, 100, 8, 5_000, 5_000),
                OtlpSettings.defaults(),
                InstantSource.system());
        long to = System.currentTimeMillis() / 1_000 * 1_000 + 2_000;
        peer.export("default", TestingPeer.gauge("latency", "web", to - 1, 1));
        List<FetchReply> replies =
                peer.fetch(window(Kind.DDSKETCH, to - 1_000, to).build());
        assertThat(System.currentTimeMillis()).isGreaterThanOrEqualTo(to + 300);
        assertThat(replies).hasSize(2);
        assertThat(replies.get(1).getSummary().getCoveredToMillis()).isEqualTo(to);
        List<FetchReply> far =
                peer.fetch(window(Kind.DDSKETCH, to - 1_000, to + 3_600_000).build());
        assertThat(far.getLast().getSummary().getCoveredToMillis()).isLessThan(to + 60_000);
    }

    @Test
    void badRequestsForSketchesAreInvalidArguments() throws Exception {
        start(new StoreSettings(1_000, 0, 600_000, 8_192, 64 << 20), new FetchSettings(64, 100, 1, 100, 1_000));
        FetchRequest good = window(Kind.DDSKETCH, T0 - 1_000, T0).build();
        Matcher matcher = Matcher.newBuilder()
                .setType(Matcher.Type.REGEX)
                .setName("a")
                .setValue("(")
                .build();
        for (FetchRequest bad : List.of(
                good.toBuilder().setKind(Kind.KIND_UNSPECIFIED).build(),
                good.toBuilder().setKindValue(99).build(),
                good.toBuilder().setMetric("").build(),
                good.toBuilder().setFromMillis(T0).build(),
                good.toBuilder().setToMillis(T0 + 1).build(),
                good.toBuilder().addMatchers(matcher).build(),
                good.toBuilder()
                        .addMatchers(matcher.toBuilder().setTypeValue(9))
                        .build(),
                good.toBuilder()
                        .addMatchers(matcher.toBuilder().setValue("x"))
                        .addMatchers(matcher.toBuilder().setValue("x"))
                        .build())) {
            assertThatThrownBy(() -> peer.fetch(bad))
                    .satisfies(e -> assertThat(code(e)).isEqualTo(Status.Code.INVALID_ARGUMENT))
                    .message()
                    .isNotBlank();
        }
        assertThat(peer.fetch(good)).hasSize(1);
        assertThat(peer.get("/metrics").body())
                .contains("weir_collector_fetch_seconds_count{outcome=\"bad_request\"} 8")
                .contains("weir_collector_fetch_seconds_count{outcome=\"success\"} 1");
    }

    @Test
    void limitsOfFetchesAreKeptAndNamed() throws Exception {
        start(
                new StoreSettings(1_000, 60_000, 600_000, 8_192, 64 << 20),
                new FetchSettings(1, 2, 8, 600_000, 1_000),
                OtlpSettings.defaults(),
                InstantSource.system());
        long to = System.currentTimeMillis() / 1_000 * 1_000;
        FetchRequest request = window(Kind.DDSKETCH, to - 1_000, to).build();
        CompletableFuture<List<FetchReply>> one = fetching(request);
        CompletableFuture<List<FetchReply>> other = fetching(request);
        // One of them waits for the window's end, so the other one, whichever it is, has no place.
        Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> one.isDone() || other.isDone());
        CompletableFuture<List<FetchReply>> refused = one.isDone() ? one : other;
        CompletableFuture<List<FetchReply>> waiting = one.isDone() ? other : one;
        assertThatThrownBy(refused::join)
                .cause()
                .satisfies(e -> assertThat(code(e)).isEqualTo(Status.Code.RESOURCE_EXHAUSTED))
                .hasMessageContaining("collector-fetch-concurrent-max=1");
        assertThat(waiting).isNotDone();
        // The end of the process does not wait for it.
        long begun = System.nanoTime();
        collector.close();
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun)).isLessThan(5_000);
        assertThatThrownBy(waiting::join)
                .cause()
                .satisfies(e -> assertThat(code(e)).isEqualTo(Status.Code.UNAVAILABLE));
    }

    private CompletableFuture<List<FetchReply>> fetching(FetchRequest request) {
        CompletableFuture<List<FetchReply>> replies = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                replies.complete(peer.fetch(request));
            } catch (RuntimeException e) {
                replies.completeExceptionally(e);
            }
        });
        return replies;
    }

    @Test
    void moreSeriesThanAFetchMayHaveAreRefused() throws Exception {
        start(new StoreSettings(1_000, 0, 600_000, 8_192, 64 << 20), new FetchSettings(8, 2, 8, 100, 1_000));
        for (int i = 0; i < 3; i++) {
            peer.export("default", TestingPeer.gauge("latency", "s" + i, T0 + 1, 1));
        }
        now.set(T0 + 1_000);
        assertThatThrownBy(
                        () -> peer.fetch(window(Kind.DDSKETCH, T0, T0 + 1_000).build()))
                .satisfies(e -> assertThat(code(e)).isEqualTo(Status.Code.RESOURCE_EXHAUSTED))
                .hasMessageContaining("collector-fetch-series-max=2");
    }

    @Test
    void aPeerThatDoesNotReadHoldsAFetchNoLongerThanTheLimit() throws Exception {
        start(new StoreSettings(1_000, 0, 600_000, 8_192, 256 << 20), new FetchSettings(8, 10_000, 8, 100, 500));
        // More values than a sketch keeps one by one: each is 80 KB of counters, all of them are more than the
        // transport buffers.
        double[] values = IntStream.range(0, 700).asDoubleStream().toArray();
        for (int i = 0; i < 60; i++) {
            peer.export("default", TestingPeer.gauge("latency", "s" + i, T0 + 1, values));
        }
        now.set(T0 + 1_000);
        CompletableFuture<Status> end = new CompletableFuture<>();
        ClientCall<FetchRequest, FetchReply> call = peer.channel()
                .newCall(
                        SketchSourceGrpc.getFetchMethod(),
                        SketchSourceGrpc.newBlockingStub(peer.channel()).getCallOptions());
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        end.complete(status);
                    }
                },
                new Metadata());
        // One message of many is asked for, and never another.
        call.request(1);
        call.sendMessage(window(Kind.FREQUENCIES, T0, T0 + 1_000).build());
        call.halfClose();
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(peer.get("/metrics").body())
                        .contains("weir_collector_fetch_seconds_count{outcome=\"cancelled\"} 1"));
        assertThat(end.isDone() && end.join().isOk()).isFalse();
        call.cancel("the test is over", null);
        // The next one is served.
        assertThat(peer.fetch(window(Kind.DDSKETCH, T0, T0 + 1_000).build())).hasSize(61);
    }

    @Test
    void badBodiesAreTheSendersFaultAndNothingOfThemIsTaken() throws Exception {
        start(
                new StoreSettings(1_000, 0, 600_000, 8_192, 64 << 20),
                FetchSettings.DEFAULT,
                new OtlpSettings(
                        4_096, 8_192, 4, 100, "UnderscoreEscapingWithSuffixes", "", false, "", false, false, false),
                () -> Instant.ofEpochMilli(now.get()));
        String protobuf = "application/x-protobuf";
        assertThat(peer.post("/v1/metrics", "text/plain", "", new byte[0]).statusCode())
                .isEqualTo(415);
        assertThat(peer.post("/v1/metrics", protobuf, "br", new byte[0]).statusCode())
                .isEqualTo(415);
        assertThat(peer.post("/v1/metrics", protobuf, "", new byte[] {1, 2, 3}).statusCode())
                .isEqualTo(400);
        assertThat(peer.post("/v1/metrics", protobuf, "", new byte[5_000]).statusCode())
                .isEqualTo(413);
        assertThat(peer.post("/api/v1/write", protobuf, "snappy", new byte[] {5, 5, 5})
                        .statusCode())
                .isEqualTo(400);
        assertThat(peer.post("/api/v1/write", protobuf, "snappy", new byte[] {5, 5, 5})
                        .body())
                .contains("\"errorType\":\"bad_data\"")
                .doesNotContain("Exception");
        ExportMetricsServiceRequest large = TestingPeer.gauge("latency", "web", T0, new double[150]);
        assertThat(large.getSerializedSize()).isBetween(4_097, 8_191);
        assertThatThrownBy(() -> peer.export("default", large))
                .satisfies(e -> assertThat(code(e)).isEqualTo(Status.Code.INVALID_ARGUMENT))
                .hasMessageContaining("ingest-otlp-request-bytes-max=4096");
        ExportMetricsServiceRequest tooLargeToRead = TestingPeer.gauge("latency", "web", T0, new double[1_000]);
        assertThatThrownBy(() -> peer.export("default", tooLargeToRead)).isInstanceOf(StatusRuntimeException.class);
        assertThatThrownBy(() -> peer.export("no/tenant", TestingPeer.gauge("latency", "web", T0, 1)))
                .satisfies(e -> assertThat(code(e)).isEqualTo(Status.Code.INVALID_ARGUMENT));
        assertThat(collector.figures().series()).isZero();
        String metrics = peer.get("/metrics").body();
        assertThat(metrics)
                .contains("weir_collector_rejected_requests_total{reason=\"unsupported_media_type\"} 2")
                .contains("weir_collector_rejected_requests_total{reason=\"too_large\"} 2")
                .contains("weir_collector_samples_late_total 0");
    }

    @Test
    void aFullCollectorAsksItsSendersToComeAgain() throws Exception {
        start(new StoreSettings(1_000, 0, 600_000, 8_192, 1_000), FetchSettings.DEFAULT);
        // The first has more than there is room for, then there is none.
        for (ExportMetricsServiceRequest each : List.of(
                TestingPeer.gauge("latency", "web", T0 + 1, new double[100]),
                TestingPeer.gauge("latency", "web", T0 + 2_000, 1))) {
            assertThatThrownBy(() -> peer.export("default", each))
                    .satisfies(e -> assertThat(code(e)).isEqualTo(Status.Code.UNAVAILABLE))
                    .hasMessageContaining("collector-store-bytes-max=1000");
        }
        HttpResponse<String> refused = peer.remoteWrite("latency", "web", T0 + 2_000, 1);
        assertThat(refused.statusCode()).isEqualTo(503);
        assertThat(refused.headers().firstValue("Retry-After")).hasValue("1");
        assertThat(count("weir.collector.samples")).isBetween(1.0, 99.0);
        assertThat(count("weir.collector.samples") + count("weir.collector.samples.late"))
                .isEqualTo(102);
        now.set(T0 + 700_000);
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> collector.figures().retainedBytes() == 0);
        assertThat(peer.remoteWrite("latency", "web", T0 + 700_001, 1).statusCode())
                .isEqualTo(204);
    }

    private double count(String counter) {
        return meters.get(counter).counter().count();
    }

    @Test
    void aNativeHistogramIsDroppedAndNotCalledWritten() throws Exception {
        start();
        HttpResponse<String> answer = peer.remoteWrite(TestingPeer.series("latency", "web")
                .addSamples(Sample.newBuilder().setTimestamp(T0 + 1).setValue(1))
                .addHistograms(Histogram.newBuilder()
                        .setTimestamp(T0 + 2)
                        .setCountInt(0)
                        .setZeroCountInt(0)));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(204);
        assertThat(answer.headers().firstValue("X-Prometheus-Remote-Write-Samples-Written"))
                .hasValue("1");
        assertThat(answer.headers().firstValue("X-Prometheus-Remote-Write-Histograms-Written"))
                .hasValue("0");
        assertThat(count("weir.collector.histograms.dropped")).isEqualTo(1);
    }

    /** Their messages are read before their turn comes, so HTTP/2 has to tell the sender how many may run. */
    @Test
    void callsOfOneConnectionAreBounded() throws Exception {
        start();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), collector.grpcPort())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            // Our settings: none.
            socket.getOutputStream().write(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0});
            DataInputStream answer = new DataInputStream(socket.getInputStream());
            int length = answer.readUnsignedByte() << 16 | answer.readUnsignedShort();
            assertThat(answer.readUnsignedByte()).as("type of the first frame").isEqualTo(4);
            answer.skipNBytes(5);
            Map<Integer, Integer> settings = new HashMap<>();
            for (int i = 0; i < length; i += 6) {
                settings.put(answer.readUnsignedShort(), answer.readInt());
            }
            int concurrentStreamsMax = 3;
            assertThat(settings)
                    .containsEntry(
                            concurrentStreamsMax,
                            FetchSettings.DEFAULT.concurrentMax()
                                    + OtlpSettings.defaults().concurrentRequestsMax());
        }
    }

    @Test
    void seriesThatSendNothingMoreMakeRoomForOthers() throws Exception {
        collector = CollectorServer.start(
                new CollectorSettings(
                        new StoreSettings(1_000, 0, 10_000, 8_192, 64 << 20),
                        SketchParameters.DEFAULT,
                        FetchSettings.DEFAULT,
                        20,
                        1_000),
                new CollectorServer.RequestLimits(
                        RemoteWriteLimits.defaults(), OtlpSettings.defaults(), new HeadLimits(1, 1, 2, 2, 1)),
                new CollectorServer.Address("127.0.0.1", 0, 0),
                meters,
                () -> Instant.ofEpochMilli(now.get()),
                1);
        peer = new TestingPeer(collector);
        for (int i = 0; i < 2; i++) {
            assertThat(peer.remoteWrite("latency", "s" + i, T0 + 1, 1).statusCode())
                    .isEqualTo(204);
        }
        assertThat(peer.remoteWrite("latency", "s2", T0 + 1, 1).statusCode()).isEqualTo(429);
        now.set(T0 + 30_000);
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(peer.remoteWrite("latency", "s2", T0 + 30_001, 1)
                                .statusCode())
                        .isEqualTo(204));
    }

    @Test
    void probesAnswerAndAPortInUseIsSaid() throws Exception {
        start();
        for (String probe : List.of("/livez", "/healthz", "/readyz")) {
            assertThat(peer.get(probe).statusCode()).isEqualTo(200);
        }
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            for (CollectorServer.Address address : List.of(
                    new CollectorServer.Address("127.0.0.1", 0, taken.getLocalPort()),
                    new CollectorServer.Address("127.0.0.1", taken.getLocalPort(), 0))) {
                assertThatThrownBy(() -> CollectorServer.start(
                                CollectorSettings.DEFAULT,
                                new CollectorServer.RequestLimits(
                                        RemoteWriteLimits.defaults(), OtlpSettings.defaults(), HeadLimits.defaults()),
                                address,
                                new PrometheusMeterRegistry(PrometheusConfig.DEFAULT),
                                InstantSource.system(),
                                1))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining(":" + taken.getLocalPort() + " cannot be listened on");
            }
        }
    }

    @Test
    void randomBytesToTheFetchAreNeverAnInternalError() throws Exception {
        start();
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 200; i++) {
            byte[] text = new byte[random.nextInt(12)];
            random.nextBytes(text);
            FetchRequest.Builder request = FetchRequest.newBuilder()
                    .setTenant(ByteString.copyFrom(text).toString(StandardCharsets.ISO_8859_1))
                    .setMetric("m" + i)
                    .setKindValue(random.nextInt(5))
                    .setFromMillis(random.nextBoolean() ? random.nextLong() : T0 - 1_000L * random.nextInt(5))
                    .setToMillis(random.nextBoolean() ? random.nextLong() : T0);
            IntStream.range(0, random.nextInt(3))
                    .forEach(j -> request.addMatchers(Matcher.newBuilder()
                            .setTypeValue(random.nextInt(6))
                            .setName("l")
                            .setValue(new String(text, StandardCharsets.ISO_8859_1))));
            try {
                peer.fetch(request.build());
            } catch (StatusRuntimeException e) {
                assertThat(code(e)).isEqualTo(Status.Code.INVALID_ARGUMENT);
            }
        }
    }
}
