package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Fifty times more work than slots on one worker waits in the API: nothing is rejected, credits are kept, a small query does not wait for
 * the large ones before it, and all answers are the undisturbed ones.
 */
@Tag("slow")
class OverloadTest {
    private static final int SLOTS = 2;
    private static final int CREDITS = 4 * SLOTS;
    private static final int UNITS = 64;
    private static final int QUERIES = 8;
    private static final TestingLoad LOAD = new TestingLoad(60, 960, 15_000, false);
    /** Some milliseconds for each piece of work. */
    private static final String LARGE =
            "sum by (mode) (max_over_time(deriv(cpu_seconds_total[10m])[30m:15s])) * on () group_left ()"
                    + " scalar(vector(%d))";

    /** One piece of work. */
    private static final String SMALL = "sum(cpu_seconds_total{instance=\"host-7\"})";

    /** The most that was seen at one time. */
    private record Seen(AtomicInteger inFlight, AtomicInteger credits, AtomicInteger running, AtomicInteger queued) {}

    @Test
    void workWaitsInTheApi(@TempDir Path folder) throws Exception {
        try (TestingFleet fleet = TestingFleet.withLocalLake(folder);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            fleet.load(LOAD);
            TestingFleet.Worker worker = fleet.worker("worker", "--slots", "" + SLOTS, "--credits-per-slot", "4");
            TestingFleet.Api api =
                    fleet.api("api", List.of(worker.grpcPort()), "--query-samples-per-unit-target", "500");
            List<String> undisturbed = new ArrayList<>();
            for (int query = 0; query < QUERIES; query++) {
                undisturbed.add(ask(api, LARGE.formatted(query)));
            }
            String smallUndisturbed = askSmall(api);
            double accepted = api.figures().metric("weir_work_accepted_total");
            AtomicBoolean done = new AtomicBoolean();
            Seen seen = new Seen(new AtomicInteger(), new AtomicInteger(), new AtomicInteger(), new AtomicInteger());
            Future<?> watcher = threads.submit(() -> watch(api, done, seen));
            AtomicInteger finished = new AtomicInteger();
            List<Future<String>> answers = new ArrayList<>();
            for (int query = 0; query < QUERIES; query++) {
                String expression = LARGE.formatted(query);
                answers.add(threads.submit(() -> {
                    String answer = ask(api, expression);
                    finished.incrementAndGet();
                    return answer;
                }));
            }
            TestingVitals.await(
                    "fifty times more work than slots waits or runs",
                    () -> api.figures().metric("weir_api_queue_depth")
                                    + api.figures().metric("weir_api_work_in_flight")
                            >= 50 * SLOTS);
            String small = askSmall(api);
            int finishedBeforeSmall = finished.get();
            for (int query = 0; query < QUERIES; query++) {
                assertThat(answers.get(query).get(120, TimeUnit.SECONDS)).isEqualTo(undisturbed.get(query));
            }
            done.set(true);
            watcher.get(10, TimeUnit.SECONDS);
            assertThat(small).isEqualTo(smallUndisturbed);
            assertThat(finishedBeforeSmall)
                    .as("large queries that ended before the small one, which came last")
                    .isLessThan(QUERIES / 2);
            assertThat(api.figures().metric("weir_work_accepted_total") - accepted)
                    .as("each piece of work was accepted once")
                    .isEqualTo(QUERIES * UNITS + 1);
            assertThat(api.figures().metric("weir_work_rejected_total")).isZero();
            assertThat(worker.figures().metric("weir_worker_rejected_total")).isZero();
            assertThat(api.figures().metric("weir_work_reassigned_total")).isZero();
            assertThat(seen.credits().get()).isEqualTo(CREDITS);
            assertThat(seen.inFlight().get()).isBetween(SLOTS + 1, CREDITS);
            assertThat(seen.running().get()).isBetween(1, SLOTS);
            assertThat(seen.queued().get()).isLessThanOrEqualTo(CREDITS - 1);
        }
    }

    private static Void watch(TestingFleet.Api api, AtomicBoolean done, Seen seen) throws Exception {
        while (!done.get()) {
            for (JsonNode worker : api.client().json("/api/v1/workers").path("data")) {
                max(seen.inFlight(), worker.path("inFlight").asInt());
                max(seen.credits(), worker.path("credits").asInt());
                max(seen.running(), worker.path("running").asInt());
                max(seen.queued(), worker.path("queued").asInt());
            }
            Thread.sleep(5);
        }
        return null;
    }

    private static void max(AtomicInteger most, int value) {
        most.accumulateAndGet(value, Math::max);
    }

    private static String askSmall(TestingFleet.Api api) throws Exception {
        return api.client()
                .json(api.client().instantPath(SMALL, LOAD.endSeconds()))
                .toString();
    }

    private static String ask(TestingFleet.Api api, String expression) throws Exception {
        return api.client()
                .json(api.client().rangePath(expression, LOAD.startSeconds() + 3_600, LOAD.endSeconds(), 120))
                .toString();
    }
}
