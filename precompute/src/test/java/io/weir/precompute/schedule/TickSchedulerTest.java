package io.weir.precompute.schedule;

import static io.weir.precompute.result.TestingTickJobs.P99;
import static io.weir.precompute.result.TestingTickJobs.expression;
import static io.weir.precompute.result.TestingTickJobs.quantile;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.job.JobStatus;
import io.weir.precompute.metrics.FeedbackMetrics;
import io.weir.precompute.metrics.TickMetrics;
import io.weir.precompute.result.ResultCache;
import io.weir.precompute.result.ResultSettings;
import io.weir.precompute.result.TickResult;
import io.weir.precompute.source.SourceException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The scheduler with real clocks and threads. */
final class TickSchedulerTest {
    private record Recorded(String jobId, long epoch, JobStatistics statistics, Optional<TickResult> result) {}

    private static final TickSettings SETTINGS = new TickSettings(10, 100, 0, 0, 0, 64, 16, 10_000, 3, 2, 100);

    private final TestingTickSource source = new TestingTickSource();
    private final ConcurrentLinkedQueue<Recorded> recorded = new ConcurrentLinkedQueue<>();
    private PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ResultCache results = new ResultCache(ResultSettings.DEFAULT, System::currentTimeMillis);
    private FeedbackMetrics feedback = new FeedbackMetrics(registry);
    private final AtomicInteger stops = new AtomicInteger();
    private volatile boolean clockIsBroken;
    private TickScheduler scheduler = scheduler(SETTINGS, this::record);

    private TickScheduler scheduler(TickSettings settings, TickRecorder recorder) {
        return TickScheduler.start(new TickScheduler.Parts(
                settings,
                source,
                results,
                recorder,
                feedback,
                new TickMetrics(registry, settings.jobMetricsMax(), System::currentTimeMillis, results),
                () -> {
                    if (clockIsBroken) {
                        throw new IllegalStateException("no time: made by the test");
                    }
                    return System.currentTimeMillis();
                },
                System::nanoTime,
                stops::incrementAndGet));
    }

    /** Another scheduler with metrics from zero. */
    private void restart(TickSettings settings, TickRecorder recorder) {
        scheduler.close();
        registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        feedback = new FeedbackMetrics(registry);
        scheduler = scheduler(settings, recorder);
    }

    private void record(Job job, long epoch, JobStatistics statistics, Optional<TickResult> result) {
        recorded.add(new Recorded(job.jobId(), epoch, statistics, result));
    }

    @AfterEach
    void close() {
        scheduler.close();
    }

    private static void pause(long millis) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(end - System.nanoTime());
        }
    }

    /** As a source does that takes no notice of interrupts. */
    private static void awaitUninterrupted(CountDownLatch latch) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (latch.getCount() > 0 && System.nanoTime() < end) {
            try {
                latch.await(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException ignored) {
                // That is what it does.
            }
        }
    }

    private List<Recorded> of(String jobId) {
        return recorded.stream().filter(each -> each.jobId().equals(jobId)).toList();
    }

    private double metric(String line) {
        return registry.scrape()
                .lines()
                .filter(each -> each.startsWith(line + " "))
                .mapToDouble(each -> Double.parseDouble(each.substring(line.length() + 1)))
                .findFirst()
                .orElse(Double.NaN);
    }

    /** D1 21 with a second for two and less time; with its own times it is in TickingJobsTest. */
    @Test
    void ticksComeAtMultiplesOfTheGranularityNeverTwoAtOnce() {
        long granularityMillis = 1_000;
        long millis = 5_000;
        Job job = quantile("a").granularityMillis(granularityMillis).job();
        scheduler.own(job, 3, JobStatistics.NONE);
        pause(millis);
        scheduler.disown("a");
        long expected = millis / granularityMillis;
        List<Long> ticks = source.ticksOf("a");
        assertTrue(ticks.size() >= expected - 1 && ticks.size() <= expected + 1, () -> "fetches " + ticks);
        for (int i = 0; i < ticks.size(); i++) {
            assertEquals(0, ticks.get(i) % granularityMillis);
            assertEquals(ticks.getFirst() + i * granularityMillis, ticks.get(i), "a tick is missing or runs twice");
        }
        assertEquals(1, source.atATimeMax.get());
        Recorded last = of("a").getLast();
        assertEquals(0, last.statistics().lastRunMillis().orElseThrow() % granularityMillis);
        assertEquals(3, last.epoch());
        assertEquals(JobStatus.ACTIVE, last.statistics().status());
        assertEquals(
                ticks,
                of("a").stream()
                        .map(each -> each.result().orElseThrow().evalMillis())
                        .toList());
        assertEquals(
                ticks,
                results.find("default", P99).getFirst().ticks().stream()
                        .map(TickResult::evalMillis)
                        .toList());
    }

    /** D1 22, shorter. */
    @Test
    void aSourceThatStallsMakesTicksMissedAndNoneOverlap() {
        AtomicBoolean first = new AtomicBoolean(true);
        source.behaviour = (job, toMillis, deadline) -> {
            if (first.getAndSet(false)) {
                Thread.sleep(2_600);
            }
            return TestingTickSource.batch(1, 1);
        };
        scheduler.own(quantile("a").granularityMillis(1_000).job(), 1, JobStatistics.NONE);
        await().atMost(Duration.ofSeconds(8)).until(() -> of("a").size() >= 2);
        List<Long> ticks = source.ticksOf("a");
        assertTrue(ticks.get(1) - ticks.get(0) >= 3_000, () -> "fetches " + ticks);
        long skipped = of("a").getFirst().statistics().skipped();
        assertEquals((ticks.get(1) - ticks.get(0)) / 1_000 - 1, skipped);
        assertEquals(1, source.atATimeMax.get());
        assertEquals(skipped, metric("weir_precompute_ticks_skipped_total"));
        assertEquals(JobStatus.ACTIVE, of("a").getLast().statistics().status());
    }

    /** D1 15, the scheduler's part. */
    @Test
    void aDisownedJobIsAskedForNoMore() {
        scheduler.own(quantile("a").granularityMillis(1_000).job(), 1, JobStatistics.NONE);
        await().atMost(Duration.ofSeconds(5)).until(() -> of("a").size() >= 2);
        scheduler.disown("a");
        int fetches = source.fetches.size();
        int records = recorded.size();
        pause(3_300);
        assertEquals(fetches, source.fetches.size());
        assertEquals(records, recorded.size());
        assertEquals(List.of("a"), List.copyOf(source.forgotten));
    }

    /** D1 17, the scheduler's part. */
    @Test
    void disowningCancelsARunningTickAtOnce() {
        CountDownLatch interrupted = new CountDownLatch(1);
        source.behaviour = (job, toMillis, deadline) -> {
            try {
                Thread.sleep(60_000);
            } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
            }
            return TestingTickSource.batch(1, 1);
        };
        scheduler.own(quantile("a").job(), 1, JobStatistics.NONE);
        await().atMost(Duration.ofSeconds(5)).until(() -> source.fetches.size() == 1);
        long start = System.nanoTime();
        scheduler.disown("a");
        assertTrue(System.nanoTime() - start < 1_000_000_000L);
        await().atMost(Duration.ofSeconds(5)).until(() -> interrupted.getCount() == 0);
        await().atMost(Duration.ofSeconds(5)).until(() -> source.forgotten.contains("a"));
        assertEquals(0, recorded.size());
        assertEquals(0, metric("asapquery_precompute_job_duration_seconds_count"));
        assertEquals(0, metric("asapquery_precompute_sketch_pull_errors_total"));
    }

    /** D1 17 with a source that takes no notice of interrupts: its result is dropped. */
    @Test
    void whatComesAfterDisowningIsDropped() {
        CountDownLatch end = new CountDownLatch(1);
        source.behaviour = (job, toMillis, deadline) -> {
            awaitUninterrupted(end);
            return TestingTickSource.batch(1, 1);
        };
        scheduler.own(quantile("a").job(), 1, JobStatistics.NONE);
        await().atMost(Duration.ofSeconds(5)).until(() -> source.fetches.size() == 1);
        long start = System.nanoTime();
        scheduler.disown("a");
        assertTrue(System.nanoTime() - start < 1_000_000_000L);
        assertEquals(List.of(), List.copyOf(source.forgotten));
        end.countDown();
        await().atMost(Duration.ofSeconds(5)).until(() -> source.forgotten.contains("a"));
        assertEquals(0, recorded.size());
        assertEquals(List.of(), results.find("default", P99).getFirst().ticks());
    }

    /** D1 36. */
    @Test
    void aJobRunsUntilItsEndAndAnswersNoLonger() {
        long end = System.currentTimeMillis() + 3_000;
        scheduler.own(
                quantile("a").granularityMillis(1_000).validUntilMillis(end).job(), 1, JobStatistics.NONE);
        await().atMost(Duration.ofSeconds(2)).until(() -> of("a").size() >= 1);
        assertEquals(1, results.find("default", P99).size());
        await().atMost(Duration.ofSeconds(5)).until(() -> System.currentTimeMillis() >= end);
        assertEquals(List.of(), results.find("default", P99));
        await().atMost(Duration.ofSeconds(2))
                .until(() -> of("a").getLast().statistics().status() == JobStatus.EXPIRED);
        int fetches = source.fetches.size();
        assertTrue(fetches >= 3 && fetches <= 5, "fetches " + fetches);
        pause(2_200);
        assertEquals(fetches, source.fetches.size());
        assertTrue(source.fetches.stream().allMatch(fetch -> fetch.toMillis() <= end));
        assertEquals(0, results.totalBytes());
    }

    /** D1 12, the scheduler's part: a source that nobody listens at. */
    @Test
    void aJobWhoseSourceIsUnreachableTurnsFailingAndKeepsItsOldResult() {
        scheduler.own(quantile("a").granularityMillis(1_000).job(), 1, JobStatistics.NONE);
        await().atMost(Duration.ofSeconds(5)).until(() -> of("a").size() >= 1);
        source.behaviour = (job, toMillis, deadline) -> {
            throw new SourceException(SourceException.Cause.UNREACHABLE, "nobody listens");
        };
        await().atMost(Duration.ofSeconds(8))
                .until(() -> of("a").getLast().statistics().status() == JobStatus.FAILING);
        assertEquals("nobody listens", of("a").getLast().statistics().lastError());
        assertFalse(results.find("default", P99).getFirst().ticks().isEmpty());
        source.behaviour = (job, toMillis, deadline) -> TestingTickSource.batch(1, 1);
        await().atMost(Duration.ofSeconds(5))
                .until(() -> of("a").getLast().statistics().status() == JobStatus.ACTIVE);
    }

    /** D1 37 and 38, this package's part. */
    @Test
    void theFourMetricsAreThereFromTheStartAndCount() {
        String before = registry.scrape();
        assertTrue(before.contains("# TYPE asapquery_precompute_job_duration_seconds histogram"), before);
        for (String counter : List.of("cache_hits", "cache_misses", "sketch_pull_errors")) {
            assertTrue(before.contains("# TYPE asapquery_precompute_" + counter + "_total counter"), before);
            assertEquals(0, metric("asapquery_precompute_" + counter + "_total"));
        }
        assertEquals(0, metric("asapquery_precompute_job_duration_seconds_count"));
        assertTrue(before.contains("asapquery_precompute_job_duration_seconds_bucket{le="), before);

        AtomicInteger calls = new AtomicInteger();
        source.behaviour = (job, toMillis, deadline) -> {
            int call = calls.incrementAndGet();
            if (call == 2 || call == 3) {
                throw new SourceException(SourceException.Cause.REFUSED, "no");
            }
            if (call > 3) {
                // Whoever looks late sees no more than three.
                Thread.sleep(60_000);
            }
            return TestingTickSource.batch(1, 1);
        };
        scheduler.own(quantile("a").granularityMillis(1_000).job(), 1, JobStatistics.NONE);
        await().atMost(Duration.ofSeconds(8)).until(() -> of("a").size() >= 3);
        scheduler.disown("a");
        feedback.hit();
        feedback.hit();
        feedback.miss();
        assertEquals(3, metric("asapquery_precompute_job_duration_seconds_count"));
        assertEquals(2, metric("asapquery_precompute_sketch_pull_errors_total"));
        assertEquals(2, metric("asapquery_precompute_cache_hits_total"));
        assertEquals(1, metric("asapquery_precompute_cache_misses_total"));
        assertEquals(2, metric("weir_precompute_pull_errors_total{cause=\"refused\"}"));
        assertEquals(1, metric("weir_precompute_ticks_total{outcome=\"success\"}"));
        assertEquals(2, metric("weir_precompute_ticks_total{outcome=\"failed\"}"));
    }

    @Test
    void metricsOfAJobGoWithIt() {
        for (String id : List.of("a", "b", "c")) {
            scheduler.own(quantile(id).granularityMillis(1_000).job(), 1, JobStatistics.NONE);
        }
        await().atMost(Duration.ofSeconds(5)).until(() -> of("a").size() >= 1 && of("b").size() >= 1);
        assertTrue(metric("weir_precompute_job_runs_total{job_id=\"a\",outcome=\"success\"}") >= 1);
        double age = metric("weir_precompute_job_result_age_seconds{job_id=\"a\"}");
        assertTrue(age >= 0 && age < 3, "age " + age);
        assertEquals(
                3,
                registry.find("weir.precompute.jobs.scheduled").gauges().stream()
                        .mapToDouble(gauge -> gauge.value())
                        .sum());
        // The setting has room for two.
        assertFalse(registry.scrape().contains("job_id=\"c\""));
        scheduler.disown("a");
        assertFalse(registry.scrape().contains("job_id=\"a\""));
        assertTrue(registry.scrape().contains("job_id=\"b\""));
        scheduler.close();
        assertFalse(registry.scrape().contains("job_id="));
    }

    /** D1 41: the controller deletes and makes the same job within milliseconds. */
    @Test
    void aJobMadeAnewAnswersAtOnce() {
        source.behaviour = (job, toMillis, deadline) -> {
            if (job.jobId().equals("b")) {
                Thread.sleep(60_000);
            }
            return TestingTickSource.batch(1, 1);
        };
        scheduler.own(quantile("a").job(), 1, JobStatistics.NONE);
        await().atMost(Duration.ofSeconds(5)).until(() -> of("a").size() >= 1);
        scheduler.disown("a");
        results.remove("a", false);
        assertEquals(1, results.find("default", P99).getFirst().ticks().size());
        Job again = quantile("b").storePath("precomputed/a").job();
        results.add(again);
        assertEquals("b", results.find("default", P99).getFirst().job().jobId());
        assertEquals(1, results.find("default", P99).getFirst().ticks().size());
        scheduler.own(again, 1, JobStatistics.NONE);
        await().atMost(Duration.ofSeconds(5)).until(() -> source.ticksOf("b").size() == 1);
        assertEquals(
                1, results.at("default", "precomputed/a").orElseThrow().ticks().size());
    }

    @Test
    void aHangingSourceLeavesRoomForOthers() {
        source.behaviour = (job, toMillis, deadline) -> {
            if (job.spec().source().text().startsWith("hanging")) {
                Thread.sleep(60_000);
            }
            return TestingTickSource.batch(1, 1);
        };
        for (int i = 0; i < 200; i++) {
            scheduler.own(quantile("h" + i).source("hanging").job(), 1, JobStatistics.NONE);
        }
        scheduler.own(quantile("good").granularityMillis(1_000).job(), 1, JobStatistics.NONE);
        await().atMost(Duration.ofSeconds(5)).until(() -> of("good").size() >= 2);
        assertEquals(
                16,
                source.fetches.stream()
                        .filter(fetch -> fetch.jobId().startsWith("h"))
                        .count());
        assertEquals(184, metric("weir_precompute_ticks_ready"));
    }

    @Test
    void aTickBeyondItsDeadlineFailsThoughItsSourceDoesNotStop() {
        restart(new TickSettings(0, 0, 0, 0, 0, 64, 16, 200, 3, 0, 100), this::record);
        CountDownLatch end = new CountDownLatch(1);
        source.behaviour = (job, toMillis, deadline) -> {
            awaitUninterrupted(end);
            return TestingTickSource.batch(1, 1);
        };
        scheduler.own(quantile("a").job(), 1, JobStatistics.NONE);
        await().atMost(Duration.ofSeconds(4)).until(() -> of("a").size() >= 1);
        assertEquals(1, of("a").getFirst().statistics().failures());
        assertEquals(1, metric("weir_precompute_pull_errors_total{cause=\"timeout\"}"));
        assertEquals(1, metric("weir_precompute_ticks_running"));
        end.countDown();
        await().atMost(Duration.ofSeconds(5)).until(() -> metric("weir_precompute_ticks_running") == 0);
        assertEquals(List.of(), results.find("default", P99).getFirst().ticks());
    }

    @Test
    void anErrorOfATickEndsTheTickAndNotTheScheduler() {
        AtomicBoolean first = new AtomicBoolean(true);
        source.behaviour = (job, toMillis, deadline) -> {
            if (first.getAndSet(false)) {
                throw new StackOverflowError("as of a deep expression");
            }
            return TestingTickSource.batch(1, 1);
        };
        scheduler.own(quantile("a").granularityMillis(1_000).job(), 1, JobStatistics.NONE);
        await().atMost(Duration.ofSeconds(5)).until(() -> of("a").size() >= 2);
        assertEquals(1, of("a").getFirst().statistics().failures());
        assertEquals(JobStatus.ACTIVE, of("a").getLast().statistics().status());
    }

    @Test
    void aRecorderThatFailsStopsNothing() {
        restart(SETTINGS, (job, epoch, statistics, result) -> {
            throw new IllegalStateException("a defect");
        });
        scheduler.own(expression("a").granularityMillis(1_000).job(), 1, JobStatistics.NONE);
        await().atMost(Duration.ofSeconds(5))
                .until(() -> results.at("default", "precomputed/a").stream()
                        .anyMatch(found -> found.ticks().size() >= 2));
        assertTrue(metric("weir_precompute_scheduler_defects_total") >= 1);
    }

    @Test
    void aDefectThatEndsTheSchedulerIsToldAndSeen() {
        scheduler.own(quantile("a").granularityMillis(1_000).job(), 1, JobStatistics.NONE);
        await().atMost(Duration.ofSeconds(5)).until(() -> !of("a").isEmpty());
        assertEquals(0, metric("weir_precompute_scheduler_stopped"));
        clockIsBroken = true;
        await().atMost(Duration.ofSeconds(5)).until(() -> stops.get() == 1);
        assertEquals(1, metric("weir_precompute_scheduler_stopped"));
        assertEquals(1, metric("weir_precompute_scheduler_defects_total"));
        assertEquals(0, metric("weir_precompute_jobs_scheduled{status=\"active\"}"));
        // Neither call waits for it.
        long start = System.nanoTime();
        scheduler.disown("a");
        scheduler.own(quantile("b").job(), 1, JobStatistics.NONE);
        assertTrue(System.nanoTime() - start < 1_000_000_000L);
        assertEquals(1, stops.get());
    }

    @Test
    void closingEndsRunningTicksAndRecordsNothing() {
        CountDownLatch interrupted = new CountDownLatch(3);
        source.behaviour = (job, toMillis, deadline) -> {
            try {
                Thread.sleep(60_000);
            } finally {
                interrupted.countDown();
            }
            return TestingTickSource.batch(1, 1);
        };
        for (int i = 0; i < 3; i++) {
            scheduler.own(quantile("a" + i).job(), 1, JobStatistics.NONE);
        }
        await().atMost(Duration.ofSeconds(5)).until(() -> source.fetches.size() == 3);
        long start = System.nanoTime();
        scheduler.close();
        assertTrue(System.nanoTime() - start < 3_000_000_000L);
        assertEquals(0, interrupted.getCount());
        assertEquals(0, recorded.size());
        // Calls after the end return.
        scheduler.own(quantile("late").job(), 1, JobStatistics.NONE);
        scheduler.disown("a0");
    }

    /** D1 43, the scheduler's part: nothing but its own work and that of small sketches. */
    @Test
    @Tag("slow")
    void aThousandJobsAtTenSecondsAreOnTime() {
        restart(TickSettings.DEFAULT, this::record);
        source.behaviour = (job, toMillis, deadline) -> {
            double[] values = new double[1_000];
            for (int i = 0; i < values.length; i++) {
                values[i] = 1 + (i * 7919 + toMillis) % 1_000;
            }
            return TestingTickSource.batch(1, values);
        };
        for (int i = 0; i < 1_000; i++) {
            scheduler.own(quantile("job" + i).source("source" + i % 10).job(), 1, JobStatistics.NONE);
        }
        // A thousand first ticks at once, on cold code, may take so long that some job's next one is due meanwhile:
        // that is the start, not the rule.
        await().atMost(Duration.ofSeconds(20)).until(() -> source.fetches.size() >= 1_000);
        pause(1_000);
        double skippedAtStart = metric("weir_precompute_ticks_skipped_total");
        pause(30_000);
        List<Long> lags = new ArrayList<>();
        for (TestingTickSource.Fetch fetch : source.fetches) {
            long due = fetch.toMillis()
                    + TickSettings.DEFAULT.delayMillis(quantile(fetch.jobId()).job());
            lags.add(fetch.atMillis() - due);
        }
        // The first tick of each runs when it comes, whatever is due.
        List<Long> sorted = lags.subList(1_000, lags.size()).stream().sorted().toList();
        long p99 = sorted.get((int) Math.ceil(0.99 * sorted.size()) - 1);
        System.out.println("ticks=" + lags.size() + " lag p50=" + sorted.get(sorted.size() / 2) + " ms p99=" + p99
                + " ms max=" + sorted.getLast() + " ms");
        assertTrue(lags.size() >= 3_900, "ticks " + lags.size());
        assertTrue(p99 < 1_000, "p99 of lags " + p99 + " ms");
        assertEquals(skippedAtStart, metric("weir_precompute_ticks_skipped_total"));
    }
}
