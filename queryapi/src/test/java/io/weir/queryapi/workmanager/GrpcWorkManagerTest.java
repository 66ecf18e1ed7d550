package io.weir.queryapi.workmanager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.grpc.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.promql.error.QueryException;
import io.weir.proto.control.v1.AssignWork;
import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.proto.leaf.v1.WorkSpec;
import io.weir.queryapi.autoscale.AutoscaleSettings;
import io.weir.queryapi.discovery.StaticDiscovery;
import io.weir.queryapi.discovery.WorkerAddress;
import io.weir.queryapi.discovery.WorkerDiscovery;
import io.weir.queryapi.fetch.ArtifactFetcher;
import io.weir.queryapi.fetch.FetchSettings;
import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.coordinator.CoordinatorLimits;
import io.weir.workcoord.coordinator.Priority;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GrpcWorkManagerTest {
    @TempDir
    private Path directory;

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final List<AutoCloseable> resources = new ArrayList<>();
    private final AtomicInteger queries = new AtomicInteger();

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable resource : resources.reversed()) {
            resource.close();
        }
    }

    private TestingWorker worker(String id) throws IOException {
        TestingWorker worker = new TestingWorker(id);
        resources.add(worker);
        return worker;
    }

    private static WorkManagerSettings settings(HeartbeatLimits heartbeat, int worksMax) {
        CoordinatorLimits limits = new CoordinatorLimits(heartbeat, worksMax, 100, 3, 10, 20, 10, 10, 2_000, 1_000);
        return new WorkManagerSettings(
                "api-1", limits, 20, 200, 1_000, 1_000, 16, 1 << 20, 100, 5_000, 10, AutoscaleSettings.DEFAULT);
    }

    private GrpcWorkManager manager(WorkerDiscovery discovery, HeartbeatLimits heartbeat, int worksMax) {
        GrpcWorkManager manager = GrpcWorkManager.start(
                settings(heartbeat, worksMax),
                discovery,
                new ArtifactFetcher(new FetchSettings(directory, 16, 1 << 20, 1_000, 2_000), registry),
                registry);
        resources.add(manager);
        return manager;
    }

    private GrpcWorkManager connected(TestingWorker... workers) {
        Set<WorkerAddress> addresses = new TreeSet<>();
        for (TestingWorker worker : workers) {
            addresses.add(new WorkerAddress("127.0.0.1", worker.port()));
        }
        GrpcWorkManager manager = manager(new StaticDiscovery(addresses), HeartbeatLimits.DEFAULT, 1_000);
        await().until(() -> manager.load().workers() == workers.length);
        return manager;
    }

    private WorkManager.Submission submission(int units, long timeoutMillis) {
        String query = "q" + queries.incrementAndGet();
        List<WorkUnit> list = new ArrayList<>();
        for (int i = 0; i < units; i++) {
            list.add(new WorkUnit(
                    i % 2,
                    query + "-w" + i,
                    "tenant/" + i,
                    WorkSpec.newBuilder().setTenant("t").build()));
        }
        return new WorkManager.Submission(
                query, "t", System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis), list);
    }

    private double counter(String name) {
        return registry.get(name).counter().count();
    }

    private void assertNoFilesLeft() {
        await().until(() -> {
            try (Stream<Path> files = Files.list(directory)) {
                return files.findAny().isEmpty();
            }
        });
    }

    @Test
    void workFansOutOverAllWorkersAndComesBackOnce() throws Exception {
        TestingWorker a = worker("a");
        TestingWorker b = worker("b");
        TestingWorker c = worker("c");
        GrpcWorkManager manager = connected(a, b, c);
        TestingListener listener = new TestingListener(60);
        WorkManager.Submission submission = submission(60, 20_000);
        manager.submit(submission, listener);
        listener.awaitCommitted();
        assertThat(listener.contents)
                .hasSize(60)
                .allSatisfy((id, text) -> assertThat(text).isEqualTo("artifact of " + id));
        assertThat(listener.twice).isEmpty();
        for (TestingWorker worker : List.of(a, b, c)) {
            assertThat(worker.assigned).as(worker.workerId).hasSizeBetween(8, 36);
            await().until(() -> worker.acknowledged.size() == worker.assigned.size());
            AssignWork first = worker.assigned.getFirst();
            assertThat(first.getSpec().getTenant()).isEqualTo("t");
            assertThat(first.getDeadlineRemainingMillis()).isBetween(1L, 20_000L);
        }
        WorkUnit unit = submission.units().getFirst();
        WorkManager.FetchedArtifact artifact = Objects.requireNonNull(listener.artifacts.get(unit.workId()));
        assertThat(manager.placement(unit.affinityKey())).contains(artifact.workerId());
        assertThat(artifact.statistics().getSamplesRead()).isEqualTo(5);
        await().until(() -> manager.load().queries() == 0 && manager.load().inFlight() == 0);
        assertThat(registry.get("weir_work_affinity_hit_ratio").gauge().value()).isEqualTo(1.0);
        assertNoFilesLeft();
    }

    @Test
    void theLoadShowsWhatRunsAndWhatWasRefusedForLackOfWorkers() throws Exception {
        GrpcWorkManager lonely = manager(new StaticDiscovery(Set.of()), HeartbeatLimits.DEFAULT, 1_000);
        assertThat(lonely.load()).isEqualTo(new WorkLoad(0, 0, 0, 0, 0, 0, 0, 1));
        assertThatThrownBy(() -> lonely.submit(submission(40, 5_000), new TestingListener(40)))
                .isInstanceOf(QueryException.Unavailable.class);
        // 40 pieces, half of the 8 assumed credits for each worker.
        await().until(() -> lonely.load().desiredWorkers() == 10);
        assertThat(lonely.load().queued()).isZero();

        TestingWorker worker = worker("a");
        worker.credits = 20;
        worker.work = (assignment, session) -> {
            // Never finishes.
        };
        GrpcWorkManager manager = connected(worker);
        int credits = manager.load().capacity();
        TestingListener listener = new TestingListener(credits + 10);
        manager.submit(submission(credits + 10, 20_000), listener);
        await().until(() -> manager.load().inFlight() == credits);
        WorkLoad first = manager.load();
        assertThat(first.queued()).isEqualTo(10);
        assertThat(first.desiredWorkers()).isGreaterThanOrEqualTo((int) Math.ceil((credits + 10) / (credits / 2.0)));
        await().until(() -> manager.load().oldestQueuedMillis() > first.oldestQueuedMillis() + 50);
    }

    private WorkManager.Submission background(int units) {
        WorkManager.Submission users = submission(units, 20_000);
        return new WorkManager.Submission(
                users.queryId(), users.tenant(), users.deadlineNanos(), users.units(), Priority.BACKGROUND);
    }

    @Test
    void backgroundWorkHasAShareOfAWorkerAndAsksForNoMoreOfThem() throws Exception {
        GrpcWorkManager lonely = manager(new StaticDiscovery(Set.of()), HeartbeatLimits.DEFAULT, 1_000);
        assertThatThrownBy(() -> lonely.submit(background(40), new TestingListener(40)))
                .isInstanceOf(QueryException.Unavailable.class);
        assertThat(lonely.load().desiredWorkers()).as("one is enough").isEqualTo(1);

        TestingWorker worker = worker("a");
        worker.credits = 8;
        worker.work = (assignment, session) -> {
            // Never finishes.
        };
        GrpcWorkManager manager = connected(worker);
        manager.submit(background(40), new TestingListener(40));
        await().until(() -> worker.assigned.size() == 2);
        assertThat(manager.load().queued()).as("it waits for its share").isZero();
        assertThat(manager.load().oldestQueuedMillis()).isZero();
        manager.submit(submission(10, 20_000), new TestingListener(10));
        await().until(() -> worker.assigned.size() == 8);
        assertThat(manager.load().queued()).isEqualTo(4);
        assertThat(worker.assigned.subList(2, 8))
                .extracting(AssignWork::getQueryId)
                .as("a user's")
                .containsOnly("q3");
    }

    @Test
    void manySmallQueriesCompleteQuickly() throws Exception {
        TestingWorker a = worker("a");
        GrpcWorkManager manager = connected(a);
        long[] micros = new long[300];
        for (int i = 0; i < micros.length; i++) {
            TestingListener listener = new TestingListener(1);
            long before = System.nanoTime();
            manager.submit(submission(1, 20_000), listener);
            listener.awaitCommitted();
            micros[i] = (System.nanoTime() - before) / 1_000;
        }
        java.util.Arrays.sort(micros, 100, micros.length);
        System.out.println(
                "submit to commit on loopback, after 100: p50 " + micros[200] + " us, p90 " + micros[280] + " us");
        assertThat(a.assigned).hasSize(micros.length);
    }

    @Test
    void aWorkerThatDiesMidWorkIsReplaced() throws Exception {
        TestingWorker a = worker("a");
        TestingWorker b = worker("b");
        a.work = (assignment, session) -> session.accept(assignment);
        GrpcWorkManager manager = connected(a, b);
        TestingListener listener = new TestingListener(20);
        manager.submit(submission(20, 20_000), listener);
        await().until(() -> !a.assigned.isEmpty());
        a.close();
        listener.awaitCommitted();
        assertThat(b.assigned).hasSize(20);
        assertThat(counter("weir_work_reassigned_total")).isEqualTo(a.assigned.size());
        assertThat(manager.workers())
                .extracting(WorkManager.WorkerView::state)
                .containsExactlyInAnyOrder("alive", "lost");
    }

    @Test
    void anArtifactThatDiesWithItsWorkerIsComputedAgain() throws Exception {
        TestingWorker a = worker("a");
        TestingWorker b = worker("b");
        CountDownLatch announced = new CountDownLatch(1);
        a.work = (assignment, session) -> {
            session.ready(assignment, TestingWorker.sha256(new byte[1]), 1);
            announced.countDown();
            a.close();
        };
        GrpcWorkManager manager = connected(a, b);
        TestingListener listener = new TestingListener(20);
        manager.submit(submission(20, 20_000), listener);
        announced.await();
        listener.awaitCommitted();
        assertThat(listener.artifacts.values())
                .allMatch(artifact -> artifact.workerId().equals("b"));
    }

    @Test
    void aRejectionAndADrainSendWorkElsewhere() throws Exception {
        TestingWorker a = worker("a");
        TestingWorker b = worker("b");
        a.work = (assignment, session) -> session.reject(assignment);
        GrpcWorkManager manager = connected(a, b);
        TestingListener first = new TestingListener(20);
        manager.submit(submission(20, 20_000), first);
        first.awaitCommitted();
        assertThat(first.artifacts.values())
                .allMatch(artifact -> artifact.workerId().equals("b"));
        a.sessions.getFirst().status(false, true);
        await().until(() ->
                manager.workers().stream().anyMatch(view -> view.state().equals("draining")));
        int before = a.assigned.size();
        TestingListener second = new TestingListener(20);
        manager.submit(submission(20, 20_000), second);
        second.awaitCommitted();
        assertThat(a.assigned).hasSize(before);
        assertThat(counter("weir_work_rejected_total")).isPositive();
    }

    @Test
    void cancelReachesTheWorkersAndTheListenerHearsNothingMore() throws Exception {
        TestingWorker a = worker("a");
        a.work = (assignment, session) -> {
            session.accept(assignment);
            if (assignment.getWorkId().endsWith("w0")) {
                session.complete(assignment);
            }
        };
        GrpcWorkManager manager = connected(a);
        TestingListener listener = new TestingListener(1);
        WorkManager.QueryWork work = manager.submit(submission(5, 20_000), listener);
        listener.awaitCommitted();
        await().until(() -> a.assigned.size() == 5);
        work.cancel("client went away");
        work.cancel("again");
        await().until(() -> a.canceled.size() == 4);
        for (AssignWork assignment : a.assigned) {
            a.sessions.getFirst().complete(assignment);
        }
        await().until(() -> manager.load().queries() == 0);
        assertThat(listener.contents).hasSize(1);
        assertThat(listener.failures).isEmpty();
        assertNoFilesLeft();
    }

    @Test
    void theDeadlineFailsTheQueryAndCancelsItsWork() throws Exception {
        TestingWorker a = worker("a");
        a.work = (assignment, session) -> session.accept(assignment);
        GrpcWorkManager manager = connected(a);
        TestingListener listener = new TestingListener(1);
        manager.submit(submission(3, 200), listener);
        assertThat(listener.awaitFailure()).isInstanceOf(QueryException.Timeout.class);
        await().until(() -> a.canceled.size() == 3);
        assertThat(listener.failures).hasSize(1);
    }

    @Test
    void withoutWorkersASubmissionIsRefusedNamingThat() {
        GrpcWorkManager manager = manager(new StaticDiscovery(Set.of()), HeartbeatLimits.DEFAULT, 10);
        assertThatThrownBy(() -> manager.submit(submission(1, 1_000), new TestingListener(1)))
                .isInstanceOf(QueryException.Unavailable.class)
                .hasMessageContaining("no query workers are connected");
        assertThat(manager.placement("k")).isEmpty();
    }

    @Test
    void theQueueIsBounded() throws Exception {
        TestingWorker a = worker("a");
        a.credits = 2;
        a.work = (assignment, session) -> session.accept(assignment);
        GrpcWorkManager manager = manager(
                new StaticDiscovery(Set.of(new WorkerAddress("127.0.0.1", a.port()))), HeartbeatLimits.DEFAULT, 10);
        await().until(() -> manager.load().workers() == 1);
        manager.submit(submission(8, 20_000), new TestingListener(1));
        assertThatThrownBy(() -> manager.submit(submission(3, 1_000), new TestingListener(1)))
                .isInstanceOf(QueryException.Unavailable.class)
                .hasMessageContaining("the limit is 10");
        await().until(() -> a.assigned.size() == 2);
        assertThat(manager.load().queued()).isEqualTo(6);
        assertThat(registry.get("weir_api_queue_depth").gauge().value()).isEqualTo(6);
        assertThat(manager.workers().getFirst().inFlight()).isEqualTo(2);
    }

    @Test
    void aWorkerOfAnotherProtocolVersionIsRefused() throws Exception {
        TestingWorker a = worker("a");
        a.protocolVersion = 2;
        GrpcWorkManager manager = manager(
                new StaticDiscovery(Set.of(new WorkerAddress("127.0.0.1", a.port()))), HeartbeatLimits.DEFAULT, 10);
        await().until(() -> a.sessions.size() >= 2);
        assertThat(manager.load().workers()).isZero();
        assertThat(manager.workers().getFirst().state()).isEqualTo("connecting");
        a.protocolVersion = 1;
        await().until(() -> manager.load().workers() == 1);
    }

    @Test
    void aCorruptArtifactIsComputedAgainElsewhere() throws Exception {
        TestingWorker a = worker("a");
        TestingWorker b = worker("b");
        a.work = (assignment, session) -> {
            a.artifacts.put(assignment.getWorkId(), "corrupt".getBytes(java.nio.charset.StandardCharsets.UTF_8));
            session.ready(assignment, TestingWorker.sha256(new byte[7]), 7);
        };
        GrpcWorkManager manager = connected(a, b);
        TestingListener listener = new TestingListener(10);
        manager.submit(submission(10, 20_000), listener);
        listener.awaitCommitted();
        assertThat(listener.artifacts.values())
                .allMatch(artifact -> artifact.workerId().equals("b"));
        assertThat(counter("weir_artifact_checksum_mismatch_total")).isEqualTo(a.assigned.size());
        assertNoFilesLeft();
    }

    @Test
    void anArtifactThatIsGoneOrOfAnUnknownVersionIsComputedAgainElsewhere() throws Exception {
        TestingWorker a = worker("a");
        TestingWorker b = worker("b");
        AtomicInteger turns = new AtomicInteger();
        a.work = (assignment, session) -> {
            if (turns.getAndIncrement() % 2 == 0) {
                // Announced and not there any more: a fetch that comes too late.
                session.ready(assignment, TestingWorker.sha256(new byte[1]), 1);
            } else {
                session.ready(assignment, TestingWorker.sha256(new byte[1]), 1, 9, 0);
            }
        };
        GrpcWorkManager manager = connected(a, b);
        TestingListener listener = new TestingListener(10);
        manager.submit(submission(10, 20_000), listener);
        listener.awaitCommitted();
        assertThat(turns).hasValueGreaterThan(1);
        assertThat(listener.artifacts.values())
                .allMatch(artifact -> artifact.workerId().equals("b"));
        a.close();
        b.work = (assignment, session) -> session.ready(assignment, TestingWorker.sha256(new byte[1]), 1, 9, 0);
        TestingListener failing = new TestingListener(1);
        manager.submit(submission(1, 20_000), failing);
        assertThat(failing.awaitFailure())
                .hasMessageContaining("schema version 9")
                .hasMessageContaining("run API and workers of the same release");
        assertNoFilesLeft();
    }

    @Test
    void aSpoolWithoutRoomFailsTheQueryByItsLimitAndNotTheOthers() throws Exception {
        TestingWorker a = worker("a");
        FetchSettings small = new FetchSettings(directory, 16, 2_000_000, 1_000, 2_000, 2_000_000, 50, 1, 1);
        GrpcWorkManager manager = GrpcWorkManager.start(
                settings(HeartbeatLimits.DEFAULT, 1_000),
                new StaticDiscovery(Set.of(new WorkerAddress("127.0.0.1", a.port()))),
                new ArtifactFetcher(small, registry),
                registry);
        resources.add(manager);
        await().until(() -> manager.load().workers() == 1);
        CountDownLatch held = new CountDownLatch(1);
        List<WorkManager.FetchedArtifact> kept = new CopyOnWriteArrayList<>();
        TestingListener tooMuch = new TestingListener(1);
        a.work = (assignment, session) -> {
            if (assignment.getQueryId().equals("q1")) {
                session.complete(assignment);
            } else {
                session.ready(assignment, "00", 2_000_000);
            }
        };
        manager.submit(submission(1, 20_000), new WorkManager.Listener() {
            @Override
            public void committed(WorkUnit unit, WorkManager.FetchedArtifact artifact) {
                kept.add(artifact);
                held.countDown();
            }

            @Override
            public void failed(QueryException cause) {
                throw new IllegalStateException(cause);
            }
        });
        assertThat(held.await(20, TimeUnit.SECONDS)).isTrue();
        manager.submit(submission(1, 20_000), tooMuch);
        assertThat(tooMuch.awaitFailure())
                .isInstanceOf(QueryException.Unavailable.class)
                .hasMessageContaining("fetch-spool-bytes-max");
        a.work = (assignment, session) -> session.ready(assignment, "00", 2_000_001);
        TestingListener tooLarge = new TestingListener(1);
        manager.submit(submission(1, 20_000), tooLarge);
        assertThat(tooLarge.awaitFailure())
                .isInstanceOf(QueryException.LimitExceeded.class)
                .hasMessageContaining("fetch-artifact-bytes-max");
        assertThat(a.assigned).as("no work ran again for it").hasSize(3);
        await().until(() -> a.canceled.size() == 2);
        assertThat(kept.getFirst().file()).exists();
        kept.getFirst().delete();
        assertNoFilesLeft();
    }

    @Test
    void duplicatesAreDropped() throws Exception {
        TestingWorker a = worker("a");
        a.work = (assignment, session) -> {
            session.complete(assignment);
            session.complete(assignment);
            session.complete(assignment);
        };
        GrpcWorkManager manager = connected(a);
        TestingListener listener = new TestingListener(10);
        manager.submit(submission(10, 20_000), listener);
        listener.awaitCommitted();
        await().until(() ->
                counter("weir_work_duplicates_dropped_total") + counter("weir_work_stale_dropped_total") == 20);
        assertThat(listener.twice).isEmpty();
        assertNoFilesLeft();
    }

    @Test
    void failuresBecomeWhatTheQueryEndsWith() throws Exception {
        TestingWorker a = worker("a");
        GrpcWorkManager manager = connected(a);
        record Case(FailureClass failureClass, Class<? extends QueryException> type) {}
        for (Case each : List.of(
                new Case(FailureClass.BAD_QUERY, QueryException.Execution.class),
                new Case(FailureClass.LIMIT_EXCEEDED, QueryException.LimitExceeded.class),
                new Case(FailureClass.MISSING_OBJECT, UnreadableObjectException.class),
                new Case(FailureClass.CORRUPT_OBJECT, UnreadableObjectException.class),
                new Case(FailureClass.DEADLINE_EXCEEDED, QueryException.Timeout.class),
                new Case(FailureClass.INTERNAL, QueryException.Internal.class))) {
            a.work = (assignment, session) -> session.fail(assignment, each.failureClass(), "because");
            TestingListener listener = new TestingListener(1);
            manager.submit(submission(1, 20_000), listener);
            assertThat(listener.awaitFailure()).isInstanceOf(each.type()).hasMessageContaining("because");
        }
    }

    @Test
    void aListenerThatFailsFailsItsQueryOnly() throws Exception {
        TestingWorker a = worker("a");
        GrpcWorkManager manager = connected(a);
        CountDownLatch failed = new CountDownLatch(1);
        manager.submit(submission(2, 20_000), new WorkManager.Listener() {
            @Override
            public void committed(WorkUnit unit, WorkManager.FetchedArtifact artifact) {
                throw new IllegalStateException("listener's defect");
            }

            @Override
            public void failed(QueryException cause) {
                failed.countDown();
            }
        });
        assertThat(failed.await(20, TimeUnit.SECONDS)).isTrue();
        TestingListener listener = new TestingListener(5);
        manager.submit(submission(5, 20_000), listener);
        listener.awaitCommitted();
        assertNoFilesLeft();
    }

    @Test
    void aWorkerThatStartsLateOrComesBackIsFound() throws Exception {
        TestingWorker first = new TestingWorker("a");
        int port = first.port();
        first.close();
        GrpcWorkManager manager =
                manager(new StaticDiscovery(Set.of(new WorkerAddress("127.0.0.1", port))), HeartbeatLimits.DEFAULT, 10);
        await().until(() -> !manager.workers().isEmpty());
        TestingWorker second = new TestingWorker("a", port);
        resources.add(second);
        await().until(() -> manager.load().workers() == 1);
        second.sessions.getLast().close(Status.UNAVAILABLE);
        await().until(() -> second.sessions.size() >= 2 && manager.load().workers() == 1);
        assertThat(registry.get("weir_control_disconnects_total")
                        .tag("reason", "connection_lost")
                        .counter()
                        .count())
                .isEqualTo(1);
        assertThat(registry.get("weir_control_reconnect").timer().count()).isEqualTo(1);
        TestingListener listener = new TestingListener(3);
        manager.submit(submission(3, 20_000), listener);
        listener.awaitCommitted();
    }

    @Test
    void discoveryIsFollowedAndALiveStreamOutlivesItsListing() throws Exception {
        TestingWorker a = worker("a");
        TestingWorker b = worker("b");
        WorkerAddress addressA = new WorkerAddress("127.0.0.1", a.port());
        WorkerAddress addressB = new WorkerAddress("127.0.0.1", b.port());
        TestingDiscovery discovery = new TestingDiscovery();
        GrpcWorkManager manager = manager(discovery, HeartbeatLimits.DEFAULT, 100);
        discovery.tell(Set.of(addressA));
        await().until(() -> manager.load().workers() == 1);
        discovery.tell(Set.of(addressB));
        await().until(() -> manager.load().workers() == 2);
        a.sessions.getFirst().close(Status.UNAVAILABLE);
        await().until(() -> manager.workers().size() == 1);
        assertThat(a.sessions).hasSize(1);
    }

    @Test
    void closeFailsWhatRunsAndEndsTheStreams() throws Exception {
        TestingWorker a = worker("a");
        a.work = (assignment, session) -> session.accept(assignment);
        GrpcWorkManager manager = connected(a);
        TestingListener listener = new TestingListener(1);
        manager.submit(submission(1, 20_000), listener);
        await().until(() -> !a.assigned.isEmpty());
        manager.close();
        assertThat(listener.awaitFailure()).isInstanceOf(QueryException.Unavailable.class);
        await().until(() -> a.sessions.getFirst().ended);
        assertThatThrownBy(() -> manager.submit(submission(1, 1_000), listener)).hasMessageContaining("shutting down");
    }

    @Test
    void closeFailsWhatWaitsToo() throws Exception {
        TestingWorker a = worker("a");
        a.credits = 2;
        a.work = (assignment, session) -> session.accept(assignment);
        GrpcWorkManager manager = connected(a);
        List<TestingListener> listeners = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            listeners.add(new TestingListener(2));
            manager.submit(submission(2, 20_000), listeners.getLast());
        }
        await().until(() -> a.assigned.size() == 2 && manager.load().queued() == 8);
        manager.close();
        for (TestingListener listener : listeners) {
            assertThat(listener.awaitFailure())
                    .isInstanceOf(QueryException.Unavailable.class)
                    .hasMessageContaining("shutting down");
        }
        await().until(() -> a.sessions.getFirst().ended);
    }

    @Test
    void heartbeatsAreMeasured() throws Exception {
        TestingWorker a = worker("a");
        GrpcWorkManager manager = manager(
                new StaticDiscovery(Set.of(new WorkerAddress("127.0.0.1", a.port()))), new HeartbeatLimits(50, 20), 10);
        await().until(() -> registry.get("weir_control_heartbeat_rtt").timer().count() > 2);
        assertThat(manager.workers().getFirst().heartbeatRttMillis()).isPositive();
    }

    @Test
    @Tag("slow")
    void aHalfOpenConnectionIsDetectedWithinThreeAndAHalfSeconds() throws Exception {
        TestingWorker a = worker("a");
        TestingWorker b = worker("b");
        TestingProxy proxy = new TestingProxy(a.port());
        resources.add(proxy);
        a.work = (assignment, session) -> session.accept(assignment);
        GrpcWorkManager manager = manager(
                new StaticDiscovery(
                        Set.of(new WorkerAddress("127.0.0.1", proxy.port()), new WorkerAddress("127.0.0.1", b.port()))),
                HeartbeatLimits.DEFAULT,
                1_000);
        await().until(() -> manager.load().workers() == 2);
        TestingListener listener = new TestingListener(20);
        manager.submit(submission(20, 60_000), listener);
        await().until(() -> !a.assigned.isEmpty());
        long before = System.nanoTime();
        proxy.swallowing = true;
        await().atMost(10, TimeUnit.SECONDS).until(() -> manager.load().workers() == 1);
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before)).isLessThan(3_500);
        listener.awaitCommitted();
    }

    /** Says what a test says. */
    private static final class TestingDiscovery implements WorkerDiscovery {
        private volatile Listener listener = addresses -> {};

        @Override
        public void start(Listener newListener) {
            listener = newListener;
        }

        void tell(Set<WorkerAddress> addresses) {
            listener.addresses(addresses);
        }

        @Override
        public void close() {
            listener = addresses -> {};
        }
    }
}
