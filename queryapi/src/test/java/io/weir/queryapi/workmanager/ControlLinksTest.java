package io.weir.queryapi.workmanager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.google.protobuf.ByteString;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.proto.control.v1.AssignWork;
import io.weir.proto.control.v1.WorkerMessage;
import io.weir.proto.control.v1.WorkerStatus;
import io.weir.proto.leaf.v1.WorkSpec;
import io.weir.queryapi.autoscale.AutoscaleSettings;
import io.weir.queryapi.discovery.StaticDiscovery;
import io.weir.queryapi.discovery.WorkerAddress;
import io.weir.queryapi.discovery.WorkerDiscovery;
import io.weir.queryapi.fetch.ArtifactFetcher;
import io.weir.queryapi.fetch.FetchSettings;
import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.coordinator.CoordinatorLimits;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Links over real sockets: refusals, addresses that change, and what happens at the bounds of both directions. */
final class ControlLinksTest {
    private static final int OUTBOUND_MAX = 50;

    @TempDir
    private Path directory;

    private final AtomicInteger queries = new AtomicInteger();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final List<AutoCloseable> resources = new ArrayList<>();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(ControlLinks.class);

    @BeforeEach
    void listen() {
        // Long, for a machine that others load.
        Awaitility.setDefaultTimeout(Duration.ofSeconds(30));
        log.list = new CopyOnWriteArrayList<>();
        log.start();
        logger.setLevel(Level.INFO);
        logger.addAppender(log);
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable resource : resources.reversed()) {
            resource.close();
        }
        logger.detachAppender(log);
        logger.setLevel(null);
    }

    private TestingWorker worker(String id, String host, int port) throws IOException {
        TestingWorker worker = new TestingWorker(id, host, port);
        resources.add(worker);
        return worker;
    }

    private TestingWorker worker(String id) throws IOException {
        return worker(id, "127.0.0.1", 0);
    }

    private static WorkerAddress address(TestingWorker worker) {
        return new WorkerAddress("127.0.0.1", worker.port());
    }

    private GrpcWorkManager manager(WorkerDiscovery discovery, HostResolver resolver) {
        CoordinatorLimits limits =
                new CoordinatorLimits(new HeartbeatLimits(200, 5), 10_000, 100, 3, 10, 20, 10, 10, 2_000, 1_000);
        WorkManagerSettings settings = new WorkManagerSettings(
                "api-1", limits, 20, 100, 300, OUTBOUND_MAX, 8, 4 << 20, 100, 5_000, 3, AutoscaleSettings.DEFAULT);
        GrpcWorkManager manager = GrpcWorkManager.start(
                settings,
                discovery,
                new ArtifactFetcher(new FetchSettings(directory, 16, 1 << 20, 1_000, 2_000), registry),
                registry,
                resolver);
        resources.add(manager);
        return manager;
    }

    private GrpcWorkManager manager(WorkerAddress... addresses) {
        return manager(new StaticDiscovery(Set.of(addresses)), HostResolver.SYSTEM);
    }

    private double disconnects(String reason) {
        return registry.get("weir_control_disconnects_total")
                .tag("reason", reason)
                .counter()
                .count();
    }

    private List<String> logged(Level level, String part) {
        return log.list.stream()
                .filter(event -> event.getLevel() == level)
                .map(ILoggingEvent::getFormattedMessage)
                .filter(message -> message.contains(part))
                .toList();
    }

    private WorkManager.Submission submission(int units, ByteString payload) {
        String query = "q" + queries.incrementAndGet();
        List<WorkUnit> list = new ArrayList<>();
        for (int i = 0; i < units; i++) {
            WorkSpec spec =
                    WorkSpec.newBuilder().setTenant(payload.toStringUtf8()).build();
            list.add(new WorkUnit(0, query + "-w" + i, "tenant/" + i, spec));
        }
        return new WorkManager.Submission(query, "t", System.nanoTime() + TimeUnit.SECONDS.toNanos(30), list);
    }

    @Test
    void aWorkerThatRefusesOurVersionIsCountedEachTimeAndReportedOnce() throws Exception {
        TestingWorker a = worker("a");
        a.refusing = true;
        GrpcWorkManager manager = manager(address(a));
        await().until(() ->
                registry.get("weir_control_version_mismatch_total").counter().count() >= 4);
        assertThat(manager.load().workers()).isZero();
        assertThat(logged(Level.ERROR, "version 1 is not version 2")).hasSize(1);
        a.refusing = false;
        await().until(() -> manager.load().workers() == 1);
    }

    @Test
    void aWorkerOfAnotherVersionIsRefusedCountedAndReportedOnce() throws Exception {
        TestingWorker a = worker("a");
        a.protocolVersion = 7;
        manager(address(a));
        await().until(() ->
                registry.get("weir_control_version_mismatch_total").counter().count() >= 3);
        assertThat(logged(Level.ERROR, "version 7")).hasSize(1).allMatch(line -> line.contains("same release of Weir"));
        await().until(() -> a.sessions.stream().limit(3).allMatch(session -> session.ended));
    }

    @Test
    void twoWorkersWithOneIdentityAreRefusedClearly() throws Exception {
        TestingWorker a = worker("same");
        TestingWorker b = worker("same");
        GrpcWorkManager manager = manager(address(a), address(b));
        await().until(() -> disconnects("duplicate_identity") >= 4);
        assertThat(manager.load().workers()).isEqualTo(1);
        assertThat(logged(Level.ERROR, "answers with the same id"))
                .hasSize(1)
                .allMatch(line -> line.contains("worker same") && line.contains("give every worker its own"));
        assertThat(logged(Level.INFO, "connected")).hasSize(1);
    }

    @Test
    void aHostNameThatGetsAnotherAddressIsFollowed() throws Exception {
        TestingWorker before = worker("a", "127.0.0.1", 0);
        int port = before.port();
        List<String> behind = new CopyOnWriteArrayList<>(List.of("127.0.0.1"));
        HostResolver resolver = host -> {
            assertThat(host).isEqualTo("worker-a.example");
            return behind.stream().map(InetAddress::ofLiteral).toArray(InetAddress[]::new);
        };
        GrpcWorkManager manager =
                manager(new StaticDiscovery(Set.of(new WorkerAddress("worker-a.example", port))), resolver);
        await().until(() -> manager.load().workers() == 1);
        TestingWorker after = worker("a", "127.0.0.2", port);
        behind.set(0, "127.0.0.2");
        before.close();
        await().until(() -> after.sessions.stream().anyMatch(session -> session.hello != null)
                && manager.load().workers() == 1);
        assertThat(registry.get("weir_control_reconnect").timer().count()).isEqualTo(1);
        assertThat(registry.get("weir_control_reconnect").timer().max(TimeUnit.MILLISECONDS))
                .isLessThan(5_000);
    }

    @Test
    void anAddressThatDoesNotAnswerIsFollowedByTheNextOfTheName() throws Exception {
        TestingWorker a = worker("a", "127.0.0.3", 0);
        HostResolver resolver =
                host -> new InetAddress[] {InetAddress.ofLiteral("127.0.0.2"), InetAddress.ofLiteral("127.0.0.3")};
        GrpcWorkManager manager =
                manager(new StaticDiscovery(Set.of(new WorkerAddress("worker-a.example", a.port()))), resolver);
        await().until(() -> manager.load().workers() == 1);
    }

    @Test
    void aNameServiceThatFailsOrHangsIsReportedAndDoesNotPileUpThreads() throws Exception {
        AtomicInteger lookups = new AtomicInteger();
        CountDownLatch release = new CountDownLatch(1);
        TestingWorker a = worker("a");
        HostResolver resolver = host -> {
            int lookup = lookups.incrementAndGet();
            if (lookup == 1) {
                throw new UnknownHostException(host);
            }
            if (lookup == 2) {
                throw new IllegalArgumentException("bad name");
            }
            if (lookup == 3) {
                awaitQuietly(release);
            }
            return lookup == 4 ? new InetAddress[0] : new InetAddress[] {InetAddress.ofLiteral("127.0.0.1")};
        };
        GrpcWorkManager manager =
                manager(new StaticDiscovery(Set.of(new WorkerAddress("worker-a.example", a.port()))), resolver);
        await().until(() -> !logged(Level.WARN, "name service has not answered").isEmpty());
        assertThat(lookups).hasValue(3);
        release.countDown();
        await().until(() -> manager.load().workers() == 1);
        assertThat(logged(Level.WARN, "does not resolve")).hasSize(1);
        assertThat(logged(Level.WARN, "bad name")).hasSize(1);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aReplacedAddressIsDialledAndTheIdentityMovesWithIt() throws Exception {
        TestingWorker before = worker("a");
        WorkerAddress first = address(before);
        List<WorkerDiscovery.Listener> listeners = new CopyOnWriteArrayList<>();
        GrpcWorkManager manager = manager(
                new WorkerDiscovery() {
                    @Override
                    public void start(Listener listener) {
                        listeners.add(listener);
                        listener.addresses(Set.of(first));
                    }

                    @Override
                    public void close() {
                        listeners.clear();
                    }
                },
                HostResolver.SYSTEM);
        await().until(() -> manager.load().workers() == 1);
        TestingWorker after = worker("a");
        listeners.getFirst().addresses(Set.of(address(after)));
        await().until(() -> disconnects("duplicate_identity") >= 1);
        assertThat(manager.load().workers()).as("the live stream stays").isEqualTo(1);
        before.close();
        await().until(() -> manager.workers().size() == 1
                && manager.workers().getFirst().address().equals(address(after).toString())
                && manager.workers().getFirst().state().equals("alive"));
    }

    /** As in Kubernetes: the pod that ends leaves the list at once, and must still be able to hand its artifacts over. */
    @Test
    void aDrainingWorkerKeepsItsStreamAfterItsListingUntilItEndsIt() throws Exception {
        TestingWorker ending = worker("ending");
        TestingWorker other = worker("other");
        List<AssignWork> held = new CopyOnWriteArrayList<>();
        ending.work = (assignment, session) -> {
            session.accept(assignment);
            held.add(assignment);
        };
        List<WorkerDiscovery.Listener> listeners = new CopyOnWriteArrayList<>();
        GrpcWorkManager manager = manager(
                new WorkerDiscovery() {
                    @Override
                    public void start(Listener listener) {
                        listeners.add(listener);
                        listener.addresses(Set.of(address(ending), address(other)));
                    }

                    @Override
                    public void close() {
                        listeners.clear();
                    }
                },
                HostResolver.SYSTEM);
        await().until(() -> manager.load().workers() == 2);
        TestingListener listener = new TestingListener(20);
        manager.submit(submission(20, ByteString.EMPTY), listener);
        await().until(() -> !held.isEmpty() && held.size() + other.assigned.size() == 20);
        TestingWorker.Session session = ending.sessions.getFirst();
        listeners.getFirst().addresses(Set.of(address(other)));
        session.status(false, true);
        await().until(() ->
                manager.workers().stream().anyMatch(view -> view.workerId().equals("ending") && view.draining()));
        held.forEach(session::complete);
        listener.awaitCommitted();
        assertThat(listener.artifacts.values().stream()
                        .filter(artifact -> artifact.workerId().equals("ending")))
                .hasSize(held.size());
        await().until(() -> ending.acknowledged.size() == held.size());
        session.responses.onCompleted();
        await().until(() -> manager.workers().size() == 1);
        assertThat(ending.sessions).as("not dialled again").hasSize(1);
        assertThat(disconnects("peer_ended")).isEqualTo(1);
    }

    @Test
    void addressesBeyondTheLimitAreReportedOnceAndTakenWhenThereIsRoom() throws Exception {
        TestingWorker a = worker("a");
        Set<WorkerAddress> four = Set.of(
                address(a),
                new WorkerAddress("127.0.0.9", 1),
                new WorkerAddress("127.0.0.9", 2),
                new WorkerAddress("127.0.0.9", 3));
        List<WorkerDiscovery.Listener> listeners = new CopyOnWriteArrayList<>();
        GrpcWorkManager manager = manager(
                new WorkerDiscovery() {
                    @Override
                    public void start(Listener listener) {
                        listeners.add(listener);
                    }

                    @Override
                    public void close() {
                        listeners.clear();
                    }
                },
                HostResolver.SYSTEM);
        listeners.getFirst().addresses(four);
        listeners.getFirst().addresses(four);
        await().until(() -> manager.workers().size() == 3);
        assertThat(logged(Level.ERROR, "beyond the limit of 3")).hasSize(1);
        listeners.getFirst().addresses(Set.of(address(a)));
        await().until(() -> manager.workers().size() == 1 && manager.load().workers() == 1);
    }

    /** A worker that stops reading: its stream ends as failed at the bound, and its work is done by the other one. */
    @Test
    void whatAWorkerDoesNotReadEndsItsStreamAtTheBoundAndRunsElsewhere() throws Exception {
        TestingWorker stuck = worker("stuck");
        TestingWorker well = worker("well");
        stuck.reading = false;
        GrpcWorkManager manager = manager(address(stuck), address(well));
        ByteString payload = ByteString.copyFrom(new byte[16_384]);
        for (int i = 0; i < 2_000 && disconnects("back_pressure") == 0; i++) {
            await().until(() -> manager.load().workers() == 2 || disconnects("back_pressure") > 0);
            WorkManager.QueryWork work = manager.submit(submission(20, payload), new TestingListener(20));
            work.cancel("churn");
        }
        assertThat(disconnects("back_pressure")).isEqualTo(1);
        assertThat(logged(Level.WARN, "does not read: " + OUTBOUND_MAX + " messages wait"))
                .hasSize(1)
                .allMatch(line -> line.contains("worker stuck"));
        TestingListener listener = new TestingListener(40);
        manager.submit(submission(40, payload), listener);
        listener.awaitCommitted();
        assertThat(listener.artifacts.values())
                .allMatch(artifact -> artifact.workerId().equals("well"));
        assertThat(listener.twice).isEmpty();
    }

    /** However many credits a worker grants, what they allow at once fits the bound: a well worker never meets it. */
    @Test
    void aWellWorkerNeverMeetsTheBound() throws Exception {
        TestingWorker a = worker("a");
        a.credits = 5_000;
        GrpcWorkManager manager = manager(address(a));
        await().until(() -> manager.load().workers() == 1);
        a.sessions.getFirst().status(true, false);
        TestingListener listener = new TestingListener(600);
        manager.submit(submission(600, ByteString.copyFrom(new byte[4_096])), listener);
        listener.awaitCommitted();
        assertThat(manager.workers().getFirst().credits()).isEqualTo((OUTBOUND_MAX - 16) / 3);
        assertThat(a.sessions).hasSize(1);
    }

    /** A busy API: the transport holds the worker's messages back, and none is lost. */
    @Test
    void whatTheApiDoesNotHandleHoldsTheWorkerBackAndNothingIsLost() throws Exception {
        TestingWorker a = worker("a");
        GrpcWorkManager manager = manager(address(a));
        await().until(() -> manager.load().workers() == 1);
        CountDownLatch busy = new CountDownLatch(1);
        manager.submit(submission(1, ByteString.EMPTY), new WorkManager.Listener() {
            @Override
            public void committed(WorkUnit unit, WorkManager.FetchedArtifact artifact) {
                awaitQuietly(busy);
            }

            @Override
            public void failed(io.weir.promql.error.QueryException cause) {
                throw new AssertionError(cause);
            }
        });
        await().until(() -> !a.assigned.isEmpty());
        TestingWorker.Session session = a.sessions.getFirst();
        int sent = 0;
        while (session.responses.isReady() && sent < 1_000_000) {
            sent++;
            session.send(status(sent));
        }
        assertThat(sent).as("the window closed").isLessThan(1_000_000);
        busy.countDown();
        int last = sent;
        await().until(() -> manager.workers().getFirst().running() == last);
        assertThat(session.ended).isFalse();
    }

    private static WorkerMessage status(int running) {
        return WorkerMessage.newBuilder()
                .setStatus(WorkerStatus.newBuilder().setAcceptingWork(true).setRunning(running))
                .build();
    }
}
