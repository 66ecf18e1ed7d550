package io.weir.cli.demo;

import io.weir.cli.process.ChildProcess;
import io.weir.cli.process.EmbeddedDatabase;
import io.weir.cli.process.Ports;
import io.weir.eventstats.EventStats;
import io.weir.eventstats.auth.AuthSettings;
import io.weir.eventstats.auth.LocalAuth;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The processes of the demonstration: embedded PostgreSQL, an ingester, workers and an API, each a real process. */
final class DemoCluster implements AutoCloseable {
    private static final String HEAP = "512m";

    private final Path folder;
    private final Deque<AutoCloseable> running = new ArrayDeque<>();
    private final List<ChildProcess> children = new ArrayList<>();
    private final Map<String, URI> urls = new LinkedHashMap<>();
    private String jdbcUrl = "";

    private DemoCluster(Path folder) {
        this.folder = folder;
    }

    static DemoCluster start(Path folder, int apiPort, int workers) throws IOException, InterruptedException {
        DemoCluster cluster = new DemoCluster(folder);
        try {
            cluster.startAll(apiPort, workers);
            return cluster;
        } catch (IOException | InterruptedException | RuntimeException e) {
            cluster.close();
            throw e;
        }
    }

    private void startAll(int apiPort, int workers) throws IOException, InterruptedException {
        EmbeddedDatabase database = EmbeddedDatabase.start(folder.resolve("postgres"));
        running.push(database);
        jdbcUrl = database.jdbcUrl();
        AuthSettings auth = LocalAuth.prepare(folder, AuthSettings.DEFAULT, EventStats.topics())
                .settings();
        String lake = folder.resolve("lake").toString();
        int ingestPort = Ports.free();
        List<Integer> controlPorts = new ArrayList<>();
        child(
                "ingest",
                ingestPort,
                List.of(
                        "ingest",
                        "--db-url",
                        database.jdbcUrl(),
                        "--lake",
                        lake,
                        "--ingest-flush-interval-millis",
                        "2000"));
        for (int worker = 1; worker <= workers; worker++) {
            int controlPort = Ports.free();
            controlPorts.add(controlPort);
            child(
                    "worker-" + worker,
                    Ports.free(),
                    List.of("worker", "--lake", lake, "--grpc-port", "" + controlPort, "--slots", "1"));
        }
        String list =
                controlPorts.stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(",", "static:", ""));
        child(
                "api",
                apiPort,
                List.of(
                        "api",
                        "--db-url",
                        jdbcUrl,
                        "--workers",
                        list,
                        "--auth-keys-url",
                        auth.keys().url(),
                        "--auth-access-file",
                        auth.access().file()));
        for (ChildProcess child : children) {
            child.awaitReady(urls.getOrDefault(child.name(), URI.create("http://127.0.0.1"))
                    .resolve("/readyz"));
        }
    }

    private void child(String name, int port, List<String> arguments) throws IOException {
        List<String> all = new ArrayList<>(arguments);
        all.addAll(List.of(
                "--http-port", "" + port, "--data-dir", folder.resolve(name).toString()));
        ChildProcess child =
                ChildProcess.start(name, HEAP, folder.resolve("logs").resolve(name + ".log"), all);
        children.add(child);
        running.push(child);
        urls.put(name, URI.create("http://127.0.0.1:" + port));
    }

    /** The database of all of them. */
    String jdbcUrl() {
        return jdbcUrl;
    }

    /** Base URLs by process name. */
    Map<String, URI> urls() {
        return urls;
    }

    /** Names of processes that have ended on their own. */
    List<String> ended() {
        return children.stream()
                .filter(child -> !child.isAlive())
                .map(ChildProcess::name)
                .toList();
    }

    /** Asks all processes to stop at once, then waits for each; the database goes last. */
    @Override
    public void close() {
        children.forEach(ChildProcess::terminate);
        while (!running.isEmpty()) {
            try {
                running.pop().close();
            } catch (Exception e) {
                System.err.println("weir: while stopping the demo: " + e.getMessage());
            }
        }
    }
}
