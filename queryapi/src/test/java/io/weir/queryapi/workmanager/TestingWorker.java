package io.weir.queryapi.workmanager;

import com.sun.net.httpserver.HttpServer;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.weir.lake.artifact.ArtifactCursor;
import io.weir.lake.artifact.ArtifactWriter;
import io.weir.lake.artifact.ParquetArtifactCursor;
import io.weir.promql.labels.Labels;
import io.weir.proto.control.v1.ApiHello;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.AssignWork;
import io.weir.proto.control.v1.Heartbeat;
import io.weir.proto.control.v1.WorkAccepted;
import io.weir.proto.control.v1.WorkFailed;
import io.weir.proto.control.v1.WorkReady;
import io.weir.proto.control.v1.WorkRejected;
import io.weir.proto.control.v1.WorkStatistics;
import io.weir.proto.control.v1.WorkerControlGrpc;
import io.weir.proto.control.v1.WorkerHello;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.proto.control.v1.WorkerStatus;
import io.weir.proto.stream.VersionRefusal;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** A worker driven by a test: real streams and a real artifact server, the work itself is what the test says. */
final class TestingWorker implements AutoCloseable {
    /** Does something about an assignment, on a thread of its own. */
    interface Work {
        void run(AssignWork work, Session session) throws Exception;
    }

    final String workerId;
    final List<AssignWork> assigned = new CopyOnWriteArrayList<>();
    final List<String> canceled = new CopyOnWriteArrayList<>();
    final List<String> acknowledged = new CopyOnWriteArrayList<>();
    final List<Session> sessions = new CopyOnWriteArrayList<>();
    final Map<String, byte[]> artifacts = new ConcurrentHashMap<>();
    volatile Work work = (assignment, session) -> session.complete(assignment);
    volatile int credits = 100;
    volatile int protocolVersion = 1;
    /** False: after its hello the worker reads nothing of its streams. */
    volatile boolean reading = true;
    /** True: the worker refuses the API's version, as a real one does. */
    volatile boolean refusing;

    private final Server control;
    private final HttpServer http;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    TestingWorker(String workerId) throws IOException {
        this(workerId, 0);
    }

    TestingWorker(String workerId, int port) throws IOException {
        this(workerId, "127.0.0.1", port);
    }

    TestingWorker(String workerId, String host, int port) throws IOException {
        this.workerId = workerId;
        http = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
        http.setExecutor(threads);
        http.createContext("/", exchange -> {
            byte[] content = artifacts.get(exchange.getRequestURI().getPath().substring(1));
            if (content == null) {
                exchange.sendResponseHeaders(404, -1);
            } else {
                exchange.getResponseHeaders().set("X-Artifact-Checksum", sha256(content));
                exchange.sendResponseHeaders(200, content.length);
                try (OutputStream out = exchange.getResponseBody()) {
                    out.write(content);
                }
            }
            exchange.close();
        });
        http.start();
        control = NettyServerBuilder.forAddress(new InetSocketAddress(host, port))
                .addService(new WorkerControlGrpc.WorkerControlImplBase() {
                    @Override
                    public StreamObserver<ApiMessage> connect(StreamObserver<WorkerMessage> responses) {
                        ServerCallStreamObserver<WorkerMessage> call =
                                (ServerCallStreamObserver<WorkerMessage>) responses;
                        call.disableAutoRequest();
                        call.request(1);
                        Session session = new Session(call);
                        sessions.add(session);
                        return session;
                    }
                })
                .build()
                .start();
    }

    int port() {
        return control.getPort();
    }

    /** The bytes of an artifact whose only series has this text. */
    static byte[] artifact(String workId, String text) {
        try {
            Path folder = Files.createTempDirectory("testing-worker");
            Path file = folder.resolve("artifact");
            try {
                ArtifactWriter.writeSeries(file, workId, List.of(Labels.of("text", text)), List.of(), 1 << 20);
                return Files.readAllBytes(file);
            } finally {
                Files.deleteIfExists(file);
                Files.delete(folder);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    static String textOf(Path artifact) {
        try (ArtifactCursor cursor = ParquetArtifactCursor.open(artifact)) {
            return cursor.series().getFirst().get("text");
        }
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** One stream. */
    final class Session implements StreamObserver<ApiMessage> {
        final ServerCallStreamObserver<WorkerMessage> responses;
        volatile boolean ended;
        volatile @Nullable ApiHello hello;

        Session(ServerCallStreamObserver<WorkerMessage> responses) {
            this.responses = responses;
        }

        synchronized void send(WorkerMessage message) {
            try {
                responses.onNext(message);
            } catch (io.grpc.StatusRuntimeException | IllegalStateException over) {
                ended = true;
            }
        }

        void status(boolean accepting, boolean draining) {
            send(WorkerMessage.newBuilder()
                    .setStatus(WorkerStatus.newBuilder()
                            .setAcceptingWork(accepting)
                            .setDraining(draining)
                            .setCredits(credits))
                    .build());
        }

        void complete(AssignWork assignment) {
            byte[] content = artifact(assignment.getWorkId(), "artifact of " + assignment.getWorkId());
            artifacts.put(assignment.getWorkId(), content);
            ready(assignment, sha256(content), content.length);
        }

        void ready(AssignWork assignment, String checksum, long sizeBytes) {
            ready(assignment, checksum, sizeBytes, 1, 0);
        }

        void ready(AssignWork assignment, String checksum, long sizeBytes, int schemaVersion, long rowCount) {
            send(WorkerMessage.newBuilder()
                    .setReady(WorkReady.newBuilder()
                            .setWorkId(assignment.getWorkId())
                            .setAttempt(assignment.getAttempt())
                            .setQueryId(assignment.getQueryId())
                            .setLeafId(assignment.getLeafId())
                            .setArtifactUrl(
                                    "http://127.0.0.1:" + http.getAddress().getPort() + "/" + assignment.getWorkId())
                            .setArtifactSizeBytes(sizeBytes)
                            .setArtifactChecksum(checksum)
                            .setParquetSchemaVersion(schemaVersion)
                            .setRowCount(rowCount)
                            .setStatistics(WorkStatistics.newBuilder().setSamplesRead(5)))
                    .build());
        }

        void fail(AssignWork assignment, WorkFailed.FailureClass failureClass, String message) {
            send(WorkerMessage.newBuilder()
                    .setFailed(WorkFailed.newBuilder()
                            .setWorkId(assignment.getWorkId())
                            .setAttempt(assignment.getAttempt())
                            .setFailureClass(failureClass)
                            .setMessage(message))
                    .build());
        }

        void reject(AssignWork assignment) {
            send(WorkerMessage.newBuilder()
                    .setRejected(WorkRejected.newBuilder()
                            .setWorkId(assignment.getWorkId())
                            .setAttempt(assignment.getAttempt())
                            .setReason("test"))
                    .build());
        }

        @Override
        public void onNext(ApiMessage message) {
            if (reading) {
                responses.request(1);
            }
            switch (message.getMessageCase()) {
                case HELLO -> {
                    hello = message.getHello();
                    if (refusing) {
                        responses.onError(Status.FAILED_PRECONDITION
                                .withDescription("version 1 is not version 2")
                                .asRuntimeException(VersionRefusal.trailers(1)));
                        return;
                    }
                    send(WorkerMessage.newBuilder()
                            .setHello(WorkerHello.newBuilder()
                                    .setProtocolVersion(protocolVersion)
                                    .setWorkerId(workerId)
                                    .setIncarnation("run")
                                    .setSession(message.getHello().getSession())
                                    .setStatus(WorkerStatus.newBuilder()
                                            .setAcceptingWork(true)
                                            .setCredits(credits)))
                            .build());
                }
                case ASSIGN -> assign(message.getAssign());
                case CANCEL -> canceled.add(message.getCancel().getWorkId());
                case ACK -> acknowledged.add(message.getAck().getWorkId());
                case HEARTBEAT -> {
                    if (!message.getHeartbeat().getReply()) {
                        send(WorkerMessage.newBuilder()
                                .setHeartbeat(Heartbeat.newBuilder()
                                        .setSequence(message.getHeartbeat().getSequence())
                                        .setReply(true))
                                .build());
                    }
                }
                case MESSAGE_NOT_SET -> throw new IllegalStateException("an empty message");
            }
        }

        private void assign(AssignWork assignment) {
            assigned.add(assignment);
            threads.execute(() -> {
                try {
                    work.run(assignment, this);
                } catch (Exception failure) {
                    throw new IllegalStateException(failure);
                }
            });
        }

        void accept(AssignWork assignment) {
            send(WorkerMessage.newBuilder()
                    .setAccepted(WorkAccepted.newBuilder()
                            .setWorkId(assignment.getWorkId())
                            .setAttempt(assignment.getAttempt()))
                    .build());
        }

        @Override
        public void onError(Throwable failure) {
            ended = true;
        }

        @Override
        public void onCompleted() {
            ended = true;
        }

        synchronized void close(Status status) {
            responses.onError(status.asRuntimeException());
        }
    }

    /** Dies: streams break, artifacts are gone. */
    @Override
    public void close() {
        control.shutdownNow();
        http.stop(0);
        threads.shutdownNow();
    }
}
