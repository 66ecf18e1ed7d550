package io.weir.queryworker.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.proto.control.v1.WorkReady;
import io.weir.proto.control.v1.WorkerControlGrpc;
import io.weir.proto.control.v1.WorkerHello;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.workcoord.HeartbeatLimits;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

final class WorkerControlServerTest {
    private final TestingExecutor executor = new TestingExecutor();
    private final TestingSpool spool = new TestingSpool();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private WorkerControlServer server;
    private TestingApi api;

    private static ControlSettings settings(int port) {
        return new ControlSettings(
                "127.0.0.1",
                port,
                "worker-1",
                "run-1",
                2,
                6,
                3,
                new HeartbeatLimits(100, 5),
                2_000,
                300,
                100,
                8,
                1 << 20,
                0);
    }

    @BeforeEach
    void start() throws IOException {
        server = WorkerControlServer.start(settings(0), executor, spool, registry);
        api = new TestingApi(server.port());
    }

    @AfterEach
    void stop() {
        api.close();
        server.close();
    }

    private WorkerMessage failure(String workId) throws InterruptedException {
        return api.await(message ->
                message.hasFailed() && message.getFailed().getWorkId().equals(workId));
    }

    @Test
    void helloTellsWhoTheWorkerIs() throws InterruptedException {
        api.hello("api", 5);
        WorkerHello hello = api.await(WorkerMessage::hasHello).getHello();
        assertThat(hello.getWorkerId()).isEqualTo("worker-1");
        assertThat(hello.getIncarnation()).isEqualTo("run-1");
        assertThat(hello.getSession()).isEqualTo(5);
        assertThat(hello.getStatus().getAcceptingWork()).isTrue();
        assertThat(hello.getStatus().getCredits()).isEqualTo(6);
    }

    @Test
    void anotherProtocolVersionIsRefusedWithTheReason() throws InterruptedException {
        api.hello("api", 1, 99);
        Status status = api.awaitEnd();
        assertThat(status.getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(status.getDescription())
                .contains("version 99")
                .contains("version 1")
                .contains("same release");
    }

    @Test
    void aStreamThatBeginsWithoutHelloIsRefused() throws InterruptedException {
        api.assign("quick", 1_000);
        assertThat(api.awaitEnd().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    }

    @Test
    void aStreamThatNeverSaysHelloIsClosed() throws InterruptedException {
        assertThat(api.awaitEnd().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    }

    @Test
    void workIsExecutedPublishedAndAcknowledged() throws InterruptedException {
        api.hello("api", 1);
        api.assign("quick", 10_000);
        WorkReady ready = api.await(WorkerMessage::hasReady).getReady();
        assertThat(ready.getQueryId()).isEqualTo("query");
        assertThat(ready.getLeafId()).isEqualTo(7);
        assertThat(ready.getArtifactUrl()).isEqualTo("http://spool/quick");
        assertThat(ready.getArtifactChecksum()).isEqualTo("c0ffee");
        assertThat(ready.getRowCount()).isEqualTo(3);
        assertThat(ready.getMaxTs()).isEqualTo(2_000);
        assertThat(ready.getParquetSchemaVersion()).isEqualTo(1);
        assertThat(ready.getStatistics().getSamplesRead()).isEqualTo(42);
        assertThat(spool.published).containsEntry("quick", "api");
        api.acknowledge("quick");
        await().until(() -> spool.acknowledged.contains("quick"));
        assertThat(server.status().artifactsWaiting()).isZero();
    }

    @Test
    void everyKindOfFailureHasItsClass() throws InterruptedException {
        api.hello("api", 1);
        api.assign("fail", 10_000);
        api.assign("oom", 10_000);
        api.assign("bug", 10_000);
        assertThat(failure("fail").getFailed().getFailureClass()).isEqualTo(FailureClass.BAD_QUERY);
        assertThat(failure("fail").getFailed().getMessage()).isEqualTo("bad in every way");
        assertThat(failure("oom").getFailed().getFailureClass()).isEqualTo(FailureClass.OUT_OF_MEMORY);
        assertThat(failure("bug").getFailed().getFailureClass()).isEqualTo(FailureClass.INTERNAL);
        spool.full = true;
        api.assign("quick", 10_000);
        assertThat(failure("quick").getFailed().getFailureClass()).isEqualTo(FailureClass.DISK_FULL);
        assertThat(spool.discarded).containsExactlyInAnyOrder("fail", "oom", "bug");
    }

    @Test
    void cancelReachesTheExecution() throws InterruptedException {
        api.hello("api", 1);
        api.assign("slow", 60_000);
        await().until(() -> executor.started.contains("slow"));
        api.cancel("slow");
        await().until(() -> executor.canceled.contains("slow"));
        await().until(() -> server.status().running() == 0);
        assertThat(api.received).noneMatch(WorkerMessage::hasReady).noneMatch(WorkerMessage::hasFailed);
    }

    @Test
    void theDeadlineStopsTheExecutionAndTellsTheApi() throws InterruptedException {
        api.hello("api", 1);
        api.assign("slow", 150);
        assertThat(failure("slow").getFailed().getFailureClass()).isEqualTo(FailureClass.DEADLINE_EXCEEDED);
        assertThat(executor.canceled).contains("slow");
    }

    @Test
    void anApiThatDisconnectsTakesItsWorkAndArtifactsWithIt() throws InterruptedException {
        api.hello("api", 1);
        api.assign("quick", 60_000);
        api.assign("slow", 60_000);
        api.await(WorkerMessage::hasReady);
        await().until(() -> executor.started.contains("slow"));
        api.close();
        await().until(() -> executor.canceled.contains("slow") && spool.discarded.contains("quick"));
        await().until(() -> server.status().sessions() == 0 && server.status().running() == 0);
    }

    @Test
    void aSilentApiIsDisconnected() throws InterruptedException {
        api.hello("api", 1);
        api.assign("slow", 60_000);
        api.silent = true;
        assertThat(api.awaitEnd().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        await().until(() -> executor.canceled.contains("slow"));
    }

    @Test
    void workBeyondTheSlotsWaitsAndBeyondTheCreditsIsRejected() throws InterruptedException {
        api.hello("api", 1);
        for (int i = 0; i < 6; i++) {
            api.assign("slow" + i, 60_000);
        }
        await().until(() -> server.status().queued() == 4 && server.status().running() == 2);
        api.assign("onemore", 60_000);
        assertThat(api.await(WorkerMessage::hasRejected).getRejected().getWorkId())
                .isEqualTo("onemore");
    }

    @Test
    void anEvictedArtifactIsReported() throws InterruptedException {
        api.hello("api", 1);
        api.assign("quick", 60_000);
        api.await(WorkerMessage::hasReady);
        spool.lose("quick");
        assertThat(failure("quick").getFailed().getFailureClass()).isEqualTo(FailureClass.ARTIFACT_LOST);
    }

    @Test
    void aDrainHandsBackFinishesWaitsForTheFetchAndEnds() throws InterruptedException {
        api.hello("api", 1);
        api.assign("quick", 60_000);
        api.await(WorkerMessage::hasReady);
        api.assign("slow1", 60_000);
        api.assign("slow2", 60_000);
        api.assign("waits", 60_000);
        await().until(() ->
                executor.started.contains("slow2") && server.status().queued() == 1);
        server.beginDrain();
        assertThat(failure("waits").getFailed().getFailureClass()).isEqualTo(FailureClass.HANDED_BACK);
        api.await(message -> message.hasStatus() && message.getStatus().getDraining());
        api.assign("late", 60_000);
        assertThat(api.await(WorkerMessage::hasRejected).getRejected().getReason())
                .contains("draining");
        api.cancel("slow1");
        api.cancel("slow2");
        await().until(() -> server.status().running() == 0);
        assertThat(server.awaitDrained(50)).as("an artifact is not fetched yet").isFalse();
        api.acknowledge("quick");
        assertThat(server.awaitDrained(10_000)).isTrue();
        assertThat(api.awaitEnd().getCode()).isEqualTo(Status.Code.OK);
    }

    @Test
    void aDrainIsForcedAtItsLimit() throws InterruptedException {
        api.hello("api", 1);
        api.assign("slow", 60_000);
        await().until(() -> executor.started.contains("slow"));
        server.beginDrain();
        assertThat(server.awaitDrained(10_000)).isFalse();
        await().until(() -> executor.canceled.contains("slow"));
        assertThat(server.status().drained()).isTrue();
    }

    @Test
    void aFullDiskIsAnnounced() throws InterruptedException {
        api.hello("api", 1);
        api.await(WorkerMessage::hasHello);
        server.setAcceptingWork(false);
        api.await(message -> message.hasStatus() && !message.getStatus().getAcceptingWork());
        assertThat(server.status().acceptingWork()).isFalse();
    }

    @Test
    void twoApisShareTheCredits() throws InterruptedException {
        api.hello("a", 1);
        api.await(WorkerMessage::hasHello);
        try (TestingApi second = new TestingApi(server.port())) {
            second.hello("b", 1);
            second.await(WorkerMessage::hasHello);
            api.await(message -> message.hasStatus() && message.getStatus().getCredits() == 3);
            second.await(message -> message.hasStatus() && message.getStatus().getCredits() == 3);
        }
        await().until(() -> api.received.stream()
                .anyMatch(message -> message.hasStatus() && message.getStatus().getCredits() == 6));
    }

    @Test
    void anUnknownMessageEndsTheStreamAndAPortInUseIsNamed() throws InterruptedException {
        api.hello("api", 1);
        api.send(ApiMessage.getDefaultInstance());
        assertThat(api.awaitEnd().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThatThrownBy(() ->
                        WorkerControlServer.start(settings(server.port()), executor, spool, new SimpleMeterRegistry()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("127.0.0.1:" + server.port());
    }

    private double disconnects(String reason) {
        return registry.get("weir_worker_control_disconnects_total")
                .tag("reason", reason)
                .counter()
                .count();
    }

    @Test
    void anotherVersionIsCountedEachTimeAndReportedOnceForEachApi() throws InterruptedException {
        Logger logger = (Logger) LoggerFactory.getLogger(AgentShell.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        try {
            for (int i = 1; i <= 6; i++) {
                try (TestingApi other = new TestingApi(server.port())) {
                    other.hello(i <= 4 ? "old" : "older", i, 99);
                    assertThat(other.awaitEnd().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
                }
            }
        } finally {
            logger.detachAppender(log);
        }
        assertThat(registry.get("weir_control_version_mismatch_total").counter().count())
                .isEqualTo(6);
        assertThat(log.list.stream()
                        .filter(event -> event.getLevel() == Level.ERROR)
                        .map(ILoggingEvent::getFormattedMessage))
                .hasSize(2)
                .allMatch(line -> line.contains("version 99") && line.contains("same release of Weir"));
    }

    /** An API that stops reading: its stream ends as failed at the bound, its work stops, and others go on. */
    @Test
    void whatAnApiDoesNotReadEndsItsStreamAtTheBound() throws Exception {
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port())
                .usePlaintext()
                .build();
        try {
            StreamObserver<ApiMessage> requests =
                    WorkerControlGrpc.newStub(channel).connect(new DeafApi());
            requests.onNext(TestingApi.helloMessage("deaf", 1, 1));
            requests.onNext(TestingApi.assignMessage("slow", 60_000));
            await().until(() -> executor.started.contains("slow"));
            // Its own heartbeats go on: it is not silent, it only does not read.
            for (int i = 0; i < 100_000 && disconnects("back_pressure") == 0; i++) {
                requests.onNext(TestingApi.assignMessage("onemore" + i, 60_000));
            }
            await().until(() -> disconnects("back_pressure") == 1);
            await().until(() -> executor.canceled.contains("slow"));
            try (TestingApi well = new TestingApi(server.port())) {
                well.hello("well", 1);
                well.assign("quick", 60_000);
                well.await(WorkerMessage::hasReady);
            }
        } finally {
            channel.shutdownNow();
        }
    }

    private static final class DeafApi implements ClientResponseObserver<ApiMessage, WorkerMessage> {
        @Override
        public void beforeStart(ClientCallStreamObserver<ApiMessage> call) {
            call.disableAutoRequestWithInitial(1);
        }

        @Override
        public void onNext(WorkerMessage hello) {
            assertThat(hello.hasHello()).isTrue();
        }

        @Override
        public void onError(Throwable expected) {
            assertThat(Status.fromThrowable(expected).getCode()).isNotNull();
        }

        @Override
        public void onCompleted() {
            throw new AssertionError("the stream was to fail");
        }
    }
}
