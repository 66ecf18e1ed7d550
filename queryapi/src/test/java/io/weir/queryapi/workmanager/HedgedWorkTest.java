package io.weir.queryapi.workmanager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.proto.control.v1.AssignWork;
import io.weir.proto.leaf.v1.WorkSpec;
import io.weir.queryapi.autoscale.AutoscaleSettings;
import io.weir.queryapi.discovery.StaticDiscovery;
import io.weir.queryapi.discovery.WorkerAddress;
import io.weir.queryapi.fetch.ArtifactFetcher;
import io.weir.queryapi.fetch.FetchSettings;
import io.weir.workcoord.coordinator.CoordinatorLimits;
import io.weir.workcoord.coordinator.HedgeLimits;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Second attempts at stragglers over real streams and downloads. */
final class HedgedWorkTest {
    private static final int PIECES = 8;

    @TempDir
    Path directory;

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    private double counter(String name) {
        return registry.get(name).counter().count();
    }

    private WorkManagerSettings settings() {
        WorkManagerSettings defaults = WorkManagerSettings.of("api-1");
        CoordinatorLimits limits = defaults.limits().withHedge(new HedgeLimits(12, 700, 200));
        return new WorkManagerSettings(
                "api-1", limits, 20, 200, 1_000, 1_000, 16, 1 << 20, 100, 5_000, 10, AutoscaleSettings.DEFAULT);
    }

    @Test
    void aStragglerIsOvertakenAndItsOwnArtifactIsNotFetched() throws Exception {
        try (TestingWorker a = new TestingWorker("a");
                TestingWorker b = new TestingWorker("b")) {
            List<AssignWork> stuck = new ArrayList<>();
            List<TestingWorker.Session> stuckAt = new ArrayList<>();
            TestingWorker.Work work = (assignment, session) -> {
                session.accept(assignment);
                if (assignment.getWorkId().equals("q-w3") && assignment.getAttempt() == 1) {
                    synchronized (stuck) {
                        stuck.add(assignment);
                        stuckAt.add(session);
                    }
                } else {
                    session.complete(assignment);
                }
            };
            a.work = work;
            b.work = work;
            Set<WorkerAddress> addresses =
                    Set.of(new WorkerAddress("127.0.0.1", a.port()), new WorkerAddress("127.0.0.1", b.port()));
            try (GrpcWorkManager manager = GrpcWorkManager.start(
                    settings(),
                    new StaticDiscovery(addresses),
                    new ArtifactFetcher(new FetchSettings(directory, 16, 1 << 20, 1_000, 2_000), registry),
                    registry)) {
                await().until(() -> manager.load().workers() == 2);
                List<WorkUnit> units = new ArrayList<>();
                for (int i = 0; i < PIECES; i++) {
                    units.add(new WorkUnit(
                            0,
                            "q-w" + i,
                            "tenant/" + i,
                            WorkSpec.newBuilder().setTenant("t").build()));
                }
                TestingListener listener = new TestingListener(PIECES);
                manager.submit(
                        new WorkManager.Submission("q", "t", System.nanoTime() + TimeUnit.SECONDS.toNanos(20), units),
                        listener);
                listener.awaitCommitted();

                TestingWorker slow = a.assigned.stream().anyMatch(each -> each.equals(stuck.getFirst())) ? a : b;
                TestingWorker fast = slow == a ? b : a;
                assertThat(fast.assigned)
                        .filteredOn(each -> each.getWorkId().equals("q-w3"))
                        .extracting(AssignWork::getAttempt)
                        .containsExactly(2);
                assertThat(Objects.requireNonNull(listener.artifacts.get("q-w3"))
                                .workerId())
                        .isEqualTo(fast.workerId);
                await().until(() -> slow.canceled.contains("q-w3"));
                assertThat(counter("weir_work_hedged_total")).isEqualTo(1);
                assertThat(counter("weir_work_hedges_won_total")).isEqualTo(1);
                assertThat(counter("weir_work_reassigned_total")).isZero();

                // It was faster than its cancellation: nobody wants it any more.
                stuckAt.getFirst().complete(stuck.getFirst());
                await().until(() -> counter("weir_work_stale_dropped_total") == 1);
                assertThat(listener.twice).isEmpty();
                assertThat(listener.contents).hasSize(PIECES);
            }
        }
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).as("only what the listener was given is left").isEmpty();
        }
    }
}
