package io.weir.precompute.schedule;

import io.weir.precompute.job.Job;
import io.weir.precompute.source.SourceAddress;

/**
 * When jobs run and how many at a time. A tick of the time t (a multiple of the granularity) is due at t + settle delay + jitter of the job.
 *
 * @param settlePercent of the granularity: time for samples of the window to arrive
 * @param settleMillisMax longest settle delay
 * @param lakeSettleMillis shortest settle delay of jobs over {@code lake://}, whose samples can be queried once they are flushed
 * @param jitterPercent of the granularity: over so much time jobs of the same granularity are spread
 * @param jitterMillisMax longest jitter
 * @param runningMax ticks that run at the same time
 * @param runningPerSourceMax ticks that run at the same time over one source, so that one that hangs leaves room for the others
 * @param durationMillisMax longest a tick may take; then it is cancelled and has failed
 * @param failuresInRow after which a job is failing
 * @param jobMetricsMax jobs with metrics of their own
 * @param annotationsMax warnings and infos of its query that a result keeps, warnings first
 */
public record TickSettings(
        int settlePercent,
        long settleMillisMax,
        long lakeSettleMillis,
        int jitterPercent,
        long jitterMillisMax,
        int runningMax,
        int runningPerSourceMax,
        long durationMillisMax,
        int failuresInRow,
        int jobMetricsMax,
        int annotationsMax) {
    /** The lake's 12 s are ingest's flush interval of 10 s and the time of a flush. */
    public static final TickSettings DEFAULT =
            new TickSettings(10, 5_000, 12_000, 80, 8_000, 64, 16, 30_000, 3, 1_000, 100);

    public TickSettings {
        requireIn("settle-percent", settlePercent, 0, 100);
        requireIn("settle-millis-max", settleMillisMax, 0, 3_600_000);
        requireIn("lake-settle-millis", lakeSettleMillis, 0, 3_600_000);
        requireIn("jitter-percent", jitterPercent, 0, 100);
        requireIn("jitter-millis-max", jitterMillisMax, 0, 3_600_000);
        requireIn("running-max", runningMax, 1, 10_000);
        requireIn("running-per-source-max", runningPerSourceMax, 1, 10_000);
        requireIn("duration-millis-max", durationMillisMax, 10, 3_600_000);
        requireIn("failures-in-row", failuresInRow, 1, 1_000);
        requireIn("job-metrics-max", jobMetricsMax, 0, 1_000_000);
        requireIn("annotations-max", annotationsMax, 0, 1_000);
    }

    private static void requireIn(String name, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(
                    "precompute-ticks-" + name + " is " + value + "; set " + min + " to " + max);
        }
    }

    /** How long after its time a tick waits for samples, in ms. */
    public long settleMillis(Job job) {
        long settle = Math.min(settleMillisMax, share(job.spec().granularityMillis(), settlePercent));
        return switch (job.spec().source()) {
            case SourceAddress.Lake lake -> Math.max(settle, lakeSettleMillis);
            case SourceAddress.Sketches sketches -> settle;
            case SourceAddress.Prometheus prometheus -> settle;
        };
    }

    /** The bound of {@link #jitterMillis}: it is less. */
    public long jitterBoundMillis(long granularityMillis) {
        return Math.min(jitterMillisMax, share(granularityMillis, jitterPercent));
    }

    /** How much later a job's ticks start, in ms: always the same for a job, spread evenly over jobs. */
    public long jitterMillis(String jobId, long granularityMillis) {
        long bound = jitterBoundMillis(granularityMillis);
        // Fibonacci hashing of the text's hash: ids that differ little are far apart.
        long spread = jobId.hashCode() * 0x9E3779B97F4A7C15L >>> 1;
        return bound == 0 ? 0 : spread % bound;
    }

    /** How long after its time a tick starts, in ms, if nothing holds it up. */
    public long delayMillis(Job job) {
        return settleMillis(job) + jitterMillis(job.jobId(), job.spec().granularityMillis());
    }

    private static long share(long granularityMillis, int percent) {
        return granularityMillis / 100 * percent + granularityMillis % 100 * percent / 100;
    }
}
