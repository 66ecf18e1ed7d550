package io.weir.queryworker.artifact;

/**
 * How long artifacts are kept, and how many are sent.
 *
 * @param artifactTtlMillis an artifact that nobody acknowledged is deleted so long after it became ready
 * @param artifactTtlAfterAckMillis an acknowledged artifact is deleted so long after the acknowledgement
 * @param sweepIntervalMillis how often both are looked at
 * @param artifactsMax most artifacts in the spool, reserved ones included
 * @param reserveBytes room made before a piece of work begins, at most its own limit; a worker without this room takes no work
 * @param sendsMax artifacts sent at the same time
 * @param sendsQueuedMax requests that may wait for their turn; further ones are told to come again
 * @param sendWaitMillisMax longest a request waits for its turn; then it is told to come again
 * @param sendMillisMax longest one artifact is sent; a reader that is slower is cut off
 */
public record SpoolSettings(
        long artifactTtlMillis,
        long artifactTtlAfterAckMillis,
        long sweepIntervalMillis,
        int artifactsMax,
        long reserveBytes,
        int sendsMax,
        int sendsQueuedMax,
        long sendWaitMillisMax,
        long sendMillisMax) {
    /** 10 minutes, 30 s after the acknowledgement; looked at every second; 100,000 artifacts; 4 MiB; 64 at a time, 1,024 waiting, 10 s, 2 minutes. */
    public static final SpoolSettings DEFAULT =
            new SpoolSettings(600_000, 30_000, 1_000, 100_000, 4L << 20, 64, 1_024, 10_000, 120_000);

    public SpoolSettings {
        if (artifactTtlMillis <= 0 || artifactTtlAfterAckMillis < 0 || sweepIntervalMillis <= 0 || artifactsMax <= 0) {
            throw new IllegalArgumentException(
                    "artifact TTL, sweep interval and artifact count must be positive, got " + artifactTtlMillis + ", "
                            + artifactTtlAfterAckMillis + ", " + sweepIntervalMillis + ", " + artifactsMax);
        }
        if (reserveBytes <= 0 || sendsMax <= 0 || sendsQueuedMax < 0 || sendWaitMillisMax < 0 || sendMillisMax <= 0) {
            throw new IllegalArgumentException("the room for an artifact, the artifacts sent at a time and the time for"
                    + " one must be positive, got " + reserveBytes + " bytes, " + sendsMax + ", " + sendsQueuedMax
                    + " waiting, "
                    + sendWaitMillisMax + " ms, " + sendMillisMax + " ms");
        }
    }
}
