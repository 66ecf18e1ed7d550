package io.weir.cli.command;

import io.weir.cli.settings.SettingsOptions;
import io.weir.lake.store.LakeSettings;
import io.weir.lake.store.S3Settings;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;

/** Where the lake is. */
final class LakeOptions {
    private final CommandSpec command;
    private final SettingsOptions<S3Settings> s3;

    LakeOptions(CommandSpec command) {
        this.command = command;
        s3 = SettingsOptions.add(command, "s3", S3Settings.DEFAULT);
    }

    /**
     * @param place a folder, absolute or relative, or a URI
     */
    LakeSettings build(String place) {
        Usage.check(
                command,
                !place.contains("://") || place.matches("s3://[^/].*") || place.startsWith("file:"),
                "--lake must be a folder, file:///folder or s3://bucket/prefix, not '" + place + "'");
        boolean uri = place.contains("://") || place.startsWith("file:");
        return new LakeSettings(
                uri ? place : Path.of(place).toAbsolutePath().normalize().toString(), s3.build());
    }
}
