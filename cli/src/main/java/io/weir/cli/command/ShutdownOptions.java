package io.weir.cli.command;

import io.weir.cli.process.Lifecycle;
import io.weir.cli.settings.SettingsOptions;
import io.weir.proto.shutdown.ShutdownSettings;
import java.time.Duration;
import java.util.function.LongPredicate;
import picocli.CommandLine.Model.CommandSpec;

/** How a process ends: the limits, and the exit code. */
final class ShutdownOptions {
    private final SettingsOptions<ShutdownSettings> settings;

    ShutdownOptions(CommandSpec command) {
        settings = SettingsOptions.add(command, "shutdown", ShutdownSettings.DEFAULT);
    }

    /**
     * Closes a process.
     *
     * @param workMillisMax time that the process gives to its work first: running queries, a last flush
     * @param close takes the longest close of one part; true if all ended in order
     * @return the exit code
     */
    int close(long workMillisMax, LongPredicate close) throws Exception {
        ShutdownSettings limits = settings.build();
        boolean[] clean = new boolean[1];
        Lifecycle.closeWithin(
                Duration.ofMillis(workMillisMax + limits.totalMillisMax()),
                () -> clean[0] = close.test(limits.partMillisMax()));
        return clean[0] ? 0 : 1;
    }
}
