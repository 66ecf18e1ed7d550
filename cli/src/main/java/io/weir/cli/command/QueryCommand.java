package io.weir.cli.command;

import io.weir.cli.query.InstantQuery;
import io.weir.cli.query.QueryStream;
import io.weir.cli.query.RangeQuery;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs a query against a server and shows the answer in the terminal. */
@Command(
        name = "query",
        mixinStandardHelpOptions = true,
        description =
                "Run a PromQL query; with --since or --start as a range query, drawn as a graph while it streams.")
public final class QueryCommand implements Callable<Integer> {
    private static final int STEPS_DEFAULT = 144;

    @Parameters(paramLabel = "EXPR", description = "The PromQL expression.")
    private String expression = "";

    @Option(
            names = "--url",
            defaultValue = "http://127.0.0.1:8080",
            description = "The server (default ${DEFAULT-VALUE}).")
    private URI url = URI.create("http://127.0.0.1:8080");

    @Option(names = "--tenant", defaultValue = "default", description = "The tenant (default ${DEFAULT-VALUE}).")
    private String tenant = "default";

    @Option(
            names = "--since",
            converter = Times.DurationConverter.class,
            description = "Range query over so long until now.")
    private @Nullable Duration since;

    @Option(names = "--start", description = "Start of a range query: RFC 3339, seconds, now-15m.")
    private @Nullable String start;

    @Option(names = "--end", defaultValue = "now", description = "End of a range query (default ${DEFAULT-VALUE}).")
    private String end = "now";

    @Option(
            names = "--step",
            converter = Times.DurationConverter.class,
            description = "Step of a range query (default: 1/144 of it).")
    private @Nullable Duration step;

    @Option(
            names = "--time",
            defaultValue = "now",
            description = "Time of an instant query (default ${DEFAULT-VALUE}).")
    private String time = "now";

    @Option(names = "--json", description = "Print the server's JSON instead (instant queries).")
    private boolean json;

    @Spec
    private @Nullable CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        CommandSpec spec = Objects.requireNonNull(command);
        Usage.server(spec, url);
        long now = System.currentTimeMillis();
        if (since == null && start == null) {
            new InstantQuery(url, tenant, System.out)
                    .run(expression, Usage.read(spec, () -> Times.millis(time, now)), json);
            return 0;
        }
        long endMillis = Usage.read(spec, () -> Times.millis(end, now));
        long startMillis = since != null
                ? endMillis - since.toMillis()
                : Usage.read(spec, () -> Times.millis(String.valueOf(start), now));
        Usage.check(spec, since == null || start == null, "--since and --start exclude each other; give one of them");
        Usage.check(spec, startMillis <= endMillis, "the range starts after it ends; mend --start or --end");
        Usage.check(spec, step == null || step.toMillis() > 0, "--step must be positive, for instance 15s");
        Usage.check(spec, !json, "--json is for instant queries; leave out --since and --start");
        long stepMillis = step != null
                ? step.toMillis()
                : Math.max(1_000, (endMillis - startMillis) / STEPS_DEFAULT / 1_000 * 1_000);
        boolean interactive = System.console() != null && System.console().isTerminal();
        new RangeQuery(new QueryStream(url, tenant), System.out, interactive)
                .run(expression, startMillis, endMillis, stepMillis);
        return 0;
    }
}
