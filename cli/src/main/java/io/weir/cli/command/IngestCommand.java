package io.weir.cli.command;

import io.weir.cli.process.IngestProcess;
import io.weir.cli.process.Lifecycle;
import io.weir.ingest.http.IngestSettings;
import io.weir.promql.parser.Feature;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs an ingest process. */
@Command(
        name = "ingest",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Run an ingester: takes remote write, writes segments into the lake, compacts them.")
public final class IngestCommand implements Callable<Integer>, SettingsHost {
    @Option(
            names = "--db-url",
            required = true,
            description = "PostgreSQL of the catalog, jdbc:postgresql://host:port/database.")
    private String databaseUrl = "";

    @Option(names = "--lake", required = true, description = "Where segments go: a folder or s3://bucket/prefix.")
    private String lake = "";

    @Option(
            names = "--data-dir",
            defaultValue = "weir-data/ingest",
            description = "Folder of this ingester alone: log and identity (default ${DEFAULT-VALUE}).")
    private Path dataDirectory = Path.of("weir-data/ingest");

    @Option(
            names = "--http-host",
            defaultValue = "127.0.0.1",
            description = "Address to listen on (default ${DEFAULT-VALUE}).")
    private String host = "127.0.0.1";

    @Option(
            names = "--http-port",
            defaultValue = "8083",
            description = "HTTP port (default ${DEFAULT-VALUE}; 0: any free one).")
    private int port;

    @Option(
            names = "--enable-feature",
            split = ",",
            description = "Feature flags by Prometheus' names; type-and-unit-labels makes labels of metadata.")
    private Set<String> features = new LinkedHashSet<>();

    @Spec
    private @Nullable CommandSpec command;

    private @Nullable IngestOptions ingest;
    private @Nullable DatabaseOptions database;
    private @Nullable LakeOptions lakeOptions;
    private @Nullable ShutdownOptions shutdown;

    @Override
    public void addSettings(CommandSpec command) {
        ingest = new IngestOptions(command);
        database = new DatabaseOptions(command);
        lakeOptions = new LakeOptions(command);
        shutdown = new ShutdownOptions(command);
    }

    @Override
    public Integer call() throws Exception {
        Lifecycle lifecycle = Lifecycle.install();
        IngestSettings settings = Objects.requireNonNull(ingest)
                .build(dataDirectory, Usage.read(Objects.requireNonNull(command), () -> Feature.parse(features)));
        IngestProcess process = IngestProcess.start(
                settings,
                Objects.requireNonNull(database).build(databaseUrl),
                Objects.requireNonNull(lakeOptions).build(lake),
                host,
                port);
        System.out.println("weir ingest: ready on port " + process.port());
        lifecycle.await();
        return Objects.requireNonNull(shutdown).close(settings.closeTimeoutMillis(), process::close);
    }
}
