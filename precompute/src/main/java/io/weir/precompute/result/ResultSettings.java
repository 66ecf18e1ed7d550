package io.weir.precompute.result;

/**
 * Limits of the results that a process keeps.
 *
 * @param ticksMax of one job, the newest: so many steps of a range query can be answered
 * @param jobBytesMax heap of one job's results, estimated; sketches of old ticks go first, then old ticks, then the sketches of the newest
 * @param totalBytesMax heap of all results, estimated; results of ended jobs go first, then as within a job
 * @param warmMillis how long the results of a deleted job still answer, as a re-plan deletes jobs to make them again
 * @param endedJobsMax deleted jobs that are remembered for that time
 */
public record ResultSettings(int ticksMax, long jobBytesMax, long totalBytesMax, long warmMillis, int endedJobsMax) {
    /** 360 ticks: an hour at 10 s, or six at a minute. */
    public static final ResultSettings DEFAULT = new ResultSettings(360, 32L << 20, 256L << 20, 30_000, 10_000);

    public ResultSettings {
        if (ticksMax < 1 || ticksMax > 100_000) {
            throw new IllegalArgumentException("precompute-results-ticks-max is " + ticksMax + "; set 1 to 100000");
        }
        if (jobBytesMax < 1_024 || totalBytesMax < jobBytesMax) {
            throw new IllegalArgumentException("precompute-results-job-bytes-max is " + jobBytesMax
                    + " and precompute-results-total-bytes-max " + totalBytesMax
                    + "; set the first to at least 1024 and the second to no less than the first");
        }
        if (warmMillis < 0 || warmMillis > 3_600_000) {
            throw new IllegalArgumentException(
                    "precompute-results-warm-millis is " + warmMillis + "; set 0 to 3600000");
        }
        if (endedJobsMax < 1 || endedJobsMax > 1_000_000) {
            throw new IllegalArgumentException(
                    "precompute-results-ended-jobs-max is " + endedJobsMax + "; set 1 to 1000000");
        }
    }
}
