package io.weir.eventstats.telemetry;

import io.weir.eventstats.retention.RetentionSettings;
import io.weir.eventstats.signature.SignatureSettings;

/**
 * Bounds of events, summaries, signatures and retention.
 *
 * @param eventsPerRequestMax events in one request
 * @param requestBytesMax largest body of a request
 * @param clockSkewMillisMax an event's time that is off by more becomes the server's
 * @param summaryHoursMax longest window of a summary by hour, or of breaches
 * @param summaryDaysMax longest window of a summary by day
 * @param rollup of the job that moves sums of events into hours and days
 */
public record TelemetrySettings(
        int eventsPerRequestMax,
        int requestBytesMax,
        long clockSkewMillisMax,
        int summaryHoursMax,
        int summaryDaysMax,
        RollupSettings rollup,
        SignatureSettings signature,
        RetentionSettings retention) {
    public static final TelemetrySettings DEFAULT = new TelemetrySettings(
            1_000,
            4 << 20,
            300_000,
            31 * 24,
            400,
            RollupSettings.DEFAULT,
            SignatureSettings.DEFAULT,
            RetentionSettings.DEFAULT);

    public TelemetrySettings {
        if (eventsPerRequestMax < 1 || eventsPerRequestMax > 100_000) {
            throw new IllegalArgumentException("telemetry-events-per-request-max must be from 1 to 100000");
        }
        if (requestBytesMax < 1_024 || requestBytesMax > 1 << 30) {
            throw new IllegalArgumentException("telemetry-request-bytes-max must be from 1024 to 1073741824");
        }
        if (clockSkewMillisMax < 0) {
            throw new IllegalArgumentException("telemetry-clock-skew-millis-max must be 0 or more");
        }
        if (summaryHoursMax < 1 || summaryHoursMax > 24 * 366 || summaryDaysMax < 1 || summaryDaysMax > 10 * 366) {
            throw new IllegalArgumentException("telemetry-summary-hours-max must be from 1 to 8784 and"
                    + " telemetry-summary-days-max from 1 to 3660");
        }
    }
}
