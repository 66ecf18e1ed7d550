package io.weir.cli.command;

import io.weir.cli.settings.SettingsOptions;
import io.weir.lake.catalog.DatabaseSettings;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;

/** How to reach the catalog's PostgreSQL. */
final class DatabaseOptions {
    private final SettingsOptions<DatabaseSettings> options;

    DatabaseOptions(CommandSpec command) {
        options = SettingsOptions.add(
                command, "db", DatabaseSettings.of("jdbc:postgresql://127.0.0.1/weir", "postgres", ""), "jdbcUrl");
    }

    DatabaseSettings build(String url) {
        return options.build(Map.of("jdbcUrl", url));
    }
}
