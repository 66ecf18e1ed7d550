package io.weir.ingest.commit;

/**
 * Limits of the way from a request to the log.
 *
 * @param queuedRequestsMax decoded requests that wait for the commit thread
 * @param queueWaitMillis how long a request waits for a place in the queue before it is refused
 * @param commitTimeoutMillis how long a request waits for its fsync before it is answered 503 (it may be stored all the same)
 */
public record CommitLimits(int queuedRequestsMax, long queueWaitMillis, long commitTimeoutMillis) {
    public CommitLimits {
        if (queuedRequestsMax <= 0 || queueWaitMillis < 0 || commitTimeoutMillis <= 0) {
            throw new IllegalArgumentException("commit limits must be positive: " + queuedRequestsMax + ", "
                    + queueWaitMillis + ", " + commitTimeoutMillis);
        }
    }

    public static CommitLimits defaults() {
        return new CommitLimits(256, 2_000, 30_000);
    }
}
