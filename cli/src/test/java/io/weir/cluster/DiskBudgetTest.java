package io.weir.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A worker with 100 MiB of disk does 300 MiB of work: segments and artifacts come and go while queries run, and no answer changes. */
@Tag("slow")
class DiskBudgetTest {
    private static final long MEBIBYTE = 1 << 20;
    private static final long BUDGET_BYTES = 100 * MEBIBYTE;
    private static final long WORK_BYTES_MIN = 300 * MEBIBYTE;
    /** What the folder may have besides segments and artifacts: the worker's identity, empty folders. */
    private static final long SLACK_BYTES = MEBIBYTE;

    private static final int SLICES = 26;
    private static final int SLICE_INTERVALS = 480;
    private static final int QUERIES_AT_ONCE = 4;
    /** About 4 MiB of segments in each of 21 slices of two hours. */
    private static final TestingLoad LOAD = new TestingLoad(300, SLICES * SLICE_INTERVALS, 15_000, true);
    /** Quantiles are computed by the API: their artifacts hold every series, their answers three. */
    private static final List<String> EXPRESSIONS = List.of(
            "quantile by (mode) (0.9, cpu_seconds_total)",
            "quantile by (mode) (0.5, rate(cpu_seconds_total[2m]))",
            "quantile by (mode) (0.1, cpu_seconds_total offset 1m)");

    @Test
    void theFolderNeverGrowsBeyondTheBudget(@TempDir Path folder) throws Exception {
        try (TestingS3 s3 = TestingS3.start();
                TestingFleet fleet = TestingFleet.withS3(folder, s3);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            fleet.load(LOAD, SLICES);
            TestingFleet.Worker roomy = fleet.worker(
                    "worker-roomy", "--slots", "2", "--worker-spool-artifact-ttl-after-ack-millis", "3600000");
            TestingFleet.Worker tight = fleet.worker(
                    "worker-tight",
                    "--slots",
                    "2",
                    "--worker-disk-total-bytes-max",
                    "" + BUDGET_BYTES,
                    "--worker-disk-high-watermark-bytes",
                    "" + BUDGET_BYTES / 10 * 9,
                    "--worker-disk-low-watermark-bytes",
                    "" + BUDGET_BYTES / 4 * 3,
                    "--worker-disk-artifact-floor-bytes",
                    "" + BUDGET_BYTES / 4);
            TestingFleet.Api roomyApi = fleet.api("api-roomy", List.of(roomy.grpcPort()));
            TestingFleet.Api tightApi = fleet.api("api-tight", List.of(tight.grpcPort()));
            AtomicBoolean done = new AtomicBoolean();
            Future<Long> most = threads.submit(() -> most(tight.folder(), done));
            List<String> answers = ask(tightApi, threads);
            done.set(true);
            long mostBytes = most.get(10, TimeUnit.SECONDS);
            assertThat(answers).isEqualTo(ask(roomyApi, threads));
            // The roomy worker has kept everything it had to do with.
            double segmentBytes = roomy.figures().metric("weir_segment_cache_bytes");
            double artifactBytes = roomy.figures().metric("weir_artifact_spool_bytes");
            assertThat(segmentBytes + artifactBytes).isGreaterThan(WORK_BYTES_MIN);
            assertThat(segmentBytes)
                    .as("more segments than the tight worker may cache")
                    .isGreaterThan(BUDGET_BYTES * 0.65);
            assertThat(tight.figures().metric("weir_segment_cache_misses_total"))
                    .as("segments were evicted and fetched again")
                    .isGreaterThan(1.5 * roomy.figures().metric("weir_segment_cache_misses_total"));
            assertThat(tight.figures().metric("weir_disk_evictions_total")).isPositive();
            assertThat(mostBytes).isBetween(BUDGET_BYTES / 2, BUDGET_BYTES + SLACK_BYTES);
        }
    }

    /** The most bytes that the folder has until it is done. */
    private static long most(Path folder, AtomicBoolean done) throws Exception {
        long most = 0;
        while (!done.get()) {
            most = Math.max(most, TestingVitals.bytesBelow(folder));
            Thread.sleep(5);
        }
        return most;
    }

    private static List<String> ask(TestingFleet.Api api, ExecutorService threads) throws Exception {
        List<String> answers = new ArrayList<>();
        List<Future<String>> running = new ArrayList<>();
        for (String expression : EXPRESSIONS) {
            for (int slice = 0; slice < SLICES; slice++) {
                double start = LOAD.startSeconds() + slice * SLICE_INTERVALS * 15.0;
                String path = api.client().rangePath(expression, start + 15, start + SLICE_INTERVALS * 15, 15);
                running.add(threads.submit(() -> api.client().json(path).toString()));
                if (running.size() >= QUERIES_AT_ONCE) {
                    answers.add(running.removeFirst().get(120, TimeUnit.SECONDS));
                }
            }
        }
        for (Future<String> query : running) {
            answers.add(query.get(120, TimeUnit.SECONDS));
        }
        return answers;
    }
}
