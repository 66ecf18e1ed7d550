package io.weir.cli.command;

import io.weir.cli.jobs.PrecomputeJobs;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Jobs of precompute in the terminal: makes, lists and ends them, and shows what would pay off. */
@Command(
        name = "jobs",
        mixinStandardHelpOptions = true,
        description = "Precomputed queries: make, list and end jobs, or see which would pay off.",
        subcommands = {JobsCommand.Add.class, JobsCommand.Ls.class, JobsCommand.Rm.class, JobsCommand.Suggest.class})
public final class JobsCommand implements Runnable {
    @Spec
    private @Nullable CommandSpec command;

    @Override
    public void run() {
        throw new ParameterException(
                Objects.requireNonNull(command).commandLine(), "what to do is missing: add, ls, rm or suggest");
    }

    /** Whom to ask, and how to print; of every subcommand. */
    static final class Server {
        @Option(
                names = "--url",
                defaultValue = "http://127.0.0.1:8080",
                description = "The server (default ${DEFAULT-VALUE}).")
        private URI url = URI.create("http://127.0.0.1:8080");

        @Option(names = "--tenant", defaultValue = "default", description = "The tenant (default ${DEFAULT-VALUE}).")
        private String tenant = "default";

        @Option(names = "--json", description = "Print the server's JSON instead.")
        private boolean json;

        @Spec(Spec.Target.MIXEE)
        private @Nullable CommandSpec command;

        PrecomputeJobs open() {
            Usage.server(Objects.requireNonNull(command), url);
            return new PrecomputeJobs(url, tenant, json, System.out);
        }
    }

    /** Makes a job. */
    @Command(
            name = "add",
            mixinStandardHelpOptions = true,
            sortOptions = false,
            description = "Make a job that computes a query at every granularity; the same job again is the same job.")
    static final class Add implements Callable<Integer> {
        @Parameters(paramLabel = "QUERY", description = "PromQL, for instance quantile_over_time(0.99, latency[5m]).")
        private String query = "";

        @Option(
                names = {"-g", "--granularity"},
                defaultValue = "1m",
                description = "Time from one computation to the next, 1s to 1d (default ${DEFAULT-VALUE}).")
        private String granularity = "1m";

        @Option(
                names = "--source",
                defaultValue = "lake://",
                description = "Where the data comes from: lake://, host:port of a collector, or the URL of a Prometheus"
                        + " (default ${DEFAULT-VALUE}).")
        private String source = "lake://";

        @Option(
                names = "--sketch-type",
                defaultValue = "ddsketch",
                description = "A hint; the function decides (default ${DEFAULT-VALUE}, which fits every function).")
        private String sketchType = "ddsketch";

        @Option(
                names = "--store-path",
                defaultValue = "",
                description = "Name of the result under /api/v1/precompute/results (default: one made of the job).")
        private String storePath = "";

        @Option(names = "--valid-until", defaultValue = "", description = "End of the job, like 2026-12-01T00:00:00Z.")
        private String validUntil = "";

        @Option(
                names = "--label",
                description = "Keep only this label apart and merge over all others; may be repeated.")
        private List<String> labels = new ArrayList<>();

        @Mixin
        private Server server = new Server();

        @Override
        public Integer call() throws IOException, InterruptedException {
            server.open()
                    .add(new PrecomputeJobs.Wish(
                            query, granularity, source, sketchType, storePath, validUntil, labels));
            return 0;
        }
    }

    /** Lists jobs. */
    @Command(name = "ls", mixinStandardHelpOptions = true, description = "List the jobs, how they fare and their hits.")
    static final class Ls implements Callable<Integer> {
        @Option(
                names = "--status",
                defaultValue = "",
                description = "Only jobs of this status: created, active, failing or expired.")
        private String status = "";

        @Mixin
        private Server server = new Server();

        @Override
        public Integer call() throws IOException, InterruptedException {
            server.open().list(status);
            return 0;
        }
    }

    /** Ends jobs. */
    @Command(name = "rm", mixinStandardHelpOptions = true, description = "End jobs.")
    static final class Rm implements Callable<Integer> {
        @Parameters(arity = "1..*", paramLabel = "JOB_ID", description = "The jobs, as `weir jobs ls` shows them.")
        private List<String> ids = new ArrayList<>();

        @Mixin
        private Server server = new Server();

        @Override
        public Integer call() throws IOException, InterruptedException {
            server.open().remove(ids);
            return 0;
        }
    }

    /** Shows queries that would pay off as jobs. */
    @Command(
            name = "suggest",
            mixinStandardHelpOptions = true,
            description = "Show repeated queries of the history that would pay off as jobs; none is made.")
    static final class Suggest implements Callable<Integer> {
        @Option(
                names = "--window",
                defaultValue = "",
                description = "How much of the history counts, such as 7d (default: the server's).")
        private String window = "";

        @Mixin
        private Server server = new Server();

        @Override
        public Integer call() throws IOException, InterruptedException {
            server.open().suggest(window);
            return 0;
        }
    }
}
