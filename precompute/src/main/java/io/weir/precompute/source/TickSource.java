package io.weir.precompute.source;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobQuery;
import io.weir.precompute.result.ResultVector;

/**
 * Gives ticks their data. Thread-safe; a call blocks its (virtual) thread at most until the deadline, and ends at once when that is interrupted.
 *
 * <p>A source may keep parts of windows between the ticks of a job, bounded by a setting.
 */
public interface TickSource extends AutoCloseable {
    /**
     * The sketches of (toMillis - window, toMillis], merged over the window, one per attribute set.
     *
     * @param query of the job
     * @param deadlineNanos {@link System#nanoTime}
     * @throws SourceException what the tick counts as a failed pull
     */
    SketchBatch sketches(Job job, JobQuery.OfSketch query, long toMillis, long deadlineNanos)
            throws SourceException, InterruptedException;

    /**
     * The value of an expression at a time.
     *
     * @throws SourceException also if this source evaluates no expressions, which the job's validation should have said
     */
    ResultVector evaluate(Job job, JobQuery.OfExpression query, long timeMillis, long deadlineNanos)
            throws SourceException, InterruptedException;

    /** Forgets what it keeps for a job. */
    void forget(String jobId);

    @Override
    void close();
}
