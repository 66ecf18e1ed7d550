package io.weir.precompute.schedule;

import static io.weir.precompute.result.TestingTickJobs.expression;
import static io.weir.precompute.result.TestingTickJobs.quantile;
import static io.weir.precompute.result.TestingTickJobs.result;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.job.JobStatus;
import io.weir.precompute.result.TestingTickJobs;
import io.weir.precompute.schedule.ScheduleEffect.Cancel;
import io.weir.precompute.schedule.ScheduleEffect.Expire;
import io.weir.precompute.schedule.ScheduleEffect.Forget;
import io.weir.precompute.schedule.ScheduleEffect.Publish;
import io.weir.precompute.schedule.ScheduleEffect.Record;
import io.weir.precompute.schedule.ScheduleEffect.Skip;
import io.weir.precompute.schedule.ScheduleEffect.Start;
import io.weir.precompute.source.SourceException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class ScheduleTest {
    /** No delay, so that ticks are due at their times; two at a time; 5 s a tick. */
    private static final TickSettings SETTINGS = new TickSettings(0, 0, 0, 0, 0, 3, 2, 5_000, 3, 10, 100);

    private Schedule schedule = new Schedule(SETTINGS);
    private long wall = 1_000_000;
    private long elapsed;

    private Moment now() {
        return new Moment(wall, elapsed * 1_000_000);
    }

    private List<ScheduleEffect> after(long millis) {
        wall += millis;
        elapsed += millis;
        return schedule.wake(now());
    }

    private List<ScheduleEffect> own(TestingTickJobs job) {
        return own(job, JobStatistics.NONE);
    }

    private List<ScheduleEffect> own(TestingTickJobs job, JobStatistics before) {
        return schedule.own(job.job(), 7, before, now());
    }

    private List<ScheduleEffect> done(Start start) {
        return schedule.ended(
                start.tickId(),
                new TickOutcome.Done(result(start.job().jobId(), start.evalMillis(), 1, 1, false)),
                now());
    }

    private List<ScheduleEffect> failed(Start start) {
        return schedule.ended(
                start.tickId(), new TickOutcome.Failed("no", Optional.of(SourceException.Cause.UNREACHABLE)), now());
    }

    private static <T extends ScheduleEffect> List<T> all(Class<T> kind, List<ScheduleEffect> effects) {
        return effects.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    private static <T extends ScheduleEffect> T one(Class<T> kind, List<ScheduleEffect> effects) {
        assertEquals(1, all(kind, effects).size(), () -> effects.toString());
        return all(kind, effects).getFirst();
    }

    private static JobStatistics ranAt(long lastRunMillis) {
        return new JobStatistics(
                JobStatus.ACTIVE,
                OptionalLong.of(lastRunMillis),
                OptionalLong.of(lastRunMillis),
                OptionalLong.of(5),
                null,
                10,
                1,
                2,
                0,
                OptionalLong.empty(),
                0);
    }

    @Test
    void aNewJobRunsAtOnceForTheNewestTickThenAtEach() {
        wall = 1_003_000;
        Start first = one(Start.class, own(quantile("a")));
        assertEquals(1_000_000, first.evalMillis());
        assertEquals(0, first.lagMillis());
        List<ScheduleEffect> ended = done(first);
        assertEquals(1_000_000, one(Publish.class, ended).result().evalMillis());
        Record record = one(Record.class, ended);
        assertEquals(7, record.epoch());
        assertEquals(JobStatus.ACTIVE, record.statistics().status());
        assertEquals(OptionalLong.of(1_000_000), record.statistics().lastRunMillis());
        assertEquals(OptionalLong.of(1_003_000), record.statistics().lastSuccessMillis());
        assertEquals(OptionalLong.of(1_010_000), record.statistics().nextRunMillis());
        assertEquals(1_010_000, schedule.nextWakeMillis());
        assertEquals(List.of(), after(6_999));
        assertEquals(1_010_000, one(Start.class, after(1)).evalMillis());
    }

    @Test
    void theDelayMovesTheStartAndNotTheTick() {
        schedule = new Schedule(new TickSettings(10, 5_000, 0, 80, 8_000, 64, 16, 5_000, 3, 10, 100));
        long delay = TickSettings.DEFAULT.delayMillis(quantile("a").job());
        assertTrue(delay >= 1_000 && delay < 6_000, "delay " + delay);
        wall = 1_000_000 + delay - 1;
        assertEquals(990_000, one(Start.class, own(quantile("a"))).evalMillis());
        schedule.disown("a", now());
        schedule = new Schedule(new TickSettings(10, 5_000, 0, 80, 8_000, 64, 16, 5_000, 3, 10, 100));
        wall++;
        assertEquals(1_000_000, one(Start.class, own(quantile("a"))).evalMillis());
    }

    @Test
    void whatBecomesDueWhileATickRunsIsMissedAndCounted() {
        Start first = one(Start.class, own(quantile("a").granularityMillis(2_000)));
        assertEquals(List.of(), after(4_900));
        List<ScheduleEffect> ended = done(first);
        // 1,002,000 and 1,004,000 are missed; the next is 1,006,000.
        assertEquals(2, one(Skip.class, ended).ticks());
        assertEquals(2, one(Record.class, ended).statistics().skipped());
        assertEquals(List.of(), all(Start.class, ended));
        assertEquals(1_006_000, one(Start.class, after(1_100)).evalMillis());
    }

    @Test
    void aTickThatWaitedForASlotRunsForTheNewestTime() {
        List<Start> running = new ArrayList<>();
        for (String id : List.of("a", "b")) {
            running.add(one(Start.class, own(quantile(id))));
        }
        // The third of one source has to wait, another source's has not, and then no slot is left.
        assertEquals(List.of(), all(Start.class, own(quantile("c"))));
        Start other = one(Start.class, own(quantile("d").source("other")));
        assertEquals(List.of(), all(Start.class, own(quantile("e").source("third"))));
        assertEquals(2, schedule.readyCount());
        assertEquals(3, schedule.runningCount());
        wall += 25_000;
        List<ScheduleEffect> ended = done(running.getFirst());
        List<Start> started = all(Start.class, ended);
        assertEquals(1, started.size());
        assertEquals("c", started.getFirst().job().jobId());
        assertEquals(1_020_000, started.getFirst().evalMillis());
        assertEquals(5_000, started.getFirst().lagMillis());
        assertTrue(all(Skip.class, ended).contains(new Skip("c", 2)));
        assertEquals("e", one(Start.class, done(other)).job().jobId());
    }

    @Test
    void theBusiestSourceLeavesRoomForOthersThatAreDueLater() {
        own(quantile("a"));
        own(quantile("b"));
        own(quantile("c"));
        assertEquals(
                "z", one(Start.class, own(quantile("z").source("other"))).job().jobId());
        assertEquals(Long.MAX_VALUE, schedule.nextWakeMillis());
    }

    @Test
    void threeFailuresInARowAreFailingAndOneSuccessIsActive() {
        Start start = one(Start.class, own(quantile("a")));
        List<JobStatus> statuses = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Record record = one(Record.class, failed(start));
            statuses.add(record.statistics().status());
            assertEquals(i + 1, record.statistics().failures());
            assertEquals(i + 1, record.statistics().failuresInRow());
            assertEquals(i + 1, record.statistics().runs());
            assertEquals("no", record.statistics().lastError());
            assertTrue(record.result().isEmpty());
            start = one(Start.class, after(10_000));
        }
        assertEquals(List.of(JobStatus.CREATED, JobStatus.CREATED, JobStatus.FAILING, JobStatus.FAILING), statuses);
        assertEquals(1, schedule.counts().get(JobStatus.FAILING));
        JobStatistics good = one(Record.class, done(start)).statistics();
        assertEquals(JobStatus.ACTIVE, good.status());
        assertEquals(0, good.failuresInRow());
        assertEquals(4, good.failures());
        assertEquals(null, good.lastError());
        assertEquals(
                Map.of(JobStatus.ACTIVE, 1, JobStatus.CREATED, 0, JobStatus.FAILING, 0, JobStatus.EXPIRED, 0),
                schedule.counts());
    }

    @Test
    void partOfAWindowIsNoFailureUntilTheFirstWholeOne() {
        TickOutcome part = new TickOutcome.Incomplete(0.4);
        Start start = one(Start.class, own(quantile("a")));
        for (int i = 0; i < 5; i++) {
            List<ScheduleEffect> ended = schedule.ended(start.tickId(), part, now());
            assertEquals(List.of(), all(Publish.class, ended));
            JobStatistics statistics = one(Record.class, ended).statistics();
            assertEquals(JobStatus.CREATED, statistics.status());
            assertEquals(0, statistics.failures());
            assertTrue(String.valueOf(statistics.lastError()).contains("40.0 %"), statistics.lastError());
            start = one(Start.class, after(10_000));
        }
        done(start);
        JobStatistics statistics = JobStatistics.NONE;
        for (int i = 0; i < 3; i++) {
            start = one(Start.class, after(10_000));
            statistics = one(Record.class, schedule.ended(start.tickId(), part, now()))
                    .statistics();
        }
        assertEquals(JobStatus.FAILING, statistics.status());
        assertEquals(3, statistics.failures());
    }

    @Test
    void theEndOfAJobCancelsItsTickAndNothingRunsAfter() {
        Start start = one(Start.class, own(quantile("a").validUntilMillis(1_004_000)));
        assertEquals(1_004_000, schedule.nextWakeMillis());
        assertEquals(List.of(), after(3_999));
        List<ScheduleEffect> over = after(1);
        assertEquals(start.tickId(), one(Cancel.class, over).tickId());
        assertEquals("a", one(Expire.class, over).jobId());
        assertEquals(JobStatus.EXPIRED, one(Record.class, over).statistics().status());
        assertEquals(OptionalLong.empty(), one(Record.class, over).statistics().nextRunMillis());
        List<ScheduleEffect> ended = done(start);
        assertEquals(List.of(new Forget("a")), ended);
        assertEquals(List.of(), after(100_000));
        assertEquals(Long.MAX_VALUE, schedule.nextWakeMillis());
        assertEquals(1, schedule.counts().get(JobStatus.EXPIRED));
        assertEquals(List.of(), all(Forget.class, schedule.disown("b", now())));
        schedule.disown("a", now());
        assertEquals(0, schedule.counts().get(JobStatus.EXPIRED));
    }

    @Test
    void aResultThatComesAtTheEndOfItsJobIsNotPublished() {
        Start start = one(Start.class, own(quantile("a").validUntilMillis(1_004_000)));
        wall += 4_000;
        List<ScheduleEffect> ended = done(start);
        assertEquals(List.of(), all(Publish.class, ended));
        assertEquals(1, all(Expire.class, ended).size());
    }

    @Test
    void aJobThatHasExpiredBeforeDoesNotRun() {
        assertEquals(
                1,
                all(Expire.class, own(quantile("a").validUntilMillis(999_999))).size());
        JobStatistics expired = new JobStatistics(
                JobStatus.EXPIRED,
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                null,
                0,
                0,
                0,
                0,
                OptionalLong.empty(),
                0);
        assertEquals(List.of(), own(quantile("b").validUntilMillis(999_999), expired));
        assertEquals(List.of(), after(100_000));
    }

    @Test
    void aDisownedJobsTickIsCancelledAndItsEndSaysNothing() {
        Start start = one(Start.class, own(quantile("a")));
        List<ScheduleEffect> effects = schedule.disown("a", now());
        assertEquals(List.of(new Cancel(start.tickId())), effects);
        assertEquals(1, schedule.runningCount());
        assertEquals(List.of(new Forget("a")), done(start));
        assertEquals(0, schedule.runningCount());
        assertEquals(List.of(), after(100_000));
        assertThrows(IllegalStateException.class, () -> done(start));
    }

    @Test
    void aJobThatComesBackWaitsForItsOldTick() {
        Start old = one(Start.class, own(quantile("a")));
        schedule.disown("a", now());
        assertEquals(List.of(), own(quantile("a")));
        assertEquals(List.of(), after(1_000));
        List<ScheduleEffect> ended = done(old);
        assertEquals(List.of(), all(Publish.class, ended));
        assertEquals(List.of(), all(Forget.class, ended));
        assertEquals(1_000_000, one(Start.class, ended).evalMillis());
    }

    @Test
    void aJobOwnedAgainKeepsItsTickAndTakesTheNewEpoch() {
        Start start = one(Start.class, own(quantile("a")));
        assertEquals(List.of(), schedule.own(quantile("a").job(), 8, JobStatistics.NONE, now()));
        assertEquals(8, one(Record.class, done(start)).epoch());
    }

    @Test
    void aJobTakenOverRunsWhatIsDueAndCountsWhatWasMissed() {
        wall = 1_001_000;
        assertEquals(List.of(), own(quantile("ran"), ranAt(1_000_000)));
        assertEquals(1_010_000, schedule.nextWakeMillis());
        List<ScheduleEffect> late = own(quantile("late"), ranAt(960_000));
        assertEquals(1_000_000, one(Start.class, late).evalMillis());
        assertEquals(new Skip("late", 3), one(Skip.class, late));
        JobStatistics after = one(Record.class, done(one(Start.class, late))).statistics();
        assertEquals(5, after.skipped());
        assertEquals(11, after.runs());
        // Another process' clock was ahead.
        assertEquals(
                1_000_000,
                one(Start.class, own(quantile("future"), ranAt(1_050_000))).evalMillis());
    }

    @Test
    void aTickThatHangsHasFailedAndKeepsItsSlot() {
        Start start = one(Start.class, own(quantile("a")));
        assertEquals(List.of(), after(5_999));
        List<ScheduleEffect> effects = after(1);
        assertEquals(start.tickId(), one(Cancel.class, effects).tickId());
        JobStatistics statistics = one(Record.class, effects).statistics();
        assertEquals(1, statistics.failures());
        assertEquals(OptionalLong.of(6_000), statistics.lastDurationMillis());
        assertEquals(1, schedule.runningCount());
        // Its next tick is due, and must not run beside it.
        assertEquals(List.of(), after(10_000));
        assertEquals(1, schedule.readyCount());
        List<ScheduleEffect> ended = done(start);
        assertEquals(List.of(), all(Publish.class, ended));
        assertEquals(1_010_000, one(Start.class, ended).evalMillis());
    }

    @Test
    void aClockThatIsSetBackStopsNothing() {
        done(one(Start.class, own(quantile("a"))));
        wall -= 3_600_000;
        assertEquals(List.of(), schedule.wake(now()));
        assertEquals(1_000_000 - 3_600_000 + 10_000, schedule.nextWakeMillis());
        Start start = one(Start.class, after(10_000));
        assertEquals(1_000_000 - 3_600_000 + 10_000, start.evalMillis());
        wall -= 7_200_000;
        assertEquals(List.of(), all(Skip.class, done(start)));
        assertEquals(1, all(Start.class, after(10_000)).size());
    }

    @Test
    void aClockThatIsSetForwardSkips() {
        done(one(Start.class, own(quantile("a"))));
        wall += 3_600_000;
        List<ScheduleEffect> effects = schedule.wake(now());
        assertEquals(4_600_000, one(Start.class, effects).evalMillis());
        assertEquals(359, one(Skip.class, effects).ticks());
    }

    @Test
    void ticksOfManyJobsAreSpread() {
        TickSettings settings = TickSettings.DEFAULT;
        int[] perTenth = new int[10];
        for (int i = 0; i < 1_000; i++) {
            long jitter = settings.jitterMillis("job-" + i, 10_000);
            assertEquals(jitter, settings.jitterMillis("job-" + i, 10_000));
            perTenth[(int) (jitter / 800)]++;
        }
        for (int count : perTenth) {
            assertTrue(count > 50 && count < 200, "a tenth of the jitter has " + count + " of 1,000 jobs");
        }
        assertEquals(
                5_000,
                settings.settleMillis(
                        quantile("a").granularityMillis(86_400_000).job()));
        assertEquals(1_000, settings.settleMillis(quantile("a").job()));
        assertEquals(
                0,
                new TickSettings(0, 0, 0, 0, 0, 1, 1, 10, 1, 0, 100)
                        .delayMillis(quantile("a").job()));
        // What was ingested into the lake cannot be queried before it is flushed.
        assertEquals(12_000, settings.settleMillis(expression("a").job()));
    }

    @Test
    void settingsThatMakeNoSenseAreRefusedByName() {
        assertTrue(Objects.requireNonNull(assertThrows(
                                IllegalArgumentException.class,
                                () -> new TickSettings(101, 0, 0, 0, 0, 1, 1, 10, 1, 0, 100))
                        .getMessage())
                .contains("precompute-ticks-settle-percent"));
        assertThrows(IllegalArgumentException.class, () -> new TickSettings(0, 0, 0, 0, 0, 0, 1, 10, 1, 0, 100));
        assertThrows(IllegalArgumentException.class, () -> new TickSettings(0, 0, 0, 0, 0, 1, 1, 0, 1, 0, 100));
    }

    /** Whatever happens in whatever order: no overlap, no slot too many, no result of an end, and every job goes on. */
    @Test
    void rulesHoldWhateverHappens() {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            new Round(random).run();
        }
    }

    /** One random history with what must hold in it. */
    private static final class Round {
        private final Random random;
        private final Schedule schedule = new Schedule(new TickSettings(10, 500, 0, 30, 900, 4, 2, 3_000, 3, 10, 100));
        private final Map<Long, Start> threads = new HashMap<>();
        private final Set<Long> cancelled = new HashSet<>();
        private final Map<String, Job> owned = new HashMap<>();
        private final Set<String> expired = new HashSet<>();
        private final Map<String, Long> lastEval = new HashMap<>();
        private long wall = 50_000_000;
        private long elapsed;
        private boolean clockJumped;

        Round(Random random) {
            this.random = random;
        }

        private Moment now() {
            return new Moment(wall, elapsed * 1_000_000);
        }

        private void run() {
            for (int step = 0; step < 300; step++) {
                int millis = random.nextInt(1_500);
                wall += millis;
                elapsed += millis;
                switch (random.nextInt(12)) {
                    case 0, 1 -> ownOne();
                    case 2 -> disownOne();
                    case 3 -> {
                        if (random.nextInt(10) == 0) {
                            wall += random.nextInt(200_000) - 100_000;
                            clockJumped = true;
                        }
                    }
                    case 4, 5, 6, 7, 8 -> endOne(random.nextBoolean());
                    default -> {}
                }
                check(schedule.wake(now()));
            }
            // Then all goes well, and every job that is left runs again.
            while (!threads.isEmpty()) {
                endOne(true);
            }
            Set<String> ran = new HashSet<>();
            for (int i = 0; i < 40; i++) {
                wall += 500;
                elapsed += 500;
                check(schedule.wake(now()));
                while (!threads.isEmpty()) {
                    threads.values().forEach(start -> ran.add(start.job().jobId()));
                    endOne(true);
                }
            }
            owned.keySet().stream()
                    .filter(id -> !expired.contains(id))
                    .forEach(id -> assertTrue(ran.contains(id), id + " does not run any more"));
            assertEquals(0, schedule.runningCount());
        }

        private void ownOne() {
            String id = "job" + random.nextInt(10);
            TestingTickJobs made = quantile(id)
                    .granularityMillis(1_000L * (1 + id.hashCode() % 3))
                    .source("source" + id.hashCode() % 4);
            Job job = random.nextInt(5) == 0
                    ? made.validUntilMillis(wall + random.nextInt(20_000)).job()
                    : made.job();
            if (owned.putIfAbsent(id, job) == null) {
                lastEval.remove(id);
            }
            check(schedule.own(job, 1, JobStatistics.NONE, now()));
        }

        private void disownOne() {
            String id = "job" + random.nextInt(10);
            owned.remove(id);
            expired.remove(id);
            check(schedule.disown(id, now()));
            threads.values().stream()
                    .filter(start -> start.job().jobId().equals(id))
                    .forEach(start -> assertTrue(cancelled.contains(start.tickId())));
        }

        private void endOne(boolean good) {
            if (threads.isEmpty()) {
                return;
            }
            List<Long> ids = threads.keySet().stream().sorted().toList();
            Start start = Objects.requireNonNull(threads.remove(ids.get(random.nextInt(ids.size()))));
            TickOutcome outcome = good
                    ? new TickOutcome.Done(result(start.job().jobId(), start.evalMillis(), 0, 0, false))
                    : new TickOutcome.Failed("no", Optional.empty());
            boolean wanted = !cancelled.remove(start.tickId());
            List<ScheduleEffect> effects = schedule.ended(start.tickId(), outcome, now());
            if (!wanted) {
                assertEquals(List.of(), all(Publish.class, effects), "a cancelled tick has a result");
            }
            check(effects);
        }

        private void check(List<ScheduleEffect> effects) {
            for (ScheduleEffect effect : effects) {
                switch (effect) {
                    case Start start -> checkStart(start);
                    case Cancel cancel -> {
                        assertTrue(threads.containsKey(cancel.tickId()), "no such tick");
                        assertTrue(cancelled.add(cancel.tickId()), "cancelled twice");
                    }
                    case Publish publish ->
                        assertTrue(owned.containsKey(publish.job().jobId()));
                    case Record record ->
                        assertTrue(owned.containsKey(record.job().jobId()));
                    case Expire expire -> assertTrue(expired.add(expire.jobId()), "expired twice");
                    case Forget forget ->
                        assertFalse(threads.values().stream()
                                .anyMatch(start -> start.job().jobId().equals(forget.jobId())));
                    case Skip skip -> assertTrue(skip.ticks() > 0);
                    case ScheduleEffect.Count count -> assertTrue(count.durationNanos() >= 0);
                }
            }
            assertTrue(threads.size() <= 4, "too many ticks");
            assertEquals(threads.size(), schedule.runningCount());
        }

        private void checkStart(Start start) {
            String id = start.job().jobId();
            assertTrue(owned.containsKey(id) && !expired.contains(id), id + " is not here");
            assertTrue(
                    threads.values().stream()
                            .noneMatch(other -> other.job().jobId().equals(id)),
                    id + " overlaps");
            threads.put(start.tickId(), start);
            assertTrue(
                    threads.values().stream()
                                    .filter(other -> other.job()
                                            .spec()
                                            .source()
                                            .equals(start.job().spec().source()))
                                    .count()
                            <= 2,
                    "too many ticks of a source");
            assertEquals(0, start.evalMillis() % start.job().spec().granularityMillis());
            assertTrue(start.evalMillis() <= wall, "a tick of the future");
            Long last = lastEval.put(id, start.evalMillis());
            assertTrue(clockJumped || last == null || last < start.evalMillis(), "a tick runs twice");
        }
    }
}
