package io.weir.cli.command;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code weir} command: names its subcommands. */
@Command(
        name = "weir",
        mixinStandardHelpOptions = true,
        versionProvider = VersionCommand.Provider.class,
        description = "PromQL over metrics kept as Parquet segments.",
        subcommands = {
            DemoCommand.class,
            StandaloneCommand.class,
            ApiCommand.class,
            WorkerCommand.class,
            IngestCommand.class,
            CollectorCommand.class,
            LoadCommand.class,
            QueryCommand.class,
            StatsCommand.class,
            JobsCommand.class,
            SignalCommand.class,
            TokenCommand.class,
            VersionCommand.class
        },
        footer = {
            "",
            "Every option is also an environment variable: --http-port is WEIR_HTTP_PORT.",
            "`weir COMMAND --help` explains a command."
        })
public final class WeirCommand implements Runnable {
    @Override
    public void run() {
        CommandLine.usage(this, System.out);
    }
}
