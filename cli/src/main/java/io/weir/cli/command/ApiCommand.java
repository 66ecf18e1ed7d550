package io.weir.cli.command;

import io.micrometer.core.instrument.MeterRegistry;
import io.weir.cli.process.ApiProcess;
import io.weir.cli.process.Lifecycle;
import io.weir.cli.process.Meters;
import io.weir.cli.process.SpanExport;
import io.weir.cli.settings.SettingsOptions;
import io.weir.precompute.PrecomputeSettings;
import io.weir.queryapi.discovery.DiscoverySettings;
import io.weir.queryapi.discovery.WorkerDiscovery;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs an API process. */
@Command(
        name = "api",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Run an API: plans queries, schedules them on workers, answers over HTTP.")
public final class ApiCommand implements Callable<Integer>, SettingsHost {
    @Option(
            names = "--db-url",
            required = true,
            description = "PostgreSQL of the catalog, jdbc:postgresql://host:port/database.")
    private String databaseUrl = "";

    @Option(
            names = "--workers",
            required = true,
            description = "Where the workers are (control ports): static:host:port,host:port or dns:name:port or"
                    + " kubernetes:namespace/service:port or ecs:cluster/service:port.")
    private String workers = "";

    @Option(
            names = "--data-dir",
            defaultValue = "weir-data/api",
            description = "Folder for artifacts being fetched (default ${DEFAULT-VALUE}).")
    private Path dataDirectory = Path.of("weir-data/api");

    @Option(
            names = "--workers-refresh",
            converter = Times.DurationConverter.class,
            defaultValue = "5s",
            description = "How often a DNS name is resolved, or ECS asked, again (default ${DEFAULT-VALUE}).")
    private Duration refresh = Duration.ofSeconds(5);

    @Option(names = "--enable-feature", split = ",", description = "Feature flags of PromQL, by Prometheus' names.")
    private Set<String> features = new LinkedHashSet<>();

    @Spec
    private @Nullable CommandSpec command;

    private @Nullable ApiOptions options;
    private @Nullable DatabaseOptions database;
    private @Nullable EventStatsOptions eventStats;
    private @Nullable SettingsOptions<PrecomputeSettings> precompute;
    private @Nullable ShutdownOptions shutdown;
    private @Nullable SettingsOptions<DiscoverySettings> discovery;
    private @Nullable TracingOptions tracing;

    @Override
    public void addSettings(CommandSpec command) {
        options = new ApiOptions(command);
        database = new DatabaseOptions(command);
        eventStats = new EventStatsOptions(command);
        precompute = SettingsOptions.add(command, "precompute", PrecomputeSettings.DEFAULT);
        shutdown = new ShutdownOptions(command);
        discovery = SettingsOptions.add(command, "discovery", DiscoverySettings.DEFAULT, "refreshMillis");
        tracing = new TracingOptions(command);
    }

    @Override
    public Integer call() throws Exception {
        Lifecycle lifecycle = Lifecycle.install();
        ApiOptions api = Objects.requireNonNull(options);
        MeterRegistry registry = new Meters().registry();
        DiscoverySettings places = Objects.requireNonNull(discovery).build(Map.of("refreshMillis", refresh.toMillis()));
        ApiProcess.Parts parts = new ApiProcess.Parts(
                api.api(features),
                Objects.requireNonNull(database).build(databaseUrl),
                api.workManager(),
                api.fetch(dataDirectory),
                Objects.requireNonNull(eventStats).build(),
                Objects.requireNonNull(precompute).build(),
                Usage.read(Objects.requireNonNull(command), () -> WorkerDiscovery.parse(workers, places, registry)));
        try (SpanExport spans = Objects.requireNonNull(tracing).start("weir-api", registry)) {
            ApiProcess process = ApiProcess.start(parts, registry, spans.tracing(), List.of());
            System.out.println("weir api: ready on port " + process.port());
            lifecycle.await();
            return Objects.requireNonNull(shutdown).close(parts.api().shutdownMillisMax(), process::close);
        }
    }
}
