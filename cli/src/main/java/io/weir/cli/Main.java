package io.weir.cli;

import io.weir.cli.command.EnvironmentDefaults;
import io.weir.cli.command.SettingsHost;
import io.weir.cli.command.WeirCommand;
import io.weir.cli.process.NameCache;
import picocli.CommandLine;

/** Entry point of the {@code weir} command. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        checkLogFormat(System.getenv().getOrDefault("WEIR_LOG_FORMAT", "text"));
        NameCache.limit();
        System.exit(commandLine().execute(arguments));
    }

    /** Before anything logs: with another format there would be no log at all. */
    private static void checkLogFormat(String format) {
        if (!format.equals("text") && !format.equals("json")) {
            System.err.println("weir: WEIR_LOG_FORMAT must be text or json, not '" + format + "'");
            System.exit(CommandLine.ExitCode.USAGE);
        }
    }

    /** The command line with all its commands; a wrong use exits with 2, a failure with 1. */
    public static CommandLine commandLine() {
        CommandLine commandLine = new CommandLine(new WeirCommand());
        for (CommandLine subcommand : commandLine.getSubcommands().values()) {
            if (subcommand.getCommandSpec().userObject() instanceof SettingsHost host) {
                host.addSettings(subcommand.getCommandSpec());
            }
        }
        return commandLine
                .setDefaultValueProvider(new EnvironmentDefaults(System.getenv()))
                .setUsageHelpAutoWidth(true)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((failure, failed, result) -> {
                    failed.getErr()
                            .println("weir: "
                                    + (failure.getMessage() == null ? failure.toString() : failure.getMessage()));
                    if (System.getenv("WEIR_DEBUG") != null) {
                        failure.printStackTrace(failed.getErr());
                    }
                    return CommandLine.ExitCode.SOFTWARE;
                });
    }
}
