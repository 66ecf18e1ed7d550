package io.weir.bench;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One system under test, a process of its own on the loopback interface with an empty data folder. */
final class Peer implements AutoCloseable {
    private static final Duration START_TIMEOUT = Duration.ofSeconds(180);

    private final String name;
    private final Process process;
    private final URI base;
    private final Path folder;

    private Peer(String name, Process process, URI base, Path folder) {
        this.name = name;
        this.process = process;
        this.base = base;
        this.folder = folder;
    }

    static Peer weir(Path root, Path folder, int workers) throws IOException, InterruptedException {
        return weir(List.of(root.resolve("weir").toString()), folder, workers, List.of());
    }

    /**
     * Weir with its workers in one process.
     *
     * @param launcher the command before its verb
     * @param settings more flags and their values
     */
    static Peer weir(List<String> launcher, Path folder, int workers, List<String> settings)
            throws IOException, InterruptedException {
        int port = freePort();
        List<String> command = new ArrayList<>(launcher);
        command.addAll(List.of(
                "standalone",
                "--data-dir",
                folder.toString(),
                "--http-port",
                "" + port,
                "--workers",
                "" + workers,
                // Objects that compaction replaced go soon, so that the size on disk is that of the live segments.
                "--ingest-compaction-grace-millis",
                "5000"));
        command.addAll(settings);
        return start("weir", command, port, "/readyz", folder);
    }

    static Peer prometheus(Path folder) throws IOException, InterruptedException {
        int port = freePort();
        Files.createDirectories(folder);
        Path configuration = Files.writeString(folder.resolve("prometheus.yml"), "global: {}\n");
        return start(
                "prometheus",
                List.of(
                        "prometheus",
                        "--config.file=" + configuration,
                        "--storage.tsdb.path=" + folder.resolve("data"),
                        "--storage.tsdb.retention.time=10y",
                        "--web.enable-remote-write-receiver",
                        "--web.listen-address=127.0.0.1:" + port,
                        "--log.level=warn"),
                port,
                "/-/ready",
                folder);
    }

    static Peer victoriaMetrics(Path folder) throws IOException, InterruptedException {
        int port = freePort();
        return start(
                "victoriametrics",
                List.of(
                        "victoria-metrics",
                        "-storageDataPath=" + folder.resolve("data"),
                        "-httpListenAddr=127.0.0.1:" + port,
                        "-retentionPeriod=10y",
                        "-search.disableCache",
                        "-search.latencyOffset=0s",
                        "-search.maxUniqueTimeseries=1000000",
                        "-loggerLevel=WARN"),
                port,
                "/health",
                folder);
    }

    private static Peer start(String name, List<String> command, int port, String ready, Path folder)
            throws IOException, InterruptedException {
        Files.createDirectories(folder);
        File log = folder.resolve(name + ".log").toFile();
        Process process = new ProcessBuilder(new ArrayList<>(command))
                .redirectErrorStream(true)
                .redirectOutput(log)
                .start();
        URI base = URI.create("http://127.0.0.1:" + port);
        long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
        try (HttpClient client = HttpClient.newHttpClient()) {
            while (true) {
                if (!process.isAlive()) {
                    throw new IOException(name + " ended with " + process.exitValue() + "; see " + log);
                }
                try {
                    HttpRequest request =
                            HttpRequest.newBuilder(base.resolve(ready)).build();
                    if (client.send(request, HttpResponse.BodyHandlers.discarding())
                                    .statusCode()
                            == 200) {
                        return new Peer(name, process, base, folder);
                    }
                } catch (IOException e) {
                    // Not listening yet: the deadline below bounds the wait.
                    if (System.nanoTime() > deadline) {
                        process.destroyForcibly();
                        throw new IOException(name + " was not ready in " + START_TIMEOUT + "; see " + log, e);
                    }
                }
                Thread.sleep(100);
            }
        }
    }

    String name() {
        return name;
    }

    URI base() {
        return base;
    }

    Path folder() {
        return folder;
    }

    /** Resident memory of the process and its children now, in bytes. */
    long residentBytes() throws IOException {
        long pages = residentKibibytes(process.pid());
        for (ProcessHandle child : process.descendants().toList()) {
            pages += residentKibibytes(child.pid());
        }
        return pages * 1024;
    }

    private static long residentKibibytes(long pid) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        return 0;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
