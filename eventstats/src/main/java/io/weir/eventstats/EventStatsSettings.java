package io.weir.eventstats;

import io.weir.eventstats.auth.AuthSettings;
import io.weir.eventstats.feed.HistorySettings;
import io.weir.eventstats.signal.SignalSettings;
import io.weir.eventstats.stats.StatsSettings;
import io.weir.eventstats.telemetry.TelemetrySettings;

/** What event statistics and first signals are started with. */
public record EventStatsSettings(
        AuthSettings auth,
        StatsSettings stats,
        SignalSettings signal,
        TelemetrySettings telemetry,
        HistorySettings history) {
    public static final EventStatsSettings DEFAULT = new EventStatsSettings(
            AuthSettings.DEFAULT,
            StatsSettings.DEFAULT,
            SignalSettings.DEFAULT,
            TelemetrySettings.DEFAULT,
            HistorySettings.DEFAULT);

    /** As this, with other settings of authentication. */
    public EventStatsSettings withAuth(AuthSettings otherAuth) {
        return new EventStatsSettings(otherAuth, stats, signal, telemetry, history);
    }
}
