package io.weir.eventstats.telemetry;

/**
 * Bounds of events, summaries, signatures and retention.
 *
 * @param eventsPerRequestMax events in one request
 */
public record TelemetrySettings(int eventsPerRequestMax) {
    public static final TelemetrySettings DEFAULT = new TelemetrySettings(1_000);

    public TelemetrySettings {
        if (eventsPerRequestMax < 1) {
            throw new IllegalArgumentException("telemetry-events-per-request-max must be at least 1");
        }
    }
}
