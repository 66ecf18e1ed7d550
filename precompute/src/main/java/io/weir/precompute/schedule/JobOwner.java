package io.weir.precompute.schedule;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobStatistics;

/** Runs the jobs whose lease this process holds. Implemented by the scheduler, called by the registry; no call blocks longer than it says. */
public interface JobOwner {
    /**
     * The lease is held from now on.
     *
     * @param epoch of the lease: fences what its ticks record
     * @param before how it fared until now
     */
    void own(Job job, long epoch, JobStatistics before);

    /**
     * The lease is lost or the job deleted: a running tick is cancelled. When this returns, at most a second later, nothing of the job is recorded
     * any more.
     */
    void disown(String jobId);
}
