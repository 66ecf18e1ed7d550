package io.weir.precompute.schedule;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.job.JobStatus;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** A job that a {@link Schedule} runs: when its next tick is, and how it fares. Mutable. */
final class OwnedJob {
    private final Job job;
    private final long delayMillis;
    private final long ownedMillis;
    private long epoch;
    private JobStatistics statistics;
    private long nextTickMillis;

    OwnedJob(Job job, long epoch, JobStatistics before, long delayMillis, long nowMillis) {
        this.job = job;
        this.epoch = epoch;
        this.statistics = before;
        this.delayMillis = delayMillis;
        this.ownedMillis = nowMillis;
        nextTickMillis = firstTick(before.lastRunMillis(), newestDue(nowMillis));
    }

    /** The tick after the last run, or the newest if there was none. A last run in the future comes of a clock that was set back. */
    private long firstTick(OptionalLong lastRunMillis, long newestMillis) {
        if (lastRunMillis.isEmpty() || lastRunMillis.getAsLong() > newestMillis) {
            return newestMillis;
        }
        return Math.floorDiv(lastRunMillis.getAsLong(), granularityMillis()) * granularityMillis()
                + granularityMillis();
    }

    Job job() {
        return job;
    }

    String jobId() {
        return job.jobId();
    }

    String source() {
        return job.spec().source().text();
    }

    long epoch() {
        return epoch;
    }

    void epoch(long changed) {
        epoch = changed;
    }

    JobStatistics statistics() {
        return statistics;
    }

    long granularityMillis() {
        return job.spec().granularityMillis();
    }

    boolean isExpired() {
        return statistics.status() == JobStatus.EXPIRED;
    }

    boolean isOverAt(long nowMillis) {
        OptionalLong end = job.spec().validUntilMillis();
        return end.isPresent() && end.getAsLong() <= nowMillis;
    }

    /** When the next tick should start. */
    long dueMillis() {
        return nextTickMillis + delayMillis;
    }

    long nextTickMillis() {
        return nextTickMillis;
    }

    /** The newest tick that is due by now. */
    long newestDue(long nowMillis) {
        return Math.floorDiv(nowMillis - delayMillis, granularityMillis()) * granularityMillis();
    }

    /** How long the tick that starts now has been due; no longer than the job has been here. */
    long lagMillis(long evalMillis, long nowMillis) {
        return Math.max(0, nowMillis - Math.max(evalMillis + delayMillis, ownedMillis));
    }

    /**
     * Goes on to the tick that starts now, the newest that is due.
     *
     * @return ticks that are missed by that
     */
    long startNewest(long nowMillis) {
        long expected = nextTickMillis;
        nextTickMillis = newestDue(nowMillis);
        return skip((nextTickMillis - expected) / granularityMillis());
    }

    /**
     * Goes on to the first tick that is due after now; those that became due meanwhile are missed.
     *
     * @param evalMillis the tick that ended
     * @return how many are missed
     */
    long scheduleAfter(long evalMillis, long nowMillis) {
        nextTickMillis = newestDue(nowMillis) + granularityMillis();
        return skip((nextTickMillis - evalMillis) / granularityMillis() - 1);
    }

    /** The wall clock was set back: the next tick is the first that is due from now. */
    void clockWasSetBack(long nowMillis) {
        nextTickMillis = Math.min(nextTickMillis, newestDue(nowMillis) + granularityMillis());
    }

    private long skip(long ticks) {
        if (ticks <= 0) {
            return 0;
        }
        JobStatistics s = statistics;
        statistics = new JobStatistics(
                s.status(),
                s.lastRunMillis(),
                s.lastSuccessMillis(),
                s.lastDurationMillis(),
                s.lastError(),
                s.runs(),
                s.failures(),
                s.skipped() + ticks,
                s.failuresInRow(),
                s.nextRunMillis(),
                s.cacheHits());
        return ticks;
    }

    /** A tick ended with a result. */
    void succeeded(long evalMillis, long durationMillis, long nowMillis) {
        ended(JobStatus.ACTIVE, evalMillis, durationMillis, OptionalLong.of(nowMillis), null, 0, 0);
    }

    /** A tick ended without one. @param failuresMax in a row, after which the job is failing */
    void failed(long evalMillis, long durationMillis, String error, int failuresMax) {
        long inRow = statistics.failuresInRow() + 1;
        JobStatus status = inRow >= failuresMax ? JobStatus.FAILING : statistics.status();
        ended(status, evalMillis, durationMillis, statistics.lastSuccessMillis(), error, 1, inRow);
    }

    /** A tick of a job that never had a whole window yet ended with a part of one: its source begins to see it. */
    void begins(long evalMillis, long durationMillis, String error) {
        ended(
                statistics.status(),
                evalMillis,
                durationMillis,
                OptionalLong.empty(),
                error,
                0,
                statistics.failuresInRow());
    }

    private void ended(
            JobStatus status,
            long evalMillis,
            long durationMillis,
            OptionalLong lastSuccessMillis,
            @Nullable String error,
            long failures,
            long failuresInRow) {
        JobStatistics s = statistics;
        statistics = new JobStatistics(
                status,
                OptionalLong.of(evalMillis),
                lastSuccessMillis,
                OptionalLong.of(durationMillis),
                error,
                s.runs() + 1,
                s.failures() + failures,
                s.skipped(),
                failuresInRow,
                s.nextRunMillis(),
                s.cacheHits());
    }

    /** Ends it. */
    void expire() {
        statistics = with(JobStatus.EXPIRED, OptionalLong.empty());
    }

    /** How it fares, with the time of its next tick. */
    JobStatistics statisticsNow() {
        statistics = with(statistics.status(), isExpired() ? OptionalLong.empty() : OptionalLong.of(dueMillis()));
        return statistics;
    }

    private JobStatistics with(JobStatus status, OptionalLong nextRunMillis) {
        JobStatistics s = statistics;
        return new JobStatistics(
                status,
                s.lastRunMillis(),
                s.lastSuccessMillis(),
                s.lastDurationMillis(),
                s.lastError(),
                s.runs(),
                s.failures(),
                s.skipped(),
                s.failuresInRow(),
                nextRunMillis,
                s.cacheHits());
    }
}
