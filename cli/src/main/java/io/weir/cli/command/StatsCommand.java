package io.weir.cli.command;

import io.weir.cli.statistics.Statistics;
import java.io.IOException;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows a topic's named statistics in the terminal. */
@Command(
        name = "stats",
        mixinStandardHelpOptions = true,
        description = "Show a named statistic of a topic, or without QUERY the names there are.")
public final class StatsCommand implements Callable<Integer> {
    @Parameters(
            index = "0",
            paramLabel = "TOPIC",
            description = "The topic: promql.query.runs, public.cps.za.runs, ...")
    private String topic = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "QUERY",
            description = "The query's name, for instance slowest_queries.")
    private @Nullable String query;

    @Option(
            names = {"-p", "--param"},
            paramLabel = "NAME=VALUE",
            description = "A parameter of the query; may be repeated.")
    private Map<String, String> parameters = new LinkedHashMap<>();

    @Option(
            names = "--url",
            defaultValue = "http://127.0.0.1:8080",
            description = "The server (default ${DEFAULT-VALUE}).")
    private URI url = URI.create("http://127.0.0.1:8080");

    @Option(names = "--token", defaultValue = "", description = "Token of the caller; `weir token` makes one.")
    private String token = "";

    @Option(names = "--json", description = "Print the server's JSON instead.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        CommandSpec spec = Objects.requireNonNull(command);
        Usage.server(spec, url);
        Statistics statistics = new Statistics(url, token, System.out);
        String name = query;
        if (name == null) {
            Usage.check(spec, parameters.isEmpty(), "--param needs the name of a query before it");
            statistics.list(topic, json);
        } else {
            statistics.run(topic, name, parameters, json);
        }
        return 0;
    }
}
