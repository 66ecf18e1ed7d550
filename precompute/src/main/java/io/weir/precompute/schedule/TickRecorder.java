package io.weir.precompute.schedule;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.result.TickResult;
import java.util.Optional;

/** Takes what came of ticks, for the database and the other processes. Never blocks; what it cannot take it drops (the newest of a job stays) and counts. */
public interface TickRecorder {
    /** @param result empty after a failed tick */
    void record(Job job, long epoch, JobStatistics statistics, Optional<TickResult> result);
}
