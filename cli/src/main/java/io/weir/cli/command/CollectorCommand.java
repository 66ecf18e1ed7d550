package io.weir.cli.command;

import io.weir.cli.process.CollectorProcess;
import io.weir.cli.process.Lifecycle;
import io.weir.cli.settings.SettingsOptions;
import io.weir.collector.CollectorSettings;
import io.weir.collector.server.CollectorServer;
import io.weir.ingest.memory.HeadLimits;
import io.weir.ingest.otlp.OtlpSettings;
import io.weir.ingest.remotewrite.RemoteWriteLimits;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Runs a collector process. */
@Command(
        name = "collector",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Run a collector: takes OTLP and remote write, keeps sketches per interval in memory, and serves them"
                        + " to precompute's jobs (source \"host:4317\").")
public final class CollectorCommand implements Callable<Integer>, SettingsHost {
    @Option(
            names = "--http-host",
            defaultValue = "127.0.0.1",
            description = "Address to listen on, for both ports (default ${DEFAULT-VALUE}).")
    private String host = "127.0.0.1";

    @Option(
            names = "--http-port",
            defaultValue = "4318",
            description =
                    "Port of OTLP over HTTP, remote write, metrics and probes (default ${DEFAULT-VALUE}; 0: any free"
                            + " one).")
    private int httpPort;

    @Option(
            names = "--grpc-port",
            defaultValue = "4317",
            description =
                    "Port of OTLP over gRPC and of the sketches that jobs fetch (default ${DEFAULT-VALUE}; 0: any free"
                            + " one).")
    private int grpcPort;

    private @Nullable SettingsOptions<CollectorSettings> collector;
    private @Nullable SettingsOptions<RemoteWriteLimits> remoteWrite;
    private @Nullable SettingsOptions<OtlpSettings> otlp;
    private @Nullable SettingsOptions<HeadLimits> series;
    private @Nullable ShutdownOptions shutdown;

    @Override
    public void addSettings(CommandSpec command) {
        collector = SettingsOptions.add(command, "collector", CollectorSettings.DEFAULT);
        // Requests are decoded as an ingester does it, under settings of the same names.
        remoteWrite = SettingsOptions.add(command, "ingest-remote-write", RemoteWriteLimits.defaults());
        otlp = SettingsOptions.add(command, "ingest-otlp", OtlpSettings.defaults());
        series = SettingsOptions.add(command, "ingest-head", HeadLimits.defaults(), "flushSamplesMax", "samplesMax");
        shutdown = new ShutdownOptions(command);
    }

    @Override
    public Integer call() throws Exception {
        Lifecycle lifecycle = Lifecycle.install();
        CollectorSettings settings = Objects.requireNonNull(collector).build();
        CollectorProcess process = CollectorProcess.start(
                settings,
                new CollectorServer.RequestLimits(
                        Objects.requireNonNull(remoteWrite).build(),
                        Objects.requireNonNull(otlp).build(),
                        Objects.requireNonNull(series).build()),
                new CollectorServer.Address(host, httpPort, grpcPort));
        System.out.println("weir collector: ready on ports " + process.httpPort() + " (HTTP) and " + process.grpcPort()
                + " (gRPC)");
        lifecycle.await();
        return Objects.requireNonNull(shutdown).close(settings.closeMillisMax(), process::close);
    }
}
