package io.weir.precompute.registry;

/**
 * How jobs are kept and shared among processes.
 *
 * @param jobsMax jobs of all tenants together
 * @param tenantJobsMax jobs of one tenant
 * @param tenantExpiredJobsMax expired jobs of one tenant that are still listed, the latest
 * @param expiredListedMillis how long an expired job is still listed
 * @param leaseMillis how long a process keeps its jobs without a word; another takes them over within twice this
 * @param renewMillis between two words
 * @param pollMillis after which changes are looked for without a notification
 * @param listenReconnectMillisMax longest pause between two attempts to get a lost connection for notifications again
 * @param connectionsMax of the pool; each of four loops takes one at a time, requests the others
 * @param acquireMillisMax longest wait for a connection, so that requests get their 503 soon
 * @param resultsKept ticks of a job that other processes, and this one after a restart, get to see
 * @param resultBytesMax of one tick, compressed; larger ones are seen by their own process only
 * @param resultSketchBytesMax of one tick with its sketches, compressed; a larger one is kept without them, and other processes do not answer other
 *     quantiles from it
 * @param pendingBytesMax of ticks that the database has not taken yet; beyond it the oldest are dropped
 * @param writeMillis how long ticks are gathered before they are written together
 */
public record RegistrySettings(
        int jobsMax,
        int tenantJobsMax,
        int tenantExpiredJobsMax,
        long expiredListedMillis,
        long leaseMillis,
        long renewMillis,
        long pollMillis,
        long listenReconnectMillisMax,
        int connectionsMax,
        long acquireMillisMax,
        int resultsKept,
        int resultBytesMax,
        int resultSketchBytesMax,
        long pendingBytesMax,
        long writeMillis) {
    public static final RegistrySettings DEFAULT = new RegistrySettings(
            20_000, 10_000, 1_000, 3_600_000, 4_000, 1_000, 5_000, 2_000, 5, 2_000, 60, 1 << 20, 64 << 10, 64L << 20,
            50);

    public RegistrySettings {
        if (jobsMax < 1
                || tenantJobsMax < 1
                || tenantExpiredJobsMax < 0
                || expiredListedMillis < 0
                || renewMillis < 1
                || leaseMillis < 2 * renewMillis
                || pollMillis < 1
                || listenReconnectMillisMax < 1
                || connectionsMax < 4
                || acquireMillisMax < 250
                || resultsKept < 1
                || resultBytesMax < 1
                || resultSketchBytesMax < 0
                || pendingBytesMax < resultBytesMax
                || writeMillis < 0) {
            throw new IllegalArgumentException(
                    "precompute-registry limits must be positive, the lease at least twice the time between its"
                            + " renewals, the connections at least 4, the wait for one at least 250 ms, and the pending"
                            + " bytes at least those of one result");
        }
    }
}
