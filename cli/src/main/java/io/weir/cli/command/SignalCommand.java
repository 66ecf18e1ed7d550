package io.weir.cli.command;

import io.weir.cli.statistics.FirstSignals;
import java.io.IOException;
import java.net.URI;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Follows the first signals of a job or run in the terminal. */
@Command(
        name = "signal",
        mixinStandardHelpOptions = true,
        description = "Follow what a query or job is doing, from its first signal to its end.")
public final class SignalCommand implements Callable<Integer> {
    @Parameters(paramLabel = "ID", description = "The job's id (of a query: its X-Query-Id), or with --run a run's.")
    private String id = "";

    @Option(names = "--run", description = "ID is a run's: all its jobs.")
    private boolean run;

    @Option(
            names = "--url",
            defaultValue = "http://127.0.0.1:8080",
            description = "The server (default ${DEFAULT-VALUE}).")
    private URI url = URI.create("http://127.0.0.1:8080");

    @Option(names = "--tenant", defaultValue = "default", description = "The tenant (default ${DEFAULT-VALUE}).")
    private String tenant = "default";

    @Spec
    private @Nullable CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        CommandSpec spec = Objects.requireNonNull(command);
        Usage.server(spec, url);
        UUID uuid = Usage.read(spec, () -> uuid(id));
        new FirstSignals(url, tenant, System.out).follow(run ? "runs" : "jobs", uuid.toString());
        return 0;
    }

    private static UUID uuid(String text) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("ID must be a UUID, not '" + text + "'", e);
        }
    }
}
