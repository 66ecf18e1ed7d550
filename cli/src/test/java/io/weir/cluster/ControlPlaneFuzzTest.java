package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.weir.proto.control.v1.ApiHello;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.ArtifactAck;
import io.weir.proto.control.v1.AssignWork;
import io.weir.proto.control.v1.CancelWork;
import io.weir.proto.control.v1.Heartbeat;
import io.weir.proto.control.v1.WorkAccepted;
import io.weir.proto.control.v1.WorkFailed;
import io.weir.proto.control.v1.WorkReady;
import io.weir.proto.control.v1.WorkRejected;
import io.weir.proto.control.v1.WorkerHello;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.proto.control.v1.WorkerStatus;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * A peer that sends garbage, too much, or the wrong thing at the wrong time is refused, on both ends of the control plane; those beside it
 * see nothing of it: same streams, same answers.
 */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ControlPlaneFuzzTest {
    private static final long SEED = Long.getLong("weir.seed", 42);
    private static final int ROUNDS = 60;
    private static final int MESSAGE_BYTES_MAX = 64 << 20;
    private static final TestingLoad LOAD = new TestingLoad(20, 480, 15_000, false);
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private TestingFleet fleet;
    private TestingFleet.Worker worker;
    private TestingFleet.Api api;
    private String undisturbed;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        fleet = TestingFleet.withLocalLake(folder);
        fleet.load(LOAD);
        worker = fleet.worker("worker");
        api = fleet.api("api", List.of(worker.grpcPort()), "--query-samples-per-unit-target", "500");
        undisturbed = answer(api);
    }

    @AfterAll
    void stop() {
        if (fleet != null) {
            fleet.close();
        }
    }

    private static String answer(TestingFleet.Api api) throws IOException, InterruptedException {
        HttpResponse<String> response = api.client()
                .get(api.client()
                        .rangePath(
                                "sum by (mode) (rate(cpu_seconds_total[5m]))",
                                LOAD.startSeconds() + 600,
                                LOAD.endSeconds(),
                                30));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.body()).contains("\"values\"");
        return response.body();
    }

    /** Bytes as they are, so that messages no protobuf library would write can be sent. */
    private static final MethodDescriptor.Marshaller<byte[]> RAW = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] bytes) {
            return new ByteArrayInputStream(bytes);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    };

    private static final MethodDescriptor<byte[], byte[]> CONNECT = MethodDescriptor.<byte[], byte[]>newBuilder()
            .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
            .setFullMethodName("weir.control.v1.WorkerControl/Connect")
            .setRequestMarshaller(RAW)
            .setResponseMarshaller(RAW)
            .build();

    /** A false API: sends these messages, then waits to be refused. */
    private Status falseApi(List<byte[]> messages) throws Exception {
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", worker.grpcPort())
                .usePlaintext()
                .build();
        CompletableFuture<Status> end = new CompletableFuture<>();
        try {
            StreamObserver<byte[]> stream = ClientCalls.asyncBidiStreamingCall(
                    channel.newCall(CONNECT, CallOptions.DEFAULT), new StreamObserver<>() {
                        @Override
                        public void onNext(byte[] answer) {}

                        @Override
                        public void onError(Throwable failure) {
                            end.complete(Status.fromThrowable(failure));
                        }

                        @Override
                        public void onCompleted() {
                            end.complete(Status.OK);
                        }
                    });
            for (byte[] message : messages) {
                if (!end.isDone()) {
                    stream.onNext(message);
                }
            }
            return end.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        } finally {
            channel.shutdownNow();
        }
    }

    private static byte[] hello(int version, String apiId) {
        return ApiMessage.newBuilder()
                .setHello(ApiHello.newBuilder()
                        .setProtocolVersion(version)
                        .setApiId(apiId)
                        .setSession(1)
                        .setHeartbeatIntervalMillis(1_000))
                .build()
                .toByteArray();
    }

    @Test
    void aWorkerRefusesFalseApis() throws Exception {
        double sessions = worker.figures().metric("weir_worker_control_streams_active");
        byte[] heartbeat = ApiMessage.newBuilder()
                .setHeartbeat(Heartbeat.newBuilder().setSequence(1))
                .build()
                .toByteArray();
        assertThat(falseApi(List.of(heartbeat)).getCode())
                .as("no hello first")
                .isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(falseApi(List.of(hello(99, "false"))).getDescription()).contains("version 99");
        assertThat(falseApi(List.of(hello(1, ""))).getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(falseApi(List.of(hello(1, "false-a"), hello(1, "false-a"))).getDescription())
                .contains("once");
        assertThat(falseApi(List.of(hello(1, "false-c"), new byte[0])).getCode())
                .as("a message of no kind")
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(falseApi(List.of(hello(1, "false-d"), new byte[] {(byte) 0xff, 1, 2, 3}))
                        .getCode())
                .as("no protobuf")
                .isNotEqualTo(Status.Code.OK);
        assertThat(falseApi(List.of(hello(1, "false-e"), new byte[MESSAGE_BYTES_MAX + 1]))
                        .getCode())
                .as("too large a message")
                .isIn(Status.Code.RESOURCE_EXHAUSTED, Status.Code.CANCELLED, Status.Code.UNAVAILABLE);
        settled(sessions);
    }

    @Test
    void garbageOnTheControlPortDisturbsNobody() throws Exception {
        double sessions = worker.figures().metric("weir_worker_control_streams_active");
        Random random = new Random(SEED);
        System.out.println("seed=" + SEED);
        List<Socket> open = new ArrayList<>();
        try {
            for (int round = 0; round < ROUNDS; round++) {
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), worker.grpcPort());
                open.add(socket);
                byte[] garbage = new byte[random.nextInt(20_000)];
                random.nextBytes(garbage);
                if (round % 3 == 0) {
                    byte[] preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
                    socket.getOutputStream().write(preface);
                }
                try {
                    socket.getOutputStream().write(garbage);
                    socket.getOutputStream().flush();
                } catch (IOException closed) {
                    // The worker may hang up while it is still being written to.
                    assertThat(closed).isInstanceOf(SocketException.class);
                }
            }
            // Random messages of the right kind, at any time, with and without a hello.
            for (int round = 0; round < ROUNDS; round++) {
                List<byte[]> messages = new ArrayList<>();
                if (random.nextBoolean()) {
                    messages.add(hello(1, "false-" + round));
                }
                for (int i = random.nextInt(20); i >= 0; i--) {
                    messages.add(fromFalseApi(random));
                }
                messages.add(new byte[] {(byte) 0xff});
                assertThat(falseApi(messages).isOk()).isFalse();
            }
            assertThat(answer(api)).isEqualTo(undisturbed);
        } finally {
            for (Socket socket : open) {
                socket.close();
            }
        }
        settled(sessions);
    }

    private static byte[] fromFalseApi(Random random) {
        String workId = random.nextBoolean() ? "" : "work-" + random.nextInt(4);
        int attempt = random.nextInt(4) - 1;
        ApiMessage.Builder message = ApiMessage.newBuilder();
        switch (random.nextInt(6)) {
            case 0 ->
                message.setAssign(AssignWork.newBuilder()
                        .setWorkId(workId)
                        .setQueryId("query")
                        .setAttempt(attempt)
                        .setLeafId(random.nextInt())
                        .setDeadlineRemainingMillis(random.nextLong()));
            case 1 -> message.setCancel(CancelWork.newBuilder().setWorkId(workId));
            case 2 -> message.setAck(ArtifactAck.newBuilder().setWorkId(workId).setAttempt(attempt));
            case 3 ->
                message.setHeartbeat(
                        Heartbeat.newBuilder().setSequence(random.nextLong()).setReply(random.nextBoolean()));
            case 4 -> message.setHello(ApiHello.newBuilder().setSession(random.nextLong()));
            default -> {
                byte[] bytes = new byte[random.nextInt(64)];
                random.nextBytes(bytes);
                return bytes;
            }
        }
        byte[] bytes = message.build().toByteArray();
        if (random.nextInt(4) == 0 && bytes.length > 0) {
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return bytes;
    }

    /** Nothing of the false APIs is left, and the true one has kept its stream. */
    private void settled(double sessions) throws Exception {
        TestingVitals.await("no false API is left", LIMIT, () -> {
            TestingVitals figures = worker.figures();
            return figures.metric("weir_worker_control_streams_active") == sessions
                    && figures.metric("weir_worker_running") == 0
                    && figures.metric("weir_worker_queue_depth") == 0;
        });
        assertThat(answer(api)).isEqualTo(undisturbed);
        assertThat(api.figures().metric("weir_control_disconnects_total")).isZero();
    }

    /** A false worker: whatever an API says, it answers with a list of messages, again and again. */
    private static final class FalseWorker implements AutoCloseable {
        private final Server server;
        private final AtomicInteger streams = new AtomicInteger();

        FalseWorker(Script script) throws IOException {
            server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                    .addService(ServerServiceDefinition.builder("weir.control.v1.WorkerControl")
                            .addMethod(
                                    CONNECT, ServerCalls.asyncBidiStreamingCall(answer -> new StreamObserver<byte[]>() {
                                        private final int stream = begun((ServerCallStreamObserver<byte[]>) answer);

                                        @Override
                                        public void onNext(byte[] message) {
                                            try {
                                                for (byte[] said :
                                                        script.answer(stream, ApiMessage.parseFrom(message))) {
                                                    answer.onNext(said);
                                                }
                                            } catch (IOException e) {
                                                throw new UncheckedIOException(e);
                                            }
                                        }

                                        @Override
                                        public void onError(Throwable failure) {
                                            // The API has hung up, as it should.
                                        }

                                        @Override
                                        public void onCompleted() {
                                            answer.onCompleted();
                                        }
                                    }))
                            .build())
                    .build()
                    .start();
        }

        private int begun(ServerCallStreamObserver<byte[]> answer) {
            // With a handler, what is said to an API that has hung up is dropped.
            answer.setOnCancelHandler(() -> {});
            return streams.getAndIncrement();
        }

        int port() {
            return server.getPort();
        }

        int streams() {
            return streams.get();
        }

        @Override
        public void close() {
            server.shutdownNow();
        }
    }

    private interface Script {
        List<byte[]> answer(int stream, ApiMessage message);
    }

    private static byte[] workerHello(long session, int credits) {
        return WorkerMessage.newBuilder()
                .setHello(WorkerHello.newBuilder()
                        .setProtocolVersion(1)
                        .setWorkerId("false-worker")
                        .setIncarnation("1")
                        .setSession(session)
                        .setStatus(
                                WorkerStatus.newBuilder().setAcceptingWork(true).setCredits(credits)))
                .build()
                .toByteArray();
    }

    /** Kinds of false workers; each begins a stream in its own way. */
    private static List<byte[]> beginning(int kind, long session) {
        byte[] accepted = WorkerMessage.newBuilder()
                .setAccepted(WorkAccepted.newBuilder().setWorkId("unknown"))
                .build()
                .toByteArray();
        return switch (kind % 6) {
            case 0 -> List.of(accepted);
            case 1 -> List.of(new byte[] {(byte) 0xff, 1, 2, 3});
            case 2 -> List.of(workerHello(session, 4), workerHello(session, 4));
            case 3 ->
                List.of(WorkerMessage.newBuilder()
                        .setHello(
                                WorkerHello.newBuilder().setProtocolVersion(99).setWorkerId("false-worker"))
                        .build()
                        .toByteArray());
            case 4 ->
                List.of(WorkerMessage.newBuilder()
                        .setHello(WorkerHello.newBuilder().setProtocolVersion(1))
                        .build()
                        .toByteArray());
            default -> List.of(workerHello(session, 4), new byte[MESSAGE_BYTES_MAX + 1]);
        };
    }

    @Test
    void anApiRefusesFalseWorkers() throws Exception {
        try (FalseWorker liar = new FalseWorker((stream, message) ->
                message.hasHello() ? beginning(stream, message.getHello().getSession()) : List.of())) {
            TestingFleet.Api other = fleetApi("api-liar", liar.port());
            TestingVitals.await("every kind of false worker was tried", LIMIT, () -> liar.streams() > 6);
            for (int query = 0; query < 5; query++) {
                assertThat(answer(other)).isEqualTo(undisturbed);
            }
            assertThat(other.figures().metric("weir_work_accepted_total")).isPositive();
            other.process().close();
        }
    }

    @Test
    void aWorkerThatTalksNonsenseAboutItsWorkIsWorkedAround() throws Exception {
        Random random = new Random(SEED);
        System.out.println("seed=" + SEED);
        // It says hello as it should, then answers assignments with anything but their results.
        try (FalseWorker liar = new FalseWorker((stream, message) -> {
            if (message.hasHello()) {
                return List.of(workerHello(message.getHello().getSession(), 4));
            }
            if (message.hasHeartbeat() && !message.getHeartbeat().getReply()) {
                return List.of(WorkerMessage.newBuilder()
                        .setHeartbeat(message.getHeartbeat().toBuilder().setReply(true))
                        .build()
                        .toByteArray());
            }
            return message.hasAssign() ? nonsense(message.getAssign(), random) : List.of();
        })) {
            TestingFleet.Api other = fleetApi("api-nonsense", liar.port());
            for (int query = 0; query < 5; query++) {
                HttpResponse<String> response = other.client()
                        .get(other.client()
                                .rangePath(
                                        "sum by (mode) (rate(cpu_seconds_total[5m]))",
                                        LOAD.startSeconds() + 600,
                                        LOAD.endSeconds(),
                                        30));
                // Complete or an error, within the limits of retries; never a part.
                if (response.statusCode() == 200) {
                    assertThat(response.body()).isEqualTo(undisturbed);
                } else {
                    assertThat(response.body()).contains("\"status\":\"error\"").doesNotContain("\"data\"");
                }
            }
            assertThat(other.figures().metric("weir_artifact_fetch_failures_total")
                            + other.figures().metric("weir_work_reassigned_total"))
                    .isPositive();
            other.process().close();
        }
        assertThat(answer(api)).isEqualTo(undisturbed);
    }

    /** An answer to an assignment that no honest worker gives, ended by a failure so that the work moves on. */
    private static List<byte[]> nonsense(AssignWork work, Random random) {
        List<byte[]> answers = new ArrayList<>();
        WorkReady.Builder ready = WorkReady.newBuilder()
                .setWorkId(work.getWorkId())
                .setAttempt(work.getAttempt())
                .setQueryId(work.getQueryId())
                .setLeafId(work.getLeafId());
        for (int i = random.nextInt(4); i >= 0; i--) {
            WorkerMessage.Builder message = WorkerMessage.newBuilder();
            switch (random.nextInt(7)) {
                case 0 -> message.setReady(ready.clone().setArtifactUrl("not a url"));
                case 1 ->
                    message.setReady(ready.clone()
                            .setArtifactUrl("http://127.0.0.1:1/")
                            .setArtifactSizeBytes(Long.MAX_VALUE)
                            .setArtifactChecksum("x"));
                case 2 ->
                    message.setReady(
                            ready.clone().setArtifactUrl("file:///etc/passwd").setArtifactSizeBytes(-1));
                case 3 ->
                    message.setAccepted(WorkAccepted.newBuilder()
                            .setWorkId(work.getWorkId())
                            .setAttempt(work.getAttempt() + 7));
                case 4 ->
                    message.setRejected(
                            WorkRejected.newBuilder().setWorkId("unknown").setAttempt(-1));
                case 5 ->
                    message.setUnknownFields(UnknownFieldSet.newBuilder()
                            .addField(
                                    77,
                                    UnknownFieldSet.Field.newBuilder()
                                            .addLengthDelimited(garbage(random))
                                            .build())
                            .build());
                default ->
                    message.setStatus(WorkerStatus.newBuilder()
                            .setAcceptingWork(true)
                            .setCredits(4)
                            .setRunning(random.nextInt())
                            .setCacheBytes(random.nextLong()));
            }
            answers.add(message.build().toByteArray());
        }
        answers.add(WorkerMessage.newBuilder()
                .setFailed(WorkFailed.newBuilder()
                        .setWorkId(work.getWorkId())
                        .setAttempt(work.getAttempt())
                        .setFailureClassValue(random.nextBoolean() ? 0 : 3)
                        .setMessage("nonsense"))
                .build()
                .toByteArray());
        return answers;
    }

    private static ByteString garbage(Random random) {
        byte[] bytes = new byte[random.nextInt(100)];
        random.nextBytes(bytes);
        return UnsafeByteOperations.unsafeWrap(bytes);
    }

    private TestingFleet.Api fleetApi(String name, int liarPort) throws IOException, InterruptedException {
        return fleet.apiThatWaitsForOne(
                name,
                List.of(worker.grpcPort(), liarPort),
                "--query-samples-per-unit-target",
                "500",
                "--control-dial-backoff-millis-max",
                "200");
    }
}
