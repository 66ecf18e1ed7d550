package io.weir.precompute.router;

/**
 * How queries are answered from results.
 *
 * @param graceMillis how long the newest tick of a job answers beyond its granularity, settle delay and jitter: what its successor takes to be
 *     computed and told to this process
 */
public record RouterSettings(long graceMillis) {
    public static final RouterSettings DEFAULT = new RouterSettings(5_000);

    public RouterSettings {
        if (graceMillis < 0 || graceMillis > 3_600_000) {
            throw new IllegalArgumentException(
                    "precompute-router-grace-millis is " + graceMillis + "; set 0 to 3600000");
        }
    }
}
