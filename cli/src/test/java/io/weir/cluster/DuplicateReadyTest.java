package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.proto.control.v1.WorkerMessage;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A completion that comes twice, or again when its query is over, is counted and dropped; answers do not change. */
@Tag("slow")
class DuplicateReadyTest {
    private static final TestingLoad LOAD = new TestingLoad(20, 480, 15_000, false);

    @Test
    void repeatedAndLateCompletionsAreDropped(@TempDir Path folder) throws Exception {
        try (TestingFleet fleet = TestingFleet.withLocalLake(folder);
                ScheduledExecutorService later = Executors.newSingleThreadScheduledExecutor()) {
            fleet.load(LOAD);
            TestingFleet.Worker worker = fleet.worker("worker");
            try (TestingControlProxy proxy = new TestingControlProxy(worker.grpcPort())) {
                TestingFleet.Api api =
                        fleet.api("api", List.of(proxy.port()), "--query-samples-per-unit-target", "500");
                String undisturbed = answer(api);
                double mismatches = api.figures().metric("weir_artifact_checksum_mismatch_total");
                double dropped = dropped(api);
                AtomicInteger repeated = new AtomicInteger();
                Queue<WorkerMessage> ready = new ConcurrentLinkedQueue<>();
                proxy.onWorkerMessage((message, forward) -> {
                    forward.accept(message);
                    if (message.hasReady()) {
                        ready.add(message);
                        // At once, while it is fetched or just committed; and when its query is long over.
                        forward.accept(message);
                        // A delivery that fails is one that is not counted, and so is seen.
                        Future<?> unused = later.schedule(() -> forward.accept(message), 1_500, TimeUnit.MILLISECONDS);
                        repeated.addAndGet(2);
                    }
                });
                assertThat(answer(api)).isEqualTo(undisturbed);
                assertThat(answer(api)).isEqualTo(undisturbed);
                assertThat(ready).isNotEmpty();
                TestingVitals.await(
                        "every repeated completion is counted as dropped",
                        Duration.ofSeconds(10),
                        () -> dropped(api) - dropped == repeated.get());
                // With the completions of queries that are over coming in, a new one is as undisturbed.
                assertThat(answer(api)).isEqualTo(undisturbed);
                assertThat(api.figures().metric("weir_artifact_checksum_mismatch_total"))
                        .isEqualTo(mismatches);
                assertThat(api.figures().metric("weir_work_reassigned_total")).isZero();
                assertThat(api.figures().metric("weir_control_disconnects_total"))
                        .isZero();
            }
        }
    }

    private static double dropped(TestingFleet.Api api) throws IOException, InterruptedException {
        TestingVitals figures = api.figures();
        return figures.metric("weir_work_duplicates_dropped_total") + figures.metric("weir_work_stale_dropped_total");
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
}
