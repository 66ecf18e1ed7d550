package io.weir.queryworker.control;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.weir.proto.control.v1.ApiHello;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.ArtifactAck;
import io.weir.proto.control.v1.AssignWork;
import io.weir.proto.control.v1.CancelWork;
import io.weir.proto.control.v1.Heartbeat;
import io.weir.proto.control.v1.WorkerControlGrpc;
import io.weir.proto.control.v1.WorkerMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A hand-driven API: says what a test wants, keeps what the worker says, answers heartbeats unless told to be silent. */
final class TestingApi implements AutoCloseable, StreamObserver<WorkerMessage> {
    final List<WorkerMessage> received = new CopyOnWriteArrayList<>();
    volatile @Nullable Status ended;
    volatile boolean silent;
    private final ManagedChannel channel;
    private final StreamObserver<ApiMessage> requests;

    TestingApi(int port) {
        channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
        requests = WorkerControlGrpc.newStub(channel).connect(this);
    }

    TestingApi hello(String apiId, long session) {
        return hello(apiId, session, ControlSettings.PROTOCOL_VERSION);
    }

    TestingApi hello(String apiId, long session, int version) {
        send(helloMessage(apiId, session, version));
        return this;
    }

    static ApiMessage helloMessage(String apiId, long session, int version) {
        return ApiMessage.newBuilder()
                .setHello(ApiHello.newBuilder()
                        .setProtocolVersion(version)
                        .setApiId(apiId)
                        .setSession(session)
                        .setHeartbeatIntervalMillis(100))
                .build();
    }

    void assign(String workId, long deadlineMillis) {
        send(assignMessage(workId, deadlineMillis));
    }

    static ApiMessage assignMessage(String workId, long deadlineMillis) {
        return ApiMessage.newBuilder()
                .setAssign(AssignWork.newBuilder()
                        .setQueryId("query")
                        .setLeafId(7)
                        .setWorkId(workId)
                        .setAttempt(1)
                        .setDeadlineRemainingMillis(deadlineMillis))
                .build();
    }

    void cancel(String workId) {
        send(ApiMessage.newBuilder()
                .setCancel(CancelWork.newBuilder().setWorkId(workId).setReason("test"))
                .build());
    }

    void acknowledge(String workId) {
        send(ApiMessage.newBuilder()
                .setAck(ArtifactAck.newBuilder().setWorkId(workId).setAttempt(1))
                .build());
    }

    void send(ApiMessage message) {
        synchronized (requests) {
            requests.onNext(message);
        }
    }

    @Override
    public void onNext(WorkerMessage message) {
        received.add(message);
        if (message.hasHeartbeat() && !message.getHeartbeat().getReply() && !silent) {
            try {
                send(ApiMessage.newBuilder()
                        .setHeartbeat(Heartbeat.newBuilder()
                                .setSequence(message.getHeartbeat().getSequence())
                                .setReply(true))
                        .build());
            } catch (IllegalStateException over) {
                // The stream ended while the answer was on its way.
                ended = Status.CANCELLED;
            }
        }
    }

    @Override
    public void onError(Throwable failure) {
        ended = Status.fromThrowable(failure);
    }

    @Override
    public void onCompleted() {
        ended = Status.OK;
    }

    /** Waits for the first message that fits. */
    WorkerMessage await(Predicate<WorkerMessage> wanted) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (System.nanoTime() < deadline) {
            Optional<WorkerMessage> found =
                    new ArrayList<>(received).stream().filter(wanted).findFirst();
            if (found.isPresent()) {
                return found.get();
            }
            Thread.sleep(2);
        }
        throw new AssertionError("not received within 20 s; received: " + received + ", ended: " + ended);
    }

    Status awaitEnd() throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (System.nanoTime() < deadline) {
            Status status = ended;
            if (status != null) {
                return status;
            }
            Thread.sleep(2);
        }
        throw new AssertionError("the stream did not end; received: " + received);
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
