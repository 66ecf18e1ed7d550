package io.weir.cli.command;

import io.weir.cli.settings.SettingsOptions;
import io.weir.lake.database.DatabaseSettings;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;

/** How to reach the catalog's PostgreSQL. */
final class DatabaseOptions {
    private final SettingsOptions<DatabaseSettings> options;

    /**
     * @param except components that are no options
     */
    DatabaseOptions(CommandSpec command, String... except) {
        String[] all = java.util.stream.Stream.concat(
                        java.util.stream.Stream.of("jdbcUrl"), java.util.stream.Stream.of(except))
                .toArray(String[]::new);
        options = SettingsOptions.add(
                command, "db", DatabaseSettings.of("jdbc:postgresql://127.0.0.1/weir", "postgres", ""), all);
    }

    DatabaseSettings build(String url) {
        return options.build(Map.of("jdbcUrl", url));
    }

    DatabaseSettings build(String url, String user, String password) {
        return options.build(Map.of("jdbcUrl", url, "user", user, "password", password));
    }
}
