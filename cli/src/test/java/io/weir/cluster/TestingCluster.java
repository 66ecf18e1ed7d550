package io.weir.cluster;

import io.weir.cli.process.EmbeddedDatabase;
import io.weir.cli.process.Ports;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.stream.Collectors;

/** Weir as separate real processes on the loopback interface, over one embedded PostgreSQL and one lake. */
final class TestingCluster implements AutoCloseable {
    private final Path folder;
    private final String[] lakeOptions;
    private final EmbeddedDatabase database;
    private final Deque<AutoCloseable> running = new ArrayDeque<>();
    private final List<Integer> workerPorts = new ArrayList<>();
    private List<String> javaOptions = List.of();
    private int started;

    /**
     * @param lakeOptions {@code --lake} and what else the lake needs
     */
    TestingCluster(Path folder, String... lakeOptions) throws IOException {
        this.folder = folder;
        this.lakeOptions = lakeOptions.clone();
        this.database = EmbeddedDatabase.start(folder.resolve("postgres"));
    }

    static TestingCluster withLocalLake(Path folder) throws IOException {
        return new TestingCluster(folder, "--lake", folder.resolve("lake").toString());
    }

    /** Options of the virtual machine of every process started from now on. */
    void javaOptions(String... options) {
        javaOptions = List.of(options);
    }

    private synchronized String logName(String name) {
        return name + "-" + started++;
    }

    private synchronized void remember(TestingProcess process) {
        running.push(process);
    }

    /** A process with its base URL. */
    record Node(TestingProcess process, URI base, int port) {}

    Node ingest(String name, int port, String... more) throws IOException, InterruptedException {
        return start(name, port, "/readyz", options("ingest", name, port, true, more));
    }

    Node worker(String name) throws IOException, InterruptedException {
        int grpcPort = Ports.free();
        Node node = start(
                name,
                Ports.free(),
                "/readyz",
                port -> options("worker", name, port, true, "--grpc-port", "" + grpcPort));
        workerPorts.add(grpcPort);
        return node;
    }

    Node collector(String name, int grpcPort, String... more) throws IOException, InterruptedException {
        return start(name, Ports.free(), "/readyz", port -> {
            List<String> arguments =
                    new ArrayList<>(List.of("collector", "--http-port", "" + port, "--grpc-port", "" + grpcPort));
            arguments.addAll(Arrays.asList(more));
            return arguments;
        });
    }

    /** An API process that knows the first {@code workers} workers. */
    Node api(String name, int workers, String... more) throws IOException, InterruptedException {
        String list = workerPorts.stream()
                .limit(workers)
                .map(port -> "127.0.0.1:" + port)
                .collect(Collectors.joining(",", "static:", ""));
        List<String> arguments = new ArrayList<>(List.of("--workers", list));
        arguments.addAll(Arrays.asList(more));
        return start(
                name,
                Ports.free(),
                "/readyz",
                port -> options("api", name, port, false, arguments.toArray(String[]::new)));
    }

    /** A process of any command on this port, with its options after those that every process of the command needs here. */
    Node start(String command, String name, int port, String ready, String... more)
            throws IOException, InterruptedException {
        return start(name, port, ready, options(command, name, port, false, more));
    }

    private interface OptionsForPort {
        List<String> of(int port);
    }

    private Node start(String name, int port, String ready, OptionsForPort options)
            throws IOException, InterruptedException {
        return start(name, port, ready, options.of(port));
    }

    private Node start(String name, int port, String ready, List<String> arguments)
            throws IOException, InterruptedException {
        TestingProcess process = TestingProcess.weir(
                logName(name), folder.resolve("logs"), javaOptions, arguments.toArray(String[]::new));
        remember(process);
        URI base = URI.create("http://127.0.0.1:" + port);
        process.awaitReady(base.resolve(ready));
        return new Node(process, base, port);
    }

    private List<String> options(String command, String name, int port, boolean lake, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                command,
                "--http-port",
                "" + port,
                "--data-dir",
                folder.resolve(name).toString()));
        if (!command.equals("worker")) {
            arguments.addAll(List.of("--db-url", database.jdbcUrl()));
        }
        if (lake) {
            arguments.addAll(Arrays.asList(lakeOptions));
        }
        arguments.addAll(Arrays.asList(more));
        return arguments;
    }

    @Override
    public void close() throws Exception {
        while (!running.isEmpty()) {
            running.pop().close();
        }
        database.close();
    }
}
