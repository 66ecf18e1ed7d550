package io.weir.cli.command;

import io.weir.cli.demo.Demo;
import io.weir.cli.process.Lifecycle;
import io.weir.cli.process.Ports;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows Weir at work on this machine. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = "Show Weir at work: real processes, real input, three example queries; Ctrl-C stops.")
public final class DemoCommand implements Callable<Integer> {
    private static final int PORT_PREFERRED = 8080;

    @Option(names = "--once", description = "Stop after the example queries, with exit code 0 if all went well.")
    private boolean once;

    @Option(names = "--data-dir", description = "A new or empty folder (default: a temporary one, deleted at the end).")
    private @Nullable Path dataDirectory;

    @Option(
            names = "--http-port",
            defaultValue = "0",
            description = "Port of the API (default 0: 8080, or any free one if that is taken).")
    private int port;

    @Override
    public Integer call() throws Exception {
        Lifecycle lifecycle = Lifecycle.install();
        Path folder = dataDirectory == null
                ? Files.createTempDirectory("weir-demo-")
                : Files.createDirectories(dataDirectory).toAbsolutePath().normalize();
        try (Stream<Path> entries = Files.list(folder)) {
            if (entries.findAny().isPresent()) {
                throw new IllegalArgumentException(
                        folder + " is not empty; the demo starts fresh: name a new folder, or leave --data-dir out");
            }
        }
        boolean interactive = System.console() != null && System.console().isTerminal();
        boolean finished = false;
        try {
            new Demo(folder, port == 0 ? choosePort() : port, once, System.out, interactive).run(lifecycle);
            finished = true;
        } finally {
            // After a failure the logs stay for whoever looks for the cause.
            if (dataDirectory == null && finished) {
                delete(folder);
            } else if (!finished) {
                System.err.println("weir: logs are in " + folder.resolve("logs"));
            }
        }
        return 0;
    }

    private static int choosePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(PORT_PREFERRED, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            // Taken: any other will do.
            return Ports.free();
        }
    }

    private static void delete(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> walk = Files.walk(folder)) {
            files = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
    }
}
