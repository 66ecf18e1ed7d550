package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.weir.cli.process.Ports;
import io.weir.cluster.TestingProxy.Direction;
import io.weir.proto.control.v1.ApiHello;
import io.weir.proto.control.v1.ApiMessage;
import io.weir.proto.control.v1.WorkerControlGrpc;
import io.weir.proto.control.v1.WorkerHello;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.proto.control.v1.WorkerStatus;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the network does to control streams, and peers of another version, change no byte of an answer. */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConnectionFaultTest {
    private static final int BREAKS = 20;
    private static final long DETECTION_MILLIS_MAX = 3_500;
    private static final long BLIP_MILLIS = 2_000;
    private static final int OTHER_VERSION = 99;
    private static final Duration LOG_LIMIT = Duration.ofSeconds(10);
    private static final Duration SETTLE_LIMIT = Duration.ofSeconds(20);
    private static final String WORKER_LOST_API = "control session \\d+ of an API (ended|closed)";
    private static final String AGAIN = "assigned again, attempt 2";

    private final TestingFigures figures = new TestingFigures();
    private FaultCluster cluster;
    private FaultCluster.Api api;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        cluster = FaultCluster.start(folder, 3);
        api = cluster.api();
    }

    @AfterAll
    void stop() throws Exception {
        figures.print();
        cluster.close();
    }

    @BeforeEach
    void heal() throws Exception {
        cluster.heal();
    }

    /** What is held back. */
    enum Hole {
        WORKER_TO_API(Set.of(Direction.TO_CLIENT)),
        API_TO_WORKER(Set.of(Direction.TO_SERVER)),
        BOTH(Set.of(Direction.TO_CLIENT, Direction.TO_SERVER));

        private final Set<Direction> directions;

        Hole(Set<Direction> directions) {
            this.directions = directions;
        }
    }

    @ParameterizedTest
    @EnumSource
    void blackHole(Hole hole) throws Exception {
        List<TestingWorker> victims = cluster.workers.subList(0, 2);
        List<String> identities = new ArrayList<>();
        FaultCluster.Query query = hold(victims, identities);
        TestingLog log = api.process().log();
        List<TestingLog> logs =
                victims.stream().map(victim -> victim.process().log()).toList();
        Instant begin = Instant.now();
        victims.forEach(victim -> hole.directions.forEach(victim.control::hold));
        List<CompletableFuture<Long>> idle = new ArrayList<>();
        for (TestingWorker victim : victims) {
            CompletableFuture<Long> millis = new CompletableFuture<>();
            idle.add(millis);
            FaultCluster.inBackground(() -> millis.complete(victim.awaitIdle(begin, LOG_LIMIT)));
        }
        cluster.assertUndisturbed(query);
        for (int i = 0; i < victims.size(); i++) {
            long known =
                    log.await(FaultCluster.lossOf(identities.get(i)), LOG_LIMIT).millisAfter(begin);
            figures.add("black hole " + hole + " to the API knowing", known);
            long knownByWorker = logs.get(i).await(WORKER_LOST_API, LOG_LIMIT).millisAfter(begin);
            figures.add("black hole " + hole + " to the worker knowing", knownByWorker);
            long idleMillis = idle.get(i).get(20, TimeUnit.SECONDS);
            figures.add("black hole " + hole + " to the worker being idle", idleMillis);
            assertThat(List.of(known, knownByWorker, idleMillis))
                    .allSatisfy(millis -> assertThat(millis).isLessThanOrEqualTo(DETECTION_MILLIS_MAX));
        }
        assertThat(log.lines(AGAIN)).hasSize(8);
        figures.add(
                "black hole " + hole + " of two workers to all their work being assigned again",
                log.last(AGAIN).orElseThrow().millisAfter(begin));
        victims.forEach(TestingWorker::heal);
        areUsedAgain(victims, identities);
    }

    /** Asks for what these workers cannot finish; returns when each has four pieces and everything else is done. */
    private FaultCluster.Query hold(List<TestingWorker> victims, List<String> identities) throws Exception {
        for (TestingWorker victim : victims) {
            identities.add(victim.workerId(api));
            victim.store.hold();
        }
        FaultCluster.Query query = api.ask(cluster.tenant(), FaultCluster.EXPRESSION);
        for (TestingWorker victim : victims) {
            victim.awaitWork(1, 3);
        }
        api.awaitLeft(query, 4 * victims.size());
        return query;
    }

    private void areUsedAgain(List<TestingWorker> victims, List<String> identities) throws Exception {
        Instant healed = Instant.now();
        cluster.awaitConnected(api);
        figures.add(
                "the network's healing to all streams being back",
                Duration.between(healed, Instant.now()).toMillis());
        List<Double> accepted = new ArrayList<>();
        for (TestingWorker victim : victims) {
            victim.awaitIdle(healed, SETTLE_LIMIT);
            accepted.add(victim.metric("weir_worker_accepted_total"));
        }
        cluster.assertUndisturbed(api.ask(cluster.tenant(), FaultCluster.EXPRESSION));
        for (int i = 0; i < victims.size(); i++) {
            assertThat(victims.get(i).workerId(api)).isEqualTo(identities.get(i));
            assertThat(victims.get(i).metric("weir_worker_accepted_total")).isGreaterThan(accepted.get(i));
        }
    }

    /** As after the restart of a firewall: what was connected is dead and nobody says so, new connections work. */
    @Test
    void aConnectionThatIsDeadForEverIsReplaced() throws Exception {
        List<TestingWorker> victim = cluster.workers.subList(0, 1);
        List<String> identity = new ArrayList<>();
        FaultCluster.Query query = hold(victim, identity);
        TestingLog log = api.process().log();
        Instant begin = Instant.now();
        victim.getFirst().control.abandon();
        cluster.assertUndisturbed(query);
        figures.add(
                "a connection's silent death to the next one",
                log.await("worker " + identity.getFirst() + " at \\S+ connected", SETTLE_LIMIT)
                        .millisAfter(begin));
        victim.getFirst().heal();
        areUsedAgain(victim, identity);
    }

    @Test
    void aBlipShorterThanThreeHeartbeatsMovesNothing() throws Exception {
        TestingWorker victim = cluster.workers.getFirst();
        FaultCluster.Query query = hold(List.of(victim), new ArrayList<>());
        double disconnects = api.metric("weir_control_disconnects_total");
        double reassigned = api.metric("weir_work_reassigned_total");
        double tasks = victim.metric("weir_task_seconds_count");
        awaitHeartbeat(victim.control);
        victim.control.hold();
        Thread.sleep(BLIP_MILLIS);
        victim.heal();
        cluster.assertUndisturbed(query);
        assertThat(api.metric("weir_control_disconnects_total")).isEqualTo(disconnects);
        assertThat(api.metric("weir_work_reassigned_total")).isEqualTo(reassigned);
        assertThat(victim.metric("weir_task_seconds_count") - tasks)
                .as("what it had, it finished itself")
                .isEqualTo(4);
    }

    /** Returns just after messages have passed in both directions, so that the next are due in a second. */
    private static void awaitHeartbeat(TestingProxy control) throws InterruptedException {
        for (Direction direction : Direction.values()) {
            long before = control.bytes(direction);
            Await.until("a heartbeat passes", LOG_LIMIT, () -> control.bytes(direction) > before);
        }
        long[] last = {-1};
        Await.until("the exchange is over", LOG_LIMIT, () -> {
            long bytes = control.bytes(Direction.TO_SERVER) + control.bytes(Direction.TO_CLIENT);
            boolean quiet = bytes == last[0];
            last[0] = bytes;
            return quiet;
        });
    }

    @Test
    void connectionsThatBreakComeBack() throws Exception {
        for (int i = 0; i < BREAKS; i++) {
            TestingWorker victim = cluster.workers.get(i % 3);
            List<String> identity = new ArrayList<>();
            FaultCluster.Query query = hold(List.of(victim), identity);
            TestingLog log = api.process().log();
            TestingLog workerLog = victim.process().log();
            Instant broken = Instant.now();
            victim.control.breakConnections();
            cluster.assertUndisturbed(query);
            TestingLog.Line loss = log.await(FaultCluster.lossOf(identity.getFirst()), LOG_LIMIT);
            figures.add("a broken connection to the API knowing", loss.millisAfter(broken));
            figures.add(
                    "a broken connection to the worker knowing",
                    workerLog.await(WORKER_LOST_API, LOG_LIMIT).millisAfter(broken));
            assertThat(log.lines(AGAIN)).hasSize(4);
            figures.add(
                    "a broken connection to all work being assigned again",
                    log.lines(AGAIN).getLast().millisAfter(broken));
            figures.add(
                    "a broken connection to the next one",
                    log.await("worker " + identity.getFirst() + " at \\S+ connected", LOG_LIMIT)
                            .millisAfter(broken));
            victim.heal();
            victim.awaitIdle(broken, SETTLE_LIMIT);
        }
    }

    @Test
    void aSlowNetworkOnlyTakesLonger() throws Exception {
        double disconnects = api.metric("weir_control_disconnects_total");
        for (TestingWorker worker : cluster.workers) {
            for (Direction direction : Direction.values()) {
                worker.control.delay(direction, 150);
            }
            worker.artifacts.throttle(Direction.TO_CLIENT, 40_000);
        }
        try {
            cluster.assertUndisturbed(api.ask(cluster.tenant(), FaultCluster.EXPRESSION));
            cluster.assertUndisturbed(api.stream(cluster.tenant(), FaultCluster.EXPRESSION));
        } finally {
            for (TestingWorker worker : cluster.workers) {
                for (Direction direction : Direction.values()) {
                    worker.control.delay(direction, 0);
                }
                worker.artifacts.throttle(Direction.TO_CLIENT, 0);
            }
        }
        assertThat(api.metric("weir_control_disconnects_total")).isEqualTo(disconnects);
    }

    /** A worker of a release that speaks another version. */
    private static final class OtherWorker extends WorkerControlGrpc.WorkerControlImplBase {
        @Override
        public StreamObserver<ApiMessage> connect(StreamObserver<WorkerMessage> out) {
            return new StreamObserver<>() {
                @Override
                public void onNext(ApiMessage message) {
                    if (message.hasHello()) {
                        out.onNext(WorkerMessage.newBuilder()
                                .setHello(WorkerHello.newBuilder()
                                        .setProtocolVersion(OTHER_VERSION)
                                        .setWorkerId("worker-of-another-release")
                                        .setIncarnation("1")
                                        .setSession(message.getHello().getSession())
                                        .setStatus(WorkerStatus.newBuilder()
                                                .setAcceptingWork(true)
                                                .setCredits(1_000)))
                                .build());
                    } else if (message.hasAssign()) {
                        throw new IllegalStateException("it got work");
                    }
                }

                @Override
                public void onError(Throwable over) {
                    // The API has hung up, as it should.
                    out.onError(Status.CANCELLED.asRuntimeException());
                }

                @Override
                public void onCompleted() {
                    out.onCompleted();
                }
            };
        }
    }

    @Test
    void aWorkerOfAnotherVersionIsRefused() throws Exception {
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(new OtherWorker())
                .build()
                .start();
        try {
            String address = "127.0.0.1:" + server.getPort();
            FaultCluster.Api second = cluster.startApi("api-of-versions", Ports.free(), List.of(address));
            Await.until(
                    "the refusal is counted",
                    LOG_LIMIT,
                    () -> second.metric("weir_control_version_mismatch_total") >= 1,
                    () -> second.process().logTail());
            assertThat(second.process().logText())
                    .contains("control protocol version " + OTHER_VERSION)
                    .contains(address)
                    .contains("run the same release of Weir on both");
            cluster.assertUndisturbed(second.ask(cluster.tenant(), FaultCluster.EXPRESSION));
            assertThat(second.workerViews())
                    .filteredOn(view -> view.path("address").asText().equals(address))
                    .allSatisfy(view ->
                            assertThat(view.path("acceptingWork").asBoolean()).isFalse());
            assertThat(second.process().stop(Duration.ofSeconds(15))).isZero();
        } finally {
            server.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
        }
    }

    @Test
    void anApiOfAnotherVersionIsRefused() throws Exception {
        TestingWorker worker = cluster.workers.getFirst();
        TestingLog log = worker.process().log();
        double counted = worker.metric("weir_control_version_mismatch_total");
        ManagedChannel channel =
                NettyChannelBuilder.forTarget(worker.address()).usePlaintext().build();
        CompletableFuture<Status> end = new CompletableFuture<>();
        try {
            StreamObserver<ApiMessage> stream = WorkerControlGrpc.newStub(channel)
                    .connect(new StreamObserver<>() {
                        @Override
                        public void onNext(WorkerMessage message) {
                            end.complete(Status.OK.withDescription("it answered " + message));
                        }

                        @Override
                        public void onError(Throwable failure) {
                            end.complete(Status.fromThrowable(failure));
                        }

                        @Override
                        public void onCompleted() {
                            end.complete(Status.OK);
                        }
                    });
            stream.onNext(ApiMessage.newBuilder()
                    .setHello(ApiHello.newBuilder()
                            .setProtocolVersion(OTHER_VERSION)
                            .setApiId("api-of-another-release")
                            .setSession(1)
                            .setHeartbeatIntervalMillis(1_000))
                    .build());
            Status status = end.get(10, TimeUnit.SECONDS);
            assertThat(status.getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
            assertThat(status.getDescription()).contains("version " + OTHER_VERSION, "run the same release of Weir");
        } finally {
            channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
        }
        log.await("control protocol version " + OTHER_VERSION + " of API api-of-another-release", LOG_LIMIT);
        assertThat(worker.metric("weir_control_version_mismatch_total")).isEqualTo(counted + 1);
        cluster.assertUndisturbed(api.ask(cluster.tenant(), FaultCluster.EXPRESSION));
    }
}
