package io.weir.eventstats.signal;

/**
 * Bounds of first signals.
 *
 * @param enabled whether snapshots are written and the routes are served
 * @param connectionsMax connections of the pool that first signals, their events and signatures use
 */
public record SignalSettings(boolean enabled, int connectionsMax) {
    public static final SignalSettings DEFAULT = new SignalSettings(true, 4);

    public SignalSettings {
        if (connectionsMax < 1) {
            throw new IllegalArgumentException("signal-connections-max must be at least 1");
        }
    }
}
