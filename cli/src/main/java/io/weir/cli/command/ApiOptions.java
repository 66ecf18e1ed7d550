package io.weir.cli.command;

import io.weir.cli.settings.SettingsOptions;
import io.weir.queryapi.autoscale.AutoscaleSettings;
import io.weir.queryapi.background.BackgroundSettings;
import io.weir.queryapi.eval.QueryLimits;
import io.weir.queryapi.fetch.FetchSettings;
import io.weir.queryapi.http.ApiSettings;
import io.weir.queryapi.workmanager.WorkManagerSettings;
import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.coordinator.CoordinatorLimits;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import picocli.CommandLine.Model.CommandSpec;

/** The settings of an API's parts. */
final class ApiOptions {
    private final SettingsOptions<ApiSettings> http;
    private final SettingsOptions<QueryLimits> query;
    private final SettingsOptions<WorkManagerSettings> control;
    private final SettingsOptions<CoordinatorLimits> scheduling;
    private final SettingsOptions<HeartbeatLimits> heartbeat;
    private final SettingsOptions<AutoscaleSettings> autoscale;
    private final SettingsOptions<FetchSettings> fetch;
    private final SettingsOptions<BackgroundSettings> background;

    ApiOptions(CommandSpec command) {
        http = SettingsOptions.add(
                command, "http", ApiSettings.of("127.0.0.1", 8080), "version", "revision", "limits", "background");
        background = SettingsOptions.add(command, "background", BackgroundSettings.DEFAULT);
        query = SettingsOptions.add(command, "query", QueryLimits.DEFAULT);
        WorkManagerSettings defaults = WorkManagerSettings.of("api");
        control = SettingsOptions.add(command, "control", defaults, "apiId", "limits", "autoscale");
        scheduling = SettingsOptions.add(command, "scheduling", defaults.limits(), "heartbeat");
        heartbeat = SettingsOptions.add(command, "heartbeat", defaults.limits().heartbeat());
        autoscale = SettingsOptions.add(command, "autoscale", defaults.autoscale());
        fetch = SettingsOptions.add(command, "fetch", FetchSettings.of(Path.of("fetch")), "spoolDirectory");
    }

    ApiSettings api(Set<String> features) {
        return http.build(Map.of("limits", query.build(), "features", features, "background", background.build()));
    }

    WorkManagerSettings workManager() {
        CoordinatorLimits limits = scheduling.build(Map.of("heartbeat", heartbeat.build()));
        return control.build(
                Map.of("apiId", UUID.randomUUID().toString(), "limits", limits, "autoscale", autoscale.build()));
    }

    FetchSettings fetch(Path dataDirectory) {
        return fetch.build(Map.of("spoolDirectory", dataDirectory.resolve("fetch")));
    }
}
