package io.weir.cli.command;

import io.weir.cli.settings.SettingsOptions;
import io.weir.eventstats.EventStatsSettings;
import io.weir.eventstats.auth.AuthSettings;
import io.weir.eventstats.feed.HistorySettings;
import io.weir.eventstats.signal.SignalSettings;
import io.weir.eventstats.stats.StatsSettings;
import io.weir.eventstats.telemetry.TelemetrySettings;
import picocli.CommandLine.Model.CommandSpec;

/** The settings of event statistics and first signals. */
final class EventStatsOptions {
    private final SettingsOptions<AuthSettings> auth;
    private final SettingsOptions<StatsSettings> stats;
    private final SettingsOptions<SignalSettings> signal;
    private final SettingsOptions<TelemetrySettings> telemetry;
    private final SettingsOptions<HistorySettings> history;

    EventStatsOptions(CommandSpec command) {
        EventStatsSettings defaults = EventStatsSettings.DEFAULT;
        auth = SettingsOptions.add(command, "auth", defaults.auth());
        stats = SettingsOptions.add(command, "stats", defaults.stats());
        signal = SettingsOptions.add(command, "signal", defaults.signal());
        telemetry = SettingsOptions.add(command, "telemetry", defaults.telemetry());
        history = SettingsOptions.add(command, "history", defaults.history());
    }

    EventStatsSettings build() {
        return new EventStatsSettings(auth.build(), stats.build(), signal.build(), telemetry.build(), history.build());
    }
}
