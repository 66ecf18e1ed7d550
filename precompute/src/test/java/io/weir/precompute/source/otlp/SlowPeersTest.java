package io.weir.precompute.source.otlp;

import static io.weir.precompute.source.otlp.Pushes.point;
import static io.weir.precompute.source.otlp.Pushes.quantiles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.precompute.source.otlp.PushReceiver.Failure;
import io.weir.precompute.source.otlp.PushReceiver.RequestException;
import io.weir.precompute.source.pushed.Push;
import io.weir.precompute.source.pushed.PushedSettings;
import io.weir.precompute.source.pushed.PushedSketches;
import io.weir.promql.labels.Labels;
import io.weir.proto.sketch.v1.FetchReply;
import io.weir.proto.sketch.v1.FetchRequest;
import io.weir.proto.sketch.v1.Kind;
import io.weir.proto.sketch.v1.SketchSourceGrpc;
import io.weir.sketch.DdSketch;
import io.weir.sketch.SampleSketches;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.SketchKind;
import io.weir.sketch.delta.DeltaDisposition;
import io.weir.sketch.delta.DeltaFrame;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Senders and readers that are slow keep nobody else waiting, and not for ever. */
class SlowPeersTest {
    private static final long TO = 1_800_000_000_000L;
    private static final long WINDOW = 60_000;
    private static final int REQUEST_BYTES_MAX = 1 << 20;

    private final PushedSketches store =
            new PushedSketches(PushedSettings.DEFAULT, () -> Instant.ofEpochMilli(TO + 1_000));
    private Optional<OtlpReceiver> receiver = Optional.empty();
    private Optional<ManagedChannel> channel = Optional.empty();
    private Optional<ManagedChannel> otherChannel = Optional.empty();

    private OtlpReceiver start(long bodyMillisMax, long fetchMillisMax) {
        OtlpReceiver started = OtlpReceiver.start(
                Pushes.settings(REQUEST_BYTES_MAX, 1, 200, bodyMillisMax, fetchMillisMax),
                store,
                new SimpleMeterRegistry());
        receiver = Optional.of(started);
        channel = Optional.of(channel(started.grpcPort()));
        otherChannel = Optional.of(channel(started.grpcPort()));
        return started;
    }

    private static ManagedChannel channel(int port) {
        return NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
    }

    @AfterEach
    void close() {
        channel.ifPresent(ManagedChannel::shutdownNow);
        otherChannel.ifPresent(ManagedChannel::shutdownNow);
        receiver.ifPresent(OtlpReceiver::close);
    }

    private boolean isPushTaken() {
        DdSketch sketch = SampleSketches.quantiles(0.01);
        sketch.add(1);
        byte[] request = Pushes.request(quantiles(
                        "latency",
                        point(TO - WINDOW, TO, Pushes.envelope(sketch)).build()))
                .toByteArray();
        return !ClientCalls.blockingUnaryCall(
                        channel.orElseThrow(),
                        PushGrpcService.EXPORT,
                        CallOptions.DEFAULT.withDeadlineAfter(10, TimeUnit.SECONDS),
                        new PushGrpcService.Body(request, Optional.empty()))
                .hasPartialSuccess();
    }

    private static Socket slowPush(int port) throws IOException {
        Socket socket = new Socket("127.0.0.1", port);
        OutputStream out = socket.getOutputStream();
        out.write(("POST /v1/metrics HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
                        + "Content-Length: 100000\r\n\r\nxxx")
                .getBytes(StandardCharsets.US_ASCII));
        out.flush();
        return socket;
    }

    @Test
    void aBodyThatDoesNotComeHoldsNoTurn() throws Exception {
        OtlpReceiver started = start(10_000, 10_000);
        try (Socket first = slowPush(started.httpPort());
                Socket second = slowPush(started.httpPort())) {
            await().during(Duration.ofMillis(500))
                    .atMost(Duration.ofSeconds(20))
                    .until(this::isPushTaken);
            assertThat(first.isClosed()).isFalse();
            assertThat(second.isClosed()).isFalse();
        }
    }

    @Test
    void aBodyThatComesByteByByteEndsInTime() throws Exception {
        OtlpReceiver started = start(300, 10_000);
        try (Socket socket = slowPush(started.httpPort())) {
            Thread trickle = Thread.ofVirtual().start(() -> {
                try {
                    while (!Thread.interrupted()) {
                        socket.getOutputStream().write('x');
                        socket.getOutputStream().flush();
                        Thread.sleep(20);
                    }
                } catch (IOException | InterruptedException e) {
                    // The answer came, and with it the end of the connection.
                }
            });
            socket.setSoTimeout(10_000);
            try (BufferedReader answer =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1))) {
                assertThat(answer.readLine()).contains("503");
            }
            trickle.interrupt();
            assertThat(trickle.join(Duration.ofSeconds(10))).isTrue();
        }
    }

    @Test
    void bodiesAreBoundedTogether() throws Exception {
        PushBodies bodies = new PushBodies(Pushes.settings(1_000, 1, 100));
        try (PushBodies.Body first = bodies.read(new ByteArrayInputStream(new byte[1_000]))) {
            assertThat(first.bytes()).hasSize(1_000);
            assertThatThrownBy(() -> bodies.read(new ByteArrayInputStream(new byte[1])))
                    .isInstanceOfSatisfying(
                            RequestException.class, e -> assertThat(e.failure()).isEqualTo(Failure.OVERLOADED))
                    .hasMessageContaining("precompute-receiver-bodies-bytes-max=2000");
        }
        assertThatThrownBy(() -> bodies.read(new ByteArrayInputStream(new byte[1_001])))
                .isInstanceOf(PushBodies.TooLargeException.class);
        try (PushBodies.Body after = bodies.read(new ByteArrayInputStream(new byte[0]))) {
            assertThat(after.bytes()).isEmpty();
        }
        PushBodies larger = new PushBodies(Pushes.settings(100_000, 1, 100));
        try (PushBodies.Body body = larger.read(new ByteArrayInputStream(new byte[100_000]))) {
            assertThat(body.bytes()).hasSize(100_000);
        }
    }

    private static FetchRequest request() {
        return FetchRequest.newBuilder()
                .setTenant("default")
                .setMetric("long_labels")
                .setKind(Kind.DDSKETCH)
                .setFromMillis(TO - WINDOW)
                .setToMillis(TO)
                .build();
    }

    /** Reads one message and no further one. */
    private static final class Stalled implements ClientResponseObserver<FetchRequest, FetchReply> {
        private final CountDownLatch began = new CountDownLatch(1);

        @Override
        public void beforeStart(ClientCallStreamObserver<FetchRequest> call) {
            call.disableAutoRequestWithInitial(1);
        }

        @Override
        public void onNext(FetchReply reply) {
            began.countDown();
        }

        @Override
        public void onError(Throwable cause) {}

        @Override
        public void onCompleted() {}
    }

    private void fillMoreThanTheBuffersOfAConnection() {
        for (int i = 0; i < 80; i++) {
            DdSketch sketch = SampleSketches.quantiles(0.01);
            sketch.add(1);
            Labels labels = Labels.of("pod", i + "x".repeat(100_000));
            assertThat(store.accept(new Push(
                            "default",
                            "edge",
                            "long_labels",
                            SketchKind.DDSKETCH,
                            labels,
                            Labels.EMPTY,
                            new DeltaFrame(TO - WINDOW, TO, new DeltaFrame.Body.Full(SampledSketch.of(sketch))))))
                    .isInstanceOf(DeltaDisposition.AppliedFull.class);
        }
    }

    @Test
    void aReaderThatDoesNotReadHoldsNoTurnAndEndsInTime() throws Exception {
        start(10_000, 5_000);
        fillMoreThanTheBuffersOfAConnection();
        Stalled stalled = new Stalled();
        SketchSourceGrpc.newStub(otherChannel.orElseThrow()).fetch(request(), stalled);
        assertThat(stalled.began.await(10, TimeUnit.SECONDS)).isTrue();

        assertThat(isPushTaken()).isTrue();
        // Another fetch is told to come again, until the time of the first is over.
        SketchSourceGrpc.SketchSourceBlockingStub other = SketchSourceGrpc.newBlockingStub(channel.orElseThrow());
        assertThatThrownBy(() -> other.fetch(request()).hasNext())
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED))
                .hasMessageContaining("precompute-receiver-fetches-max=1");
        await().atMost(Duration.ofSeconds(20))
                .ignoreExceptions()
                .until(() -> other.fetch(request()).hasNext());
    }
}
