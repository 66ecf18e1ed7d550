package io.weir.cluster;

import io.weir.cli.process.EmbeddedDatabase;
import io.weir.cli.process.Ports;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/**
 * Real processes of Weir for tests that load and break them: every option of a process can be given, a killed worker starts again on its own
 * ports and folder. All are on the loopback interface, over one embedded PostgreSQL and one lake.
 */
final class TestingFleet implements AutoCloseable {
    private static final String TENANT = "acme";

    private final Path folder;
    private final List<String> lakeOptions;
    private final EmbeddedDatabase database;
    private final Deque<TestingProcess> running = new ConcurrentLinkedDeque<>();
    private final AtomicInteger started = new AtomicInteger();
    private boolean closed;

    private TestingFleet(Path folder, List<String> lakeOptions) throws IOException {
        this.folder = folder;
        this.lakeOptions = lakeOptions;
        this.database = EmbeddedDatabase.start(folder.resolve("postgres"));
    }

    static TestingFleet withLocalLake(Path folder) throws IOException {
        return new TestingFleet(folder, List.of("--lake", folder.resolve("lake").toString()));
    }

    /** A fleet whose database counts statements, with the extension {@code pg_stat_statements}. */
    static TestingFleet withStatementStatistics(Path folder) throws IOException, SQLException {
        try (EmbeddedDatabase database = EmbeddedDatabase.start(folder.resolve("postgres"));
                Connection connection = DriverManager.getConnection(database.jdbcUrl());
                Statement statement = connection.createStatement()) {
            // Read at the next start only. Vacuuming writes for reasons of its own.
            statement.execute("ALTER SYSTEM SET autovacuum = off");
            statement.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'");
        }
        return withLocalLake(folder);
    }

    static TestingFleet withS3(Path folder, TestingS3 s3) throws IOException {
        return new TestingFleet(folder, List.of(s3.lakeOptions()));
    }

    /** A worker, which may be dead. */
    record Worker(String name, TestingProcess process, Path folder, int httpPort, int grpcPort, List<String> options) {
        URI base() {
            return URI.create("http://127.0.0.1:" + httpPort);
        }

        TestingVitals figures() {
            return new TestingVitals(process, base());
        }
    }

    /** An API process with a client for one tenant. */
    record Api(TestingProcess process, URI base, TestingClient client) {
        TestingVitals figures() {
            return new TestingVitals(process, base);
        }
    }

    EmbeddedDatabase database() {
        return database;
    }

    /** Writes samples through an ingest process of its own, which ends when they can be queried. */
    void load(TestingLoad load) throws IOException, InterruptedException {
        load(load, 1);
    }

    /** Writes samples so that every time slice makes segments of its own. */
    void load(TestingLoad load, int slices) throws IOException, InterruptedException {
        int port = Ports.free();
        List<String> arguments = new ArrayList<>(List.of(
                "ingest",
                "--http-port",
                "" + port,
                "--data-dir",
                folder.resolve("ingest").toString(),
                "--db-url",
                database.jdbcUrl(),
                "--ingest-compaction-enabled",
                "false"));
        arguments.addAll(lakeOptions);
        TestingProcess process = start("ingest", arguments);
        try {
            URI base = URI.create("http://127.0.0.1:" + port);
            process.awaitReady(base.resolve("/readyz"));
            load.send(new TestingClient(base, TENANT), slices);
        } finally {
            process.close();
            running.remove(process);
        }
    }

    /** Starts a worker with these options besides ports, folder and lake. */
    Worker worker(String name, String... options) throws IOException, InterruptedException {
        return start(new Dead(name, Ports.free(), Ports.free(), List.of(options)));
    }

    /** Starts a worker that was killed again: same folder, same ports. */
    Worker restart(Worker killed) throws IOException, InterruptedException {
        running.remove(killed.process());
        return start(new Dead(killed.name(), killed.httpPort(), killed.grpcPort(), killed.options()));
    }

    private record Dead(String name, int httpPort, int grpcPort, List<String> options) {}

    private Worker start(Dead worker) throws IOException, InterruptedException {
        Path data = folder.resolve(worker.name());
        List<String> arguments = new ArrayList<>(List.of(
                "worker",
                "--http-port",
                "" + worker.httpPort(),
                "--grpc-port",
                "" + worker.grpcPort(),
                "--data-dir",
                data.toString()));
        arguments.addAll(lakeOptions);
        arguments.addAll(worker.options());
        TestingProcess process = start(worker.name(), arguments);
        process.awaitReady(URI.create("http://127.0.0.1:" + worker.httpPort() + "/readyz"));
        return new Worker(worker.name(), process, data, worker.httpPort(), worker.grpcPort(), worker.options());
    }

    /** Starts an API that dials these control ports; all of them are connected. */
    Api api(String name, Collection<Integer> controlPorts, String... options) throws IOException, InterruptedException {
        Api api = apiThatWaitsForOne(name, controlPorts, options);
        TestingVitals figures = api.figures();
        TestingVitals.await(
                "all workers connected", () -> figures.metric("weir_control_streams_active") == controlPorts.size());
        return api;
    }

    /** Starts an API that dials these control ports; at least one of them is connected. */
    Api apiThatWaitsForOne(String name, Collection<Integer> controlPorts, String... options)
            throws IOException, InterruptedException {
        int port = Ports.free();
        String workers = controlPorts.stream()
                .map(control -> "127.0.0.1:" + control)
                .collect(Collectors.joining(",", "static:", ""));
        List<String> arguments = new ArrayList<>(List.of(
                "api",
                "--http-port",
                "" + port,
                "--data-dir",
                folder.resolve(name).toString(),
                "--db-url",
                database.jdbcUrl(),
                "--workers",
                workers));
        arguments.addAll(Arrays.asList(options));
        TestingProcess process = start(name, arguments);
        URI base = URI.create("http://127.0.0.1:" + port);
        process.awaitReady(base.resolve("/readyz"));
        return new Api(process, base, new TestingClient(base, TENANT));
    }

    /** The folder in which an API keeps what it fetches. */
    Path folderOf(String name) {
        return folder.resolve(name);
    }

    /** Bytes of all files below a folder; what vanishes meanwhile counts nothing. */
    static long bytesBelow(Path folder) throws IOException {
        return TestingVitals.bytesBelow(folder);
    }

    private TestingProcess start(String name, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(TestingStartCache.command());
        command.addAll(arguments);
        Path logs = Files.createDirectories(folder.resolve("logs"));
        synchronized (running) {
            // A thread of the test that still restarts what it kills must not leave a process behind.
            if (closed) {
                throw new IOException("the fleet is closed");
            }
            TestingProcess process = TestingProcess.program(name + "-" + started.getAndIncrement(), logs, command);
            running.push(process);
            return process;
        }
    }

    @Override
    public void close() {
        synchronized (running) {
            closed = true;
        }
        // Together, since each may take its time.
        running.forEach(process -> process.process().destroy());
        running.forEach(TestingProcess::close);
        database.close();
    }
}
