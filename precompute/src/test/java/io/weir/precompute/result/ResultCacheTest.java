package io.weir.precompute.result;

import static io.weir.precompute.result.TestingTickJobs.P99;
import static io.weir.precompute.result.TestingTickJobs.expression;
import static io.weir.precompute.result.TestingTickJobs.quantile;
import static io.weir.precompute.result.TestingTickJobs.result;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.result.ResultDirectory.JobResults;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.PositionRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class ResultCacheTest {
    private static final String SELECTOR = "latency{service=\"web\"}[5m]";

    private final AtomicLong now = new AtomicLong(1_000_000);
    private ResultCache cache = new ResultCache(ResultSettings.DEFAULT, now::get);

    private static List<Long> times(JobResults results) {
        return results.ticks().stream().map(TickResult::evalMillis).toList();
    }

    private List<String> found(String tenant, String canonical) {
        return cache.find(tenant, canonical).stream()
                .map(results -> results.job().jobId())
                .toList();
    }

    private ResultCache limited(int ticksMax, long jobBytesMax, long totalBytesMax) {
        return new ResultCache(new ResultSettings(ticksMax, jobBytesMax, totalBytesMax, 30_000, 3), now::get);
    }

    @Test
    void findsAJobByQuerySelectorAndPath() {
        Job job = quantile("a").job();
        cache.add(job);
        assertEquals(
                List.of(),
                times(cache.find("default", job.spec().query().canonical()).getFirst()));
        cache.put(job, result("a", 20_000, 2, 5, true));
        assertEquals(List.of(20_000L), times(cache.find("default", P99).getFirst()));
        assertEquals(
                List.of(20_000L), times(cache.findQuantiles("default", SELECTOR).getFirst()));
        assertEquals(
                List.of(20_000L), times(cache.at("default", "precomputed/a").orElseThrow()));
        assertEquals(List.of(), cache.find("other", P99));
        assertEquals(List.of(), cache.findQuantiles("other", SELECTOR));
        assertTrue(cache.at("other", "precomputed/a").isEmpty());
        assertEquals(List.of(), cache.find("default", P99 + " "));
    }

    @Test
    void onlyQuantilesOfSketchesAnswerOtherQuantiles() {
        cache.add(expression("sum").job());
        cache.add(quantile("top").function(new SketchFunction.Top(10)).job());
        assertEquals(List.of(), cache.findQuantiles("default", SELECTOR));
    }

    @Test
    void aJobWithLabelsIsFoundByItsPathOnly() {
        Job job = quantile("a").labels("service").job();
        cache.put(job, result("a", 20_000, 2, 5, true));
        assertEquals(List.of(), cache.find("default", P99));
        assertEquals(List.of(), cache.findQuantiles("default", SELECTOR));
        assertEquals(
                List.of(20_000L), times(cache.at("default", "precomputed/a").orElseThrow()));
    }

    @Test
    void ticksComeInAnyOrderAndTwice() {
        Job job = quantile("a").job();
        for (long time : new long[] {30_000, 10_000, 20_000, 20_000, 40_000, 30_000}) {
            cache.put(job, result("a", time, 1, time, true));
        }
        List<TickResult> ticks = cache.find("default", P99).getFirst().ticks();
        assertEquals(
                List.of(10_000L, 20_000L, 30_000L, 40_000L),
                times(cache.find("default", P99).getFirst()));
        ticks.forEach(tick -> assertEquals(
                tick.evalMillis(), tick.vector().elements().getFirst().value()));
        assertThrows(UnsupportedOperationException.class, ticks::clear);
    }

    @Test
    void ofTwoResultsOfATickTheOneComputedLastStays() {
        Job job = quantile("a").job();
        TickResult late = result("a", 10_000, 1, 2, false);
        TickResult early = new TickResult("a", 10_000, new ResultVector(List.of()), late.bound(), 1, 0, List.of());
        cache.put(job, late);
        cache.put(job, early);
        assertEquals(
                1,
                cache.find("default", P99)
                        .getFirst()
                        .ticks()
                        .getFirst()
                        .vector()
                        .elements()
                        .size());
        cache.put(job, result("a", 10_000, 3, 2, false));
        assertEquals(
                3,
                cache.find("default", P99)
                        .getFirst()
                        .ticks()
                        .getFirst()
                        .vector()
                        .elements()
                        .size());
    }

    @Test
    void whatIsSaidAboutAResultTakesRoom() {
        Job job = expression("a").job();
        TickResult plain = result("a", 10_000, 1, 2, false);
        cache.put(job, plain);
        long before = cache.totalBytes();
        Annotation annotation = new Annotation(Annotation.Level.WARNING, "x".repeat(1_000), PositionRange.NONE);
        ResultVector vector = new ResultVector(plain.vector().elements(), List.of(annotation));
        TickResult annotated =
                new TickResult("a", 10_000, vector, plain.bound(), 1, plain.computedAtMillis(), List.of());
        cache.put(job, annotated);
        assertTrue(cache.totalBytes() - before > 1_000);
        assertEquals(
                List.of(annotation),
                cache.find("default", job.spec().query().canonical())
                        .getFirst()
                        .ticks()
                        .getFirst()
                        .vector()
                        .annotations());
    }

    @Test
    void anIncompleteTickIsNotKept() {
        Job job = quantile("a").job();
        TickResult whole = result("a", 10_000, 1, 2, false);
        cache.put(job, new TickResult("a", 10_000, whole.vector(), whole.bound(), 0.99, 0, List.of()));
        assertEquals(List.of(), cache.find("default", P99));
    }

    @Test
    void severalJobsForOneQueryComeBestFirst() {
        cache.put(quantile("slow").granularityMillis(60_000).job(), result("slow", 60_000, 1, 1, false));
        cache.put(quantile("fast").job(), result("fast", 60_000, 1, 1, false));
        cache.add(quantile("empty").granularityMillis(5_000).job());
        cache.put(quantile("newest").granularityMillis(65_000).job(), result("newest", 65_000, 1, 1, false));
        assertEquals(List.of("newest", "fast", "slow", "empty"), found("default", P99));
    }

    @Test
    void theRingHoldsTheNewestTicks() {
        cache = limited(3, 1 << 20, 1 << 20);
        Job job = quantile("a").job();
        for (long time = 10_000; time <= 60_000; time += 10_000) {
            cache.put(job, result("a", time, 1, 1, false));
        }
        assertEquals(
                List.of(40_000L, 50_000L, 60_000L),
                times(cache.find("default", P99).getFirst()));
        cache.put(job, result("a", 20_000, 1, 1, false));
        assertEquals(
                List.of(40_000L, 50_000L, 60_000L),
                times(cache.find("default", P99).getFirst()));
        assertEquals(0, cache.droppedTicks());
    }

    @Test
    void aFullJobLosesOldSketchesThenOldTicksThenTheSketchesOfItsNewest() {
        long plain = bytesOf(100, false);
        long sketched = bytesOf(100, true);
        cache = limited(100, plain + sketched + sketched / 4, 1 << 30);
        Job job = quantile("a").job();
        cache.put(job, result("a", 10_000, 100, 1, true));
        cache.put(job, result("a", 20_000, 100, 1, true));
        List<TickResult> ticks = cache.find("default", P99).getFirst().ticks();
        assertEquals(
                List.of(0, 100),
                ticks.stream().map(tick -> tick.sketches().size()).toList());
        for (long time = 30_000; time < 1_000_000; time += 10_000) {
            cache.put(job, result("a", time, 100, 1, true));
        }
        ticks = cache.find("default", P99).getFirst().ticks();
        assertEquals(100, ticks.getLast().sketches().size());
        assertTrue(ticks.size() < 99, "ticks " + ticks.size());
        assertTrue(cache.droppedTicks() > 0);
        assertTrue(cache.totalBytes() <= plain + sketched + sketched / 4);

        cache = limited(100, 2 * plain, 1 << 30);
        cache.put(job, result("a", 10_000, 100, 1, true));
        assertEquals(
                0,
                cache.find("default", P99)
                        .getFirst()
                        .ticks()
                        .getFirst()
                        .sketches()
                        .size());
        cache = limited(100, 1_024, 1 << 30);
        cache.put(job, result("a", 10_000, 100, 1, true));
        assertEquals(List.of(), times(cache.find("default", P99).getFirst()));
        assertEquals(1, cache.droppedTicks());
        assertEquals(0, cache.totalBytes());
    }

    private static long bytesOf(int series, boolean sketches) {
        ResultCache measured = new ResultCache(ResultSettings.DEFAULT, () -> 0);
        measured.put(quantile("m").job(), result("m", 10_000, series, 1, sketches));
        return measured.totalBytes();
    }

    @Test
    void allTogetherLoseTheOldestFirstAndTheNewestOfOthersNever() {
        long one = bytesOf(50, false);
        cache = limited(100, 3 * one, 3 * one);
        for (long time = 10_000; time <= 200_000; time += 10_000) {
            cache.put(quantile("a").job(), result("a", time, 50, 1, false));
        }
        cache.put(quantile("b").source("b").job(), result("b", 5_000, 50, 1, false));
        assertTrue(cache.totalBytes() <= 3 * one);
        assertEquals(List.of(5_000L), times(cache.at("default", "precomputed/b").orElseThrow()));
        assertEquals(
                200_000L,
                times(cache.at("default", "precomputed/a").orElseThrow()).getLast());
        cache.put(quantile("c").source("c").job(), result("c", 5_000, 50, 1, false));
        cache.put(quantile("d").source("d").job(), result("d", 300_000, 50, 1, false));
        assertEquals(List.of(), times(cache.at("default", "precomputed/d").orElseThrow()));
        assertEquals(List.of(5_000L), times(cache.at("default", "precomputed/b").orElseThrow()));
        assertTrue(cache.totalBytes() <= 3 * one);
    }

    @Test
    void resultsOfEndedJobsGoFirstWhenThereIsNoRoom() {
        long one = bytesOf(50, false);
        cache = limited(100, 2 * one, 2 * one);
        cache.put(quantile("a").job(), result("a", 10_000, 50, 1, false));
        cache.remove("a", false);
        cache.put(quantile("b").text("quantile_over_time(0.5, other[1m])").job(), result("b", 10_000, 50, 1, false));
        cache.put(quantile("c").text("quantile_over_time(0.5, third[1m])").job(), result("c", 10_000, 50, 1, false));
        assertEquals(List.of(), found("default", P99));
        assertEquals(0, cache.droppedTicks());
    }

    @Test
    void aDeletedJobsResultsAnswerForTheGraceTime() {
        cache.put(quantile("a").job(), result("a", 10_000, 1, 1, true));
        cache.remove("a", false);
        now.addAndGet(29_999);
        assertEquals(List.of("a"), found("default", P99));
        assertEquals(1, cache.findQuantiles("default", SELECTOR).size());
        now.addAndGet(1);
        assertEquals(List.of(), found("default", P99));
        assertTrue(cache.at("default", "precomputed/a").isEmpty());
        cache.sweep();
        assertEquals(0, cache.totalBytes());
    }

    @Test
    void aLateResultDoesNotBringAnEndedJobBack() {
        cache.put(quantile("a").job(), result("a", 10_000, 1, 1, true));
        cache.remove("a", true);
        cache.put(quantile("a").job(), result("a", 20_000, 1, 1, true));
        cache.add(quantile("a").job());
        assertEquals(List.of(), found("default", P99));
        cache.put(quantile("b").job(), result("b", 10_000, 1, 1, true));
        cache.remove("b", false);
        cache.put(quantile("b").job(), result("b", 20_000, 1, 1, true));
        assertEquals(List.of(10_000L), times(cache.find("default", P99).getFirst()));
    }

    @Test
    void anExpiredJobAnswersNothingFromThatMomentOn() {
        cache.put(quantile("a").validUntilMillis(now.get() + 5_000).job(), result("a", 10_000, 1, 1, true));
        now.addAndGet(4_999);
        assertEquals(List.of("a"), found("default", P99));
        now.addAndGet(1);
        // Nobody has told it yet.
        assertEquals(List.of(), found("default", P99));
        assertEquals(List.of(), cache.findQuantiles("default", SELECTOR));
        assertTrue(cache.at("default", "precomputed/a").isEmpty());
        cache.remove("a", true);
        assertEquals(0, cache.totalBytes());
        // The results went with it: a job made anew begins from nothing.
        cache.add(quantile("b").job());
        assertEquals(List.of(), times(cache.find("default", P99).getFirst()));
    }

    @Test
    void aJobThatAsksForTheSameTakesTheResultsOver() {
        Job before = quantile("a").validUntilMillis(now.get() + 100_000).job();
        cache.put(before, result("a", 10_000, 2, 1, true));
        cache.put(before, result("a", 20_000, 2, 1, true));
        cache.remove("a", false);
        Job after = quantile("b")
                .storePath("elsewhere")
                .validUntilMillis(now.get() + 200_000)
                .job();
        cache.add(after);
        JobResults results = cache.find("default", P99).getFirst();
        assertEquals(List.of("b"), found("default", P99));
        assertEquals(List.of(10_000L, 20_000L), times(results));
        assertTrue(results.ticks().stream()
                .allMatch(tick -> tick.jobId().equals("b") && tick.sketches().size() == 2));
        now.addAndGet(31_000);
        cache.sweep();
        assertEquals(List.of("b"), found("default", P99));
        cache.remove("b", true);
        assertEquals(0, cache.totalBytes());
    }

    /** Readers take no lock: between the job that was and the one that is there is no moment without results. */
    @Test
    void whoAsksWhileAJobIsMadeAnewFindsItsResults() throws Exception {
        cache.put(quantile("job0").storePath("p").job(), result("job0", 10_000, 2, 1, true));
        AtomicBoolean running = new AtomicBoolean(true);
        FutureTask<Long> reader = new FutureTask<>(() -> {
            long missed = 0;
            while (running.get()) {
                if (cache.find("default", P99).isEmpty()
                        || cache.findQuantiles("default", SELECTOR).isEmpty()
                        || cache.at("default", "p").isEmpty()) {
                    missed++;
                }
            }
            return missed;
        });
        Thread.ofPlatform().start(reader);
        for (int i = 0; i < 5_000; i++) {
            cache.remove("job" + i, false);
            cache.add(quantile("job" + (i + 1)).storePath("p").job());
        }
        running.set(false);
        assertEquals(0, reader.get());
        assertEquals(List.of("job5000"), found("default", P99));
    }

    @Test
    void aJobThatAsksForSomethingElseBeginsFromNothing() {
        List<Job> others = List.of(
                quantile("b").tenant("other").job(),
                quantile("b")
                        .text("quantile_over_time(0.9, latency{service=\"web\"}[5m])")
                        .job(),
                quantile("b").granularityMillis(20_000).job(),
                quantile("b").source("elsewhere").job(),
                quantile("b").labels("service").job());
        for (Job other : others) {
            cache = new ResultCache(ResultSettings.DEFAULT, now::get);
            cache.put(quantile("a").job(), result("a", 10_000, 2, 1, true));
            cache.remove("a", false);
            cache.add(other);
            assertEquals(
                    List.of(),
                    times(cache.at(other.spec().tenant(), other.spec().storePath())
                            .orElseThrow()),
                    () -> other.spec().toString());
        }
    }

    @Test
    void onAPathTheLivingJobGoesBeforeTheDeletedOne() {
        cache.put(quantile("a").storePath("p").job(), result("a", 90_000, 1, 1, false));
        cache.remove("a", false);
        cache.put(quantile("b").source("elsewhere").storePath("p").job(), result("b", 10_000, 1, 1, false));
        assertEquals("b", cache.at("default", "p").orElseThrow().job().jobId());
    }

    @Test
    void onlySoManyEndsAreRemembered() {
        cache = limited(10, 1 << 20, 1 << 20);
        for (int i = 0; i < 5; i++) {
            cache.put(quantile("job" + i).source("s" + i).job(), result("job" + i, 10_000, 1, 1, false));
        }
        for (int i = 0; i < 5; i++) {
            cache.remove("job" + i, false);
        }
        assertEquals(List.of("job2", "job3", "job4"), found("default", P99));
        cache.put(quantile("job0").source("s0").job(), result("job0", 20_000, 1, 1, false));
        assertTrue(found("default", P99).contains("job0"));
    }

    @Test
    void hitsAreTakenOnce() {
        cache.countHit("a");
        cache.countHit("b");
        cache.countHit("a");
        assertEquals(Map.of("a", 2L, "b", 1L), cache.takeHits());
        assertEquals(Map.of(), cache.takeHits());
    }

    @Test
    void ticksShareTheLabelsOfTheOneBefore() {
        Job job = quantile("a").job();
        cache.put(job, result("a", 10_000, 1, 1, true));
        cache.put(job, result("a", 20_000, 1, 1, true));
        List<TickResult> ticks = cache.find("default", P99).getFirst().ticks();
        assertSame(
                ticks.get(0).vector().elements().getFirst().labels(),
                ticks.get(1).vector().elements().getFirst().labels());
        assertSame(
                ticks.get(0).vector().elements().getFirst().labels(),
                ticks.get(1).sketches().getFirst().labels());
    }

    /** Whatever comes in whatever order, the limits hold, the count of bytes is that of what is there, and nothing is left at the end. */
    @Test
    void limitsHoldWhateverComes() {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 20; round++) {
            long one = bytesOf(10, true);
            ResultSettings settings = new ResultSettings(5, 2 * one, 6 * one, 2_000, 4);
            cache = new ResultCache(settings, now::get);
            List<String> ids = new ArrayList<>();
            for (int step = 0; step < 400; step++) {
                String id = "job" + random.nextInt(12);
                now.addAndGet(random.nextInt(300));
                switch (random.nextInt(8)) {
                    case 0 -> cache.remove(id, random.nextBoolean());
                    case 1 ->
                        cache.add(quantile(id).source("s" + id.hashCode() % 3).job());
                    default ->
                        cache.put(
                                quantile(id).source("s" + id.hashCode() % 3).job(),
                                result(id, 10_000L * random.nextInt(30), random.nextInt(20), 1, random.nextBoolean()));
                }
                ids.add(id);
                assertTrue(cache.totalBytes() <= settings.totalBytesMax(), "bytes " + cache.totalBytes());
                cache.find("default", P99).forEach(results -> {
                    assertTrue(results.ticks().size() <= 5);
                    for (int i = 1; i < results.ticks().size(); i++) {
                        assertTrue(results.ticks().get(i - 1).evalMillis()
                                < results.ticks().get(i).evalMillis());
                    }
                });
            }
            ids.forEach(id -> cache.remove(id, true));
            assertEquals(List.of(), found("default", P99));
            assertEquals(0, cache.totalBytes());
        }
    }

    @Test
    void settingsThatMakeNoSenseAreRefusedByName() {
        assertTrue(Objects.requireNonNull(assertThrows(
                                IllegalArgumentException.class, () -> new ResultSettings(0, 1 << 20, 1 << 20, 0, 1))
                        .getMessage())
                .contains("precompute-results-ticks-max"));
        assertThrows(IllegalArgumentException.class, () -> new ResultSettings(1, 1 << 20, 1 << 19, 0, 1));
        assertThrows(IllegalArgumentException.class, () -> new ResultSettings(1, 1 << 20, 1 << 20, -1, 1));
        assertThrows(IllegalArgumentException.class, () -> new ResultSettings(1, 1 << 20, 1 << 20, 0, 0));
        assertFalse(ResultSettings.DEFAULT.ticksMax() < 360);
    }
}
