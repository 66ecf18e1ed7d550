package io.weir.queryworker.artifact;

/**
 * How long artifacts are kept.
 *
 * @param artifactTtlMillis an artifact that nobody acknowledged is deleted so long after it became ready
 * @param artifactTtlAfterAckMillis an acknowledged artifact is deleted so long after the acknowledgement
 * @param sweepIntervalMillis how often both are looked at
 * @param artifactsMax most artifacts in the spool, reserved ones included
 */
public record SpoolSettings(
        long artifactTtlMillis, long artifactTtlAfterAckMillis, long sweepIntervalMillis, int artifactsMax) {
    /** 10 minutes, 30 s after the acknowledgement; looked at every second; 100,000 artifacts. */
    public static final SpoolSettings DEFAULT = new SpoolSettings(600_000, 30_000, 1_000, 100_000);

    public SpoolSettings {
        if (artifactTtlMillis <= 0 || artifactTtlAfterAckMillis < 0 || sweepIntervalMillis <= 0 || artifactsMax <= 0) {
            throw new IllegalArgumentException(
                    "artifact TTL, sweep interval and artifact count must be positive, got " + artifactTtlMillis + ", "
                            + artifactTtlAfterAckMillis + ", " + sweepIntervalMillis + ", " + artifactsMax);
        }
    }
}
