package io.weir.cli.command;

import io.weir.cli.settings.SettingsOptions;
import io.weir.cli.terminal.ProgressBar;
import io.weir.ingest.load.LoadSettings;
import io.weir.ingest.load.OpenMetricsLoader;
import io.weir.ingest.load.RemoteWriteSettings;
import io.weir.ingest.load.RemoteWriteSink;
import io.weir.ingest.openmetrics.TextFormat;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Loads a text file of samples into a server. */
@Command(
        name = "load",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Load samples from a file, in constant memory, by remote write.")
public final class LoadCommand implements Callable<Integer>, SettingsHost {
    private static final String OPENMETRICS = "openmetrics";
    private static final String STANDARD_INPUT = "-";

    @Parameters(index = "0", paramLabel = "FORMAT", description = "Format of the file: openmetrics.")
    private String format = "";

    @Parameters(
            index = "1",
            paramLabel = "FILE",
            description = "OpenMetrics text with timestamps; - reads standard input.")
    private String file = "";

    @Option(
            names = "--url",
            defaultValue = "http://127.0.0.1:8080",
            description = "The server (default ${DEFAULT-VALUE}).")
    private URI url = URI.create("http://127.0.0.1:8080");

    @Option(names = "--tenant", defaultValue = "default", description = "The tenant (default ${DEFAULT-VALUE}).")
    private String tenant = "default";

    private @Nullable SettingsOptions<LoadSettings> load;
    private @Nullable SettingsOptions<RemoteWriteSettings> remoteWrite;

    @Override
    public void addSettings(CommandSpec command) {
        load = SettingsOptions.add(command, "load", LoadSettings.defaults());
        remoteWrite = SettingsOptions.add(command, "send", RemoteWriteSettings.of(url, tenant), "url", "tenant");
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (!format.equals(OPENMETRICS)) {
            throw new IllegalArgumentException(
                    "unknown format '" + format + "'; write: weir load openmetrics FILE (or - for standard input)");
        }
        boolean standardInput = file.equals(STANDARD_INPUT);
        long size = standardInput ? -1 : Files.size(Path.of(file));
        try (InputStream text = standardInput
                ? new BufferedInputStream(System.in)
                : new BufferedInputStream(Files.newInputStream(Path.of(file)))) {
            run(text, size);
        }
        return 0;
    }

    private void run(InputStream text, long size) throws IOException, InterruptedException {
        boolean interactive = System.console() != null && System.console().isTerminal();
        ProgressBar bar = new ProgressBar(System.out, interactive);
        RemoteWriteSettings settings = Objects.requireNonNull(remoteWrite)
                .build(Map.of("url", url.resolve("/api/v1/write"), "tenant", tenant));
        long begin = System.nanoTime();
        try (HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(10))
                .build()) {
            OpenMetricsLoader loader = new OpenMetricsLoader(
                    Objects.requireNonNull(load).build(),
                    new RemoteWriteSink(settings, client),
                    (bytes, samples) -> bar.update(size > 0 ? (double) bytes / size : 0, samples + " samples"));
            OpenMetricsLoader.Result result = loader.load(text, TextFormat.OPENMETRICS);
            double seconds = (System.nanoTime() - begin) / 1e9;
            bar.done("%d samples in %.1f s (%.0f samples/s), all durable"
                    .formatted(result.samples(), seconds, result.samples() / seconds));
        }
    }
}
