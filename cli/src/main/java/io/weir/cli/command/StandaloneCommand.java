package io.weir.cli.command;

import io.weir.cli.process.Lifecycle;
import io.weir.cli.settings.SettingsOptions;
import io.weir.cli.standalone.Standalone;
import io.weir.precompute.PrecomputeSettings;
import io.weir.promql.parser.Feature;
import io.weir.queryworker.WorkerSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs everything in one process. */
@Command(
        name = "standalone",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Run everything in one process: PostgreSQL, lake, ingest, workers, API. Ctrl-C stops it.")
public final class StandaloneCommand implements Callable<Integer>, SettingsHost {
    @Option(
            names = "--data-dir",
            defaultValue = "weir-data",
            description = "Folder of all data (default ${DEFAULT-VALUE}).")
    private Path dataDirectory = Path.of("weir-data");

    @Option(names = "--workers", defaultValue = "2", description = "Number of workers (default ${DEFAULT-VALUE}).")
    private int workers;

    @Option(
            names = "--slots",
            defaultValue = "0",
            description = "Pieces of work at a time in each worker (default 0: the cores shared out).")
    private int slots;

    @Option(
            names = "--credits-per-slot",
            defaultValue = "4",
            description = "Pieces of work, running and queued, per slot (default ${DEFAULT-VALUE}).")
    private int creditsPerSlot;

    @Option(names = "--enable-feature", split = ",", description = "Feature flags of PromQL, by Prometheus' names.")
    private Set<String> features = new LinkedHashSet<>();

    @Spec
    private @Nullable CommandSpec command;

    private @Nullable ApiOptions api;
    private @Nullable WorkerOptions worker;
    private @Nullable IngestOptions ingest;
    private @Nullable DatabaseOptions database;
    private @Nullable EventStatsOptions eventStats;
    private @Nullable SettingsOptions<PrecomputeSettings> precompute;
    private @Nullable TracingOptions tracing;
    private @Nullable ShutdownOptions shutdown;

    @Override
    public void addSettings(CommandSpec command) {
        api = new ApiOptions(command);
        worker = new WorkerOptions(command);
        ingest = new IngestOptions(command);
        database = new DatabaseOptions(command, "user", "password");
        eventStats = new EventStatsOptions(command);
        precompute = SettingsOptions.add(command, "precompute", PrecomputeSettings.DEFAULT);
        tracing = new TracingOptions(command);
        shutdown = new ShutdownOptions(command);
    }

    @Override
    public Integer call() throws Exception {
        Usage.check(Objects.requireNonNull(command), workers >= 1, "--workers must be at least 1");
        Lifecycle lifecycle = Lifecycle.install();
        Standalone.Parts parts = parts();
        Standalone standalone = Standalone.start(parts);
        System.out.println("weir standalone: ready on http://127.0.0.1:" + standalone.port() + "  (data in "
                + dataDirectory.toAbsolutePath().normalize() + "; Ctrl-C stops)");
        lifecycle.await();
        long workMillisMax = parts.api().shutdownMillisMax() + parts.ingest().closeTimeoutMillis();
        return Objects.requireNonNull(shutdown).close(workMillisMax, standalone::close);
    }

    private Standalone.Parts parts() {
        ApiOptions apiOptions = Objects.requireNonNull(api);
        DatabaseOptions databaseOptions = Objects.requireNonNull(database);
        int cores = Runtime.getRuntime().availableProcessors();
        int slotsPerWorker = slots > 0 ? slots : Math.max(1, cores / workers);
        List<WorkerSettings> workerSettings = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            workerSettings.add(Objects.requireNonNull(worker)
                    .build(dataDirectory.resolve("worker-" + i), slotsPerWorker, creditsPerSlot));
        }
        return new Standalone.Parts(
                dataDirectory,
                embedded -> databaseOptions.build(embedded.jdbcUrl(), embedded.user(), embedded.password()),
                Objects.requireNonNull(ingest)
                        .build(
                                dataDirectory.resolve("ingest"),
                                Usage.read(Objects.requireNonNull(command), () -> Feature.parse(features))),
                workerSettings,
                apiOptions.api(features),
                apiOptions.workManager(),
                apiOptions.fetch(dataDirectory.resolve("api")),
                Objects.requireNonNull(eventStats).build(),
                Objects.requireNonNull(precompute).build(),
                registry -> Objects.requireNonNull(tracing).start("weir-standalone", registry));
    }
}
