package io.weir.queryworker.workmanager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.lake.artifact.ArtifactMeta;
import io.weir.lake.artifact.ArtifactTarget;
import io.weir.proto.control.v1.AssignWork;
import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.proto.control.v1.WorkStatistics;
import io.weir.proto.trace.Trace;
import io.weir.queryworker.workmanager.WorkerWorkManager.Attempt;
import io.weir.queryworker.workmanager.WorkerWorkManager.Finished;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How canceled executions are stopped, and for how long at most they hold a slot. */
final class WorkerWorkManagerTest {
    private static final CancelSettings SETTINGS = new CancelSettings(20, 300, 1);

    @TempDir
    Path folder;

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Map<String, FailureClass> failures = new ConcurrentHashMap<>();
    private final List<String> succeeded = new CopyOnWriteArrayList<>();
    private final CountDownLatch release = new CountDownLatch(1);
    private final AtomicInteger pressed = new AtomicInteger();
    private final Map<String, Path> reserved = new ConcurrentHashMap<>();
    private WorkerWorkManager manager;

    @BeforeEach
    void start() {
        manager = new WorkerWorkManager(this::execute, new Spool(), 1, 1_000, SETTINGS, registry, new Outcomes());
    }

    @AfterEach
    void stop() {
        release.countDown();
        manager.close();
    }

    private final class Outcomes implements WorkerWorkManager.Outcomes {
        @Override
        public void succeeded(Attempt attempt, Finished finished) {
            assertThat(Thread.currentThread().isInterrupted()).isFalse();
            succeeded.add(attempt.workId());
        }

        @Override
        public void failed(Attempt attempt, FailureClass failureClass, String message) {
            assertThat(failures.put(attempt.workId(), failureClass))
                    .as("told once")
                    .isNull();
        }
    }

    private final class Spool implements ArtifactSpool {
        @Override
        public ArtifactTarget reserve(String workId, int attempt, long expectedBytes, BooleanSupplier givenUp) {
            Path file = folder.resolve(workId);
            reserved.put(workId, file);
            return ArtifactTarget.of(file, Long.MAX_VALUE);
        }

        @Override
        public String publish(String workId, int attempt, String apiId, Path file, ArtifactMeta meta) {
            return "http://spool/" + workId;
        }

        @Override
        public void acknowledge(String workId, int attempt) {}

        @Override
        public void discard(String workId, int attempt) {
            reserved.remove(workId);
        }

        @Override
        public void setLossListener(LossListener listener) {}
    }

    private WorkExecutor.Result execute(
            io.weir.proto.leaf.v1.WorkSpec spec,
            String workId,
            ArtifactTarget target,
            WorkExecutor.Cancellation cancellation)
            throws WorkFailureException {
        try {
            Files.writeString(target.file(), "half");
            if (workId.startsWith("deaf")) {
                untilReleased(() -> false);
            } else if (workId.startsWith("sleep")) {
                Thread.sleep(60_000);
            } else if (workId.startsWith("late")) {
                // As DuckDB: what is interrupted before it runs has not heard of it.
                try (AutoCloseable registration = cancellation.onCancel(pressed::incrementAndGet)) {
                    Files.writeString(folder.resolve("listening"), "");
                    untilReleased(() -> pressed.get() >= 2);
                    throw new WorkFailureException(FailureClass.INTERNAL, "interrupted " + registration);
                }
            }
        } catch (WorkFailureException e) {
            throw e;
        } catch (Exception e) {
            throw new WorkFailureException(FailureClass.INTERNAL, "stopped: " + e, e);
        }
        return new WorkExecutor.Result(new ArtifactMeta(10, "c0ffee", 3, 1, 2, 1), WorkStatistics.getDefaultInstance());
    }

    /** Neither a cancellation nor an interrupt ends it, as native code. */
    private void untilReleased(BooleanSupplier or) {
        while (!or.getAsBoolean()) {
            try {
                if (release.await(5, TimeUnit.MILLISECONDS)) {
                    return;
                }
            } catch (InterruptedException e) {
                // Deaf.
            }
        }
    }

    private void begin(String workId) {
        manager.start(
                "api",
                AssignWork.newBuilder()
                        .setQueryId("q")
                        .setWorkId(workId)
                        .setAttempt(1)
                        .build(),
                System.nanoTime(),
                60_000,
                Trace.OFF);
    }

    private void cancel(String workId) {
        manager.cancel(new Attempt(workId, 1));
    }

    private double abandoned() {
        return registry.get("weir_worker_abandoned").gauge().value();
    }

    @Test
    void whatWaitsIsInterruptedAndItsFileDeletedBeforeItsSlotIsFree() throws IOException {
        begin("sleep");
        await().until(() -> Files.exists(folder.resolve("sleep")));
        cancel("sleep");
        cancel("sleep");
        await().until(() -> failures.get("sleep") == FailureClass.CANCELED);
        assertThat(reserved).isEmpty();
        assertThat(folder.resolve("sleep")).doesNotExist();
        assertThat(registry.get("weir_cancel").timer().count()).isEqualTo(1);
        begin("quick");
        await().until(() -> succeeded.contains("quick"));
        assertThat(abandoned()).isZero();
    }

    @Test
    void theInterruptionIsRepeatedUntilItIsHeard() {
        begin("late");
        await().until(() -> Files.exists(folder.resolve("listening")));
        cancel("late");
        await().until(() -> failures.get("late") == FailureClass.CANCELED);
        assertThat(pressed.get()).isGreaterThanOrEqualTo(2);
    }

    @Test
    void whatDoesNotStopLosesItsSlotAfterTheLimitButOnlySoMany() throws Exception {
        begin("deaf-1");
        await().until(() -> Files.exists(folder.resolve("deaf-1")));
        long begun = System.nanoTime();
        cancel("deaf-1");
        await().until(() -> failures.get("deaf-1") == FailureClass.CANCELED);
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
        assertThat(millis).isBetween(290L, 8_000L);
        System.out.println("a slot held by canceled work that does not answer was free after " + millis + " ms");
        assertThat(abandoned()).isEqualTo(1);
        assertThat(registry.get("weir_cancel_abandoned_total").counter().count())
                .isEqualTo(1);
        begin("quick");
        await().until(() -> succeeded.contains("quick"));

        begin("deaf-2");
        await().until(() -> Files.exists(folder.resolve("deaf-2")));
        cancel("deaf-2");
        Thread.sleep(600);
        assertThat(failures).as("one may run without a slot, not two").doesNotContainKey("deaf-2");

        assertThat(reserved).as("its disk is accounted for while it runs").containsKey("deaf-1");
        release.countDown();
        await().until(() -> failures.get("deaf-2") == FailureClass.CANCELED || succeeded.contains("deaf-2"));
        await().until(() -> abandoned() == 0);
        await().until(() -> !reserved.containsKey("deaf-1"));
        begin("quick-2");
        await().until(() -> succeeded.contains("quick-2"));
    }

    @Test
    void cancellingWhatIsUnknownOrOverDoesNothing() {
        cancel("never");
        begin("quick");
        await().until(() -> succeeded.contains("quick"));
        cancel("quick");
        assertThat(failures).isEmpty();
        assertThat(registry.get("weir_cancel").timer().count()).isZero();
    }
}
