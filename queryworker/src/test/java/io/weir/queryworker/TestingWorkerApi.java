package io.weir.queryworker;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.weir.lake.Shards;
import io.weir.proto.control.v1.ApiHello;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.ArtifactAck;
import io.weir.proto.control.v1.AssignWork;
import io.weir.proto.control.v1.WorkerControlGrpc;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.proto.leaf.v1.ExpressionLeaf;
import io.weir.proto.leaf.v1.Grid;
import io.weir.proto.leaf.v1.Segment;
import io.weir.proto.leaf.v1.WorkSpec;
import io.weir.queryworker.control.ControlSettings;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** The API's end of a control stream with a whole worker; asks for the leaf {@code up} of one segment. */
final class TestingWorkerApi implements StreamObserver<WorkerMessage>, AutoCloseable {
    private static final int WAIT_SECONDS = 20;

    private final LinkedBlockingQueue<WorkerMessage> received = new LinkedBlockingQueue<>();
    private final ManagedChannel channel;
    private final StreamObserver<ApiMessage> stream;

    TestingWorkerApi(int port) {
        channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
        stream = WorkerControlGrpc.newStub(channel).connect(this);
        stream.onNext(ApiMessage.newBuilder()
                .setHello(ApiHello.newBuilder()
                        .setProtocolVersion(ControlSettings.PROTOCOL_VERSION)
                        .setApiId("api-1")
                        .setSession(1)
                        .setHeartbeatIntervalMillis(60_000))
                .build());
    }

    @Override
    public void onNext(WorkerMessage message) {
        received.add(message);
    }

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {}

    /** The next message that fits; what comes before it is forgotten. */
    WorkerMessage await(Predicate<WorkerMessage> wanted) throws InterruptedException {
        while (true) {
            WorkerMessage message = received.poll(WAIT_SECONDS, TimeUnit.SECONDS);
            assertThat(message).as("message within " + WAIT_SECONDS + " s").isNotNull();
            if (wanted.test(Objects.requireNonNull(message))) {
                return message;
            }
        }
    }

    void assign(String workId, Segment segment) {
        assign(workId, 1, segment);
    }

    void assign(String workId, int attempt, Segment segment) {
        stream.onNext(ApiMessage.newBuilder()
                .setAssign(AssignWork.newBuilder()
                        .setQueryId("q")
                        .setWorkId(workId)
                        .setAttempt(attempt)
                        .setAffinityKey("k")
                        .setDeadlineRemainingMillis(30_000)
                        .setSpec(spec(segment)))
                .build());
    }

    void acknowledge(String workId) {
        stream.onNext(ApiMessage.newBuilder()
                .setAck(ArtifactAck.newBuilder().setWorkId(workId).setAttempt(1))
                .build());
    }

    private static WorkSpec spec(Segment segment) {
        Grid grid = Grid.newBuilder()
                .setStartMillis(WorkerProcessTest.DAY)
                .setEndMillis(WorkerProcessTest.DAY + 600_000)
                .setStepMillis(60_000)
                .build();
        return WorkSpec.newBuilder()
                .setTenant("tenant")
                .setShardTo(Shards.COUNT)
                .addSegments(segment)
                .setExpression(ExpressionLeaf.newBuilder()
                        .setQuery("up")
                        .setQueryGrid(grid)
                        .setLeafGrid(grid)
                        .setLookbackMillis(300_000))
                .build();
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
