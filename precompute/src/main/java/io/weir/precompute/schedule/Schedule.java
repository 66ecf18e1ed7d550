package io.weir.precompute.schedule;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.job.JobStatus;
import io.weir.precompute.result.TickResult;
import io.weir.precompute.source.SourceException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The state machine of ticks: which run when, and what becomes of their ends. Pure: no clock, no thread; each step gives effects.
 *
 * <p>A job's ticks never overlap. A tick that finds no slot waits and then runs for the newest time that is due. What becomes due while a tick runs
 * is missed: it is counted, not made up for. A tick that was cancelled keeps its slot until its thread has ended.
 */
final class Schedule {
    private static final long NANOS_PER_MILLI = 1_000_000;
    /** A source that keeps to its deadline has this time to say so, before it is taken as hanging. */
    private static final long DEADLINE_ALLOWANCE_NANOS = 1_000_000_000;
    /** A clock that goes back by less is only adjusted: ticks are at least a second apart. */
    private static final long SET_BACK_MILLIS_MIN = 1_000;

    private record Due(long millis, String jobId) implements Comparable<Due> {
        private static final Comparator<Due> ORDER =
                Comparator.comparingLong(Due::millis).thenComparing(Due::jobId);

        @Override
        public int compareTo(Due other) {
            return ORDER.compare(this, other);
        }
    }

    /** A tick with a thread. @param wanted whether its end still matters */
    private record Running(
            long tickId,
            String jobId,
            String source,
            long evalMillis,
            long startedNanos,
            long deadlineNanos,
            boolean wanted) {
        Running unwanted() {
            return new Running(tickId, jobId, source, evalMillis, startedNanos, deadlineNanos, false);
        }
    }

    private final TickSettings settings;
    private final Map<String, OwnedJob> jobs = new HashMap<>();
    /** When each job that runs no tick runs the next one. */
    private final TreeSet<Due> waiting = new TreeSet<>();
    /** Jobs whose tick is due and has no slot, longest due first. */
    private final TreeSet<Due> ready = new TreeSet<>();
    /** When jobs expire. */
    private final TreeSet<Due> ends = new TreeSet<>();
    /** By id; the order of ids is the order of starts. */
    private final TreeMap<Long, Running> running = new TreeMap<>();

    private final Map<String, Long> runningByJob = new HashMap<>();
    private final Map<String, Integer> runningBySource = new HashMap<>();
    private final EnumMap<JobStatus, Integer> countByStatus = new EnumMap<>(JobStatus.class);
    private long lastTickId;
    private long lastWallMillis = Long.MIN_VALUE;

    Schedule(TickSettings settings) {
        this.settings = settings;
        for (JobStatus status : JobStatus.values()) {
            countByStatus.put(status, 0);
        }
    }

    /** Runs a job from now on. */
    List<ScheduleEffect> own(Job job, long epoch, JobStatistics before, Moment now) {
        List<ScheduleEffect> effects = new ArrayList<>();
        OwnedJob known = jobs.get(job.jobId());
        if (known != null) {
            known.epoch(epoch);
        } else {
            long delay = settings.delayMillis(job);
            OwnedJob owned = new OwnedJob(job, epoch, before, delay, now.wallMillis());
            jobs.put(job.jobId(), owned);
            countByStatus.merge(owned.statistics().status(), 1, Integer::sum);
            if (!owned.isExpired()) {
                waiting.add(due(owned));
                end(owned).ifPresent(ends::add);
            }
        }
        advance(now, effects);
        return effects;
    }

    /** Runs a job no more: what its tick still does matters to nobody. */
    List<ScheduleEffect> disown(String jobId, Moment now) {
        List<ScheduleEffect> effects = new ArrayList<>();
        OwnedJob owned = jobs.remove(jobId);
        if (owned != null) {
            countByStatus.merge(owned.statistics().status(), -1, Integer::sum);
            stop(owned, effects);
        }
        advance(now, effects);
        return effects;
    }

    /** A tick's thread ended. */
    List<ScheduleEffect> ended(long tickId, TickOutcome outcome, Moment now) {
        List<ScheduleEffect> effects = new ArrayList<>();
        Running tick = running.remove(tickId);
        if (tick == null) {
            throw new IllegalStateException("tick " + tickId + " ended, but does not run");
        }
        runningByJob.remove(tick.jobId());
        runningBySource.computeIfPresent(tick.source(), (source, count) -> count == 1 ? null : count - 1);
        OwnedJob owned = jobs.get(tick.jobId());
        if (owned == null || owned.isExpired()) {
            effects.add(new ScheduleEffect.Forget(tick.jobId()));
        } else if (tick.wanted() && !owned.isOverAt(now.wallMillis())) {
            finish(owned, tick, outcome, now, effects);
        }
        advance(now, effects);
        return effects;
    }

    /** Does what is due. */
    List<ScheduleEffect> wake(Moment now) {
        List<ScheduleEffect> effects = new ArrayList<>();
        advance(now, effects);
        return effects;
    }

    /** The wall clock's time of the next {@link #wake}; MAX_VALUE for none. Ticks that hang are noticed at any wake. */
    long nextWakeMillis() {
        return Math.min(
                waiting.isEmpty() ? Long.MAX_VALUE : waiting.first().millis(),
                ends.isEmpty() ? Long.MAX_VALUE : ends.first().millis());
    }

    /** Ticks with a thread. */
    int runningCount() {
        return running.size();
    }

    /** Jobs whose tick is due and has no slot. */
    int readyCount() {
        return ready.size();
    }

    /** How many jobs have each status. */
    Map<JobStatus, Integer> counts() {
        return Collections.unmodifiableMap(countByStatus);
    }

    private void advance(Moment now, List<ScheduleEffect> effects) {
        if (now.wallMillis() < lastWallMillis - SET_BACK_MILLIS_MIN) {
            clockWasSetBack(now.wallMillis());
        }
        lastWallMillis = now.wallMillis();
        while (!ends.isEmpty() && ends.first().millis() <= now.wallMillis()) {
            expire(required(ends.first().jobId()), effects);
        }
        endHanging(now, effects);
        while (!waiting.isEmpty() && waiting.first().millis() <= now.wallMillis()) {
            ready.add(waiting.removeFirst());
        }
        startReady(now, effects);
    }

    private void clockWasSetBack(long nowMillis) {
        waiting.clear();
        ready.clear();
        for (OwnedJob owned : jobs.values()) {
            if (!owned.isExpired() && wantedTick(owned.jobId()) == null) {
                owned.clockWasSetBack(nowMillis);
                waiting.add(due(owned));
            }
        }
    }

    /** Ticks far beyond their deadline have failed, whether their threads end or not. */
    private void endHanging(Moment now, List<ScheduleEffect> effects) {
        List<Running> hanging = running.values().stream()
                .filter(tick -> tick.wanted() && tick.deadlineNanos() + DEADLINE_ALLOWANCE_NANOS <= now.elapsedNanos())
                .toList();
        for (Running tick : hanging) {
            cancel(tick.jobId(), effects);
            TickOutcome outcome = new TickOutcome.Failed(
                    "the source neither answered within " + settings.durationMillisMax() + " ms nor gave up",
                    Optional.of(SourceException.Cause.TIMEOUT));
            finish(required(tick.jobId()), tick, outcome, now, effects);
        }
    }

    private void startReady(Moment now, List<ScheduleEffect> effects) {
        Iterator<Due> longestDueFirst = ready.iterator();
        while (longestDueFirst.hasNext() && running.size() < settings.runningMax()) {
            OwnedJob owned = required(longestDueFirst.next().jobId());
            if (!runningByJob.containsKey(owned.jobId())
                    && runningBySource.getOrDefault(owned.source(), 0) < settings.runningPerSourceMax()) {
                longestDueFirst.remove();
                start(owned, now, effects);
            }
        }
    }

    private void start(OwnedJob owned, Moment now, List<ScheduleEffect> effects) {
        skip(owned, owned.startNewest(now.wallMillis()), effects);
        long evalMillis = owned.nextTickMillis();
        long tickId = ++lastTickId;
        Running tick = new Running(
                tickId,
                owned.jobId(),
                owned.source(),
                evalMillis,
                now.elapsedNanos(),
                now.elapsedNanos() + settings.durationMillisMax() * NANOS_PER_MILLI,
                true);
        running.put(tickId, tick);
        runningByJob.put(owned.jobId(), tickId);
        runningBySource.merge(owned.source(), 1, Integer::sum);
        effects.add(new ScheduleEffect.Start(
                owned.job(), tickId, evalMillis, owned.lagMillis(evalMillis, now.wallMillis())));
    }

    /** Books the end of a tick, and waits for the next one. */
    private void finish(OwnedJob owned, Running tick, TickOutcome outcome, Moment now, List<ScheduleEffect> effects) {
        long durationNanos = Math.max(0, now.elapsedNanos() - tick.startedNanos());
        long durationMillis = Math.ceilDiv(durationNanos, NANOS_PER_MILLI);
        effects.add(new ScheduleEffect.Count(owned.jobId(), outcome, durationNanos));
        countByStatus.merge(owned.statistics().status(), -1, Integer::sum);
        Optional<TickResult> result = Optional.empty();
        switch (outcome) {
            case TickOutcome.Done done -> {
                owned.succeeded(tick.evalMillis(), durationMillis, now.wallMillis());
                result = Optional.of(done.result());
                effects.add(new ScheduleEffect.Publish(owned.job(), done.result()));
            }
            case TickOutcome.Incomplete incomplete -> incomplete(owned, tick, incomplete, durationMillis);
            case TickOutcome.Failed failed ->
                owned.failed(tick.evalMillis(), durationMillis, failed.message(), settings.failuresInRow());
            // Interrupted by somebody else: the process ends.
            case TickOutcome.Canceled canceled -> {}
        }
        countByStatus.merge(owned.statistics().status(), 1, Integer::sum);
        skip(owned, owned.scheduleAfter(tick.evalMillis(), now.wallMillis()), effects);
        waiting.add(due(owned));
        effects.add(new ScheduleEffect.Record(owned.job(), owned.epoch(), owned.statisticsNow(), result));
    }

    private void incomplete(OwnedJob owned, Running tick, TickOutcome.Incomplete incomplete, long durationMillis) {
        String error = String.format(
                Locale.ROOT,
                "the source has seen only %.1f %% of the window; nothing is served until it has seen all",
                100 * incomplete.coverage());
        if (owned.statistics().lastSuccessMillis().isPresent()) {
            owned.failed(tick.evalMillis(), durationMillis, error, settings.failuresInRow());
        } else {
            owned.begins(tick.evalMillis(), durationMillis, error);
        }
    }

    private static void skip(OwnedJob owned, long ticks, List<ScheduleEffect> effects) {
        if (ticks > 0) {
            effects.add(new ScheduleEffect.Skip(owned.jobId(), ticks));
        }
    }

    private void expire(OwnedJob owned, List<ScheduleEffect> effects) {
        countByStatus.merge(owned.statistics().status(), -1, Integer::sum);
        countByStatus.merge(JobStatus.EXPIRED, 1, Integer::sum);
        stop(owned, effects);
        owned.expire();
        effects.add(new ScheduleEffect.Expire(owned.jobId()));
        effects.add(new ScheduleEffect.Record(owned.job(), owned.epoch(), owned.statisticsNow(), Optional.empty()));
    }

    /** Runs no tick of it any more. */
    private void stop(OwnedJob owned, List<ScheduleEffect> effects) {
        waiting.remove(due(owned));
        ready.remove(due(owned));
        end(owned).ifPresent(ends::remove);
        cancel(owned.jobId(), effects);
        if (!runningByJob.containsKey(owned.jobId())) {
            effects.add(new ScheduleEffect.Forget(owned.jobId()));
        }
    }

    private void cancel(String jobId, List<ScheduleEffect> effects) {
        Running tick = wantedTick(jobId);
        if (tick != null) {
            running.put(tick.tickId(), tick.unwanted());
            effects.add(new ScheduleEffect.Cancel(tick.tickId()));
        }
    }

    private @Nullable Running wantedTick(String jobId) {
        Long tickId = runningByJob.get(jobId);
        Running tick = tickId == null ? null : running.get(tickId);
        return tick != null && tick.wanted() ? tick : null;
    }

    private OwnedJob required(String jobId) {
        OwnedJob owned = jobs.get(jobId);
        if (owned == null) {
            throw new IllegalStateException("job " + jobId + " is due, but not here");
        }
        return owned;
    }

    private static Due due(OwnedJob owned) {
        return new Due(owned.dueMillis(), owned.jobId());
    }

    private static Optional<Due> end(OwnedJob owned) {
        OptionalLong millis = owned.job().spec().validUntilMillis();
        return millis.isPresent() ? Optional.of(new Due(millis.getAsLong(), owned.jobId())) : Optional.empty();
    }
}
