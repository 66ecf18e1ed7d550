package io.weir.precompute.schedule;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.result.TickResult;
import java.util.Optional;

/** What a step of a {@link Schedule} wants done, in this order. */
sealed interface ScheduleEffect {
    /**
     * Run a tick; its end is told to the schedule, whatever happens.
     *
     * @param tickId never used twice
     * @param evalMillis the tick's time
     * @param lagMillis how much later it starts than it should
     */
    record Start(Job job, long tickId, long evalMillis, long lagMillis) implements ScheduleEffect {}

    /** End a running tick: interrupt it. */
    record Cancel(long tickId) implements ScheduleEffect {}

    /** A cycle of a job ended: count it. @param durationNanos from its start */
    record Count(String jobId, TickOutcome outcome, long durationNanos) implements ScheduleEffect {}

    /** Ticks were missed: count them. */
    record Skip(String jobId, long ticks) implements ScheduleEffect {}

    /** Make a result known to queries. */
    record Publish(Job job, TickResult result) implements ScheduleEffect {}

    /** Tell the registry. */
    record Record(Job job, long epoch, JobStatistics statistics, Optional<TickResult> result)
            implements ScheduleEffect {}

    /** A job's time is over: its results answer no more. */
    record Expire(String jobId) implements ScheduleEffect {}

    /** A job is not run here any more, and no tick of it is: sources forget it. */
    record Forget(String jobId) implements ScheduleEffect {}
}
