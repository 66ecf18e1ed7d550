package io.weir.cli.command;

import io.micrometer.core.instrument.MeterRegistry;
import io.weir.cli.process.Lifecycle;
import io.weir.cli.process.Meters;
import io.weir.cli.process.SpanExport;
import io.weir.lake.store.ObjectStore;
import io.weir.lake.store.ObjectStores;
import io.weir.queryworker.WorkerProcess;
import io.weir.queryworker.WorkerSettings;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Runs a worker process. */
@Command(
        name = "worker",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Run a worker: executes parts of queries on cached segments and hands the results over.")
public final class WorkerCommand implements Callable<Integer>, SettingsHost {
    @Option(names = "--lake", required = true, description = "Where segments lie: a folder or s3://bucket/prefix.")
    private String lake = "";

    @Option(
            names = "--data-dir",
            defaultValue = "weir-data/worker",
            description = "Folder of this worker alone: identity, cache, spool (default ${DEFAULT-VALUE}).")
    private Path dataDirectory = Path.of("weir-data/worker");

    @Option(
            names = "--grpc-port",
            defaultValue = "8082",
            description = "Control port (default ${DEFAULT-VALUE}; 0: any free one).")
    private int grpcPort;

    @Option(
            names = "--http-port",
            defaultValue = "8081",
            description = "Port of artifacts, metrics and health (default ${DEFAULT-VALUE}; 0: any free one).")
    private int httpPort;

    @Option(
            names = "--listen-host",
            defaultValue = "127.0.0.1",
            description = "Address to listen on (default ${DEFAULT-VALUE}).")
    private String listenHost = "127.0.0.1";

    @Option(
            names = "--advertised-host",
            description = "Host name or address by which APIs reach this worker (default: the listen host).")
    private @Nullable String advertisedHost;

    @Option(
            names = "--advertised-http-port",
            defaultValue = "0",
            description = "Port by which APIs reach the HTTP port, behind NAT or a proxy (default 0: the HTTP port).")
    private int advertisedHttpPort;

    @Option(names = "--slots", defaultValue = "0", description = "Pieces of work at a time (default 0: one per core).")
    private int slots;

    @Option(
            names = "--credits-per-slot",
            defaultValue = "4",
            description = "Pieces of work, running and queued, per slot (default ${DEFAULT-VALUE}).")
    private int creditsPerSlot;

    private @Nullable WorkerOptions worker;
    private @Nullable LakeOptions lakeOptions;
    private @Nullable TracingOptions tracing;
    private @Nullable ShutdownOptions shutdown;

    @Override
    public void addSettings(CommandSpec command) {
        worker = new WorkerOptions(command);
        lakeOptions = new LakeOptions(command);
        tracing = new TracingOptions(command);
        shutdown = new ShutdownOptions(command);
    }

    @Override
    public Integer call() throws Exception {
        Lifecycle lifecycle = Lifecycle.install();
        WorkerSettings settings = Objects.requireNonNull(worker)
                .build(dataDirectory, slots > 0 ? slots : Runtime.getRuntime().availableProcessors(), creditsPerSlot)
                .withAddress(listenHost, advertisedHost == null ? listenHost : advertisedHost, httpPort, grpcPort)
                .withAdvertisedHttpPort(advertisedHttpPort);
        MeterRegistry registry = new Meters().registry();
        try (SpanExport spans = Objects.requireNonNull(tracing).start("weir-worker", registry);
                ObjectStore store =
                        ObjectStores.open(Objects.requireNonNull(lakeOptions).build(lake))) {
            WorkerProcess process = WorkerProcess.start(settings, store, registry, spans.tracing());
            System.out.println("weir worker: control port " + process.grpcPort() + ", HTTP port " + process.httpPort());
            lifecycle.await();
            process.awaitDrained(settings.drainMillisMax());
            return Objects.requireNonNull(shutdown).close(0, process::close);
        }
    }
}
