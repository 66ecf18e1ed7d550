package io.weir.lake.catalog;

/**
 * Retries of the work queue.
 *
 * @param attemptsMax attempts after which a failing job is dead
 * @param backoffMillis delay after the first failure; doubles with each
 * @param backoffMillisMax longest delay
 */
public record QueueSettings(int attemptsMax, long backoffMillis, long backoffMillisMax) {
    public static final QueueSettings DEFAULT = new QueueSettings(8, 1_000, 600_000);

    public QueueSettings {
        if (attemptsMax < 1 || backoffMillis < 0 || backoffMillisMax < backoffMillis) {
            throw new IllegalArgumentException("attempts must be positive and the longest backoff not below the first");
        }
    }

    /** Delay after a failed attempt; attempts count from 1. */
    long delayMillis(int attempt) {
        int doublings = Math.min(Math.max(attempt - 1, 0), 40);
        return backoffMillis > backoffMillisMax >> doublings ? backoffMillisMax : backoffMillis << doublings;
    }
}
