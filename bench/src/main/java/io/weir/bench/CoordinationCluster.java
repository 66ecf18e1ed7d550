package io.weir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.weir.cli.process.EmbeddedDatabase;
import io.weir.cli.process.Ports;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/** Weir's processes for {@link CoordinationBenchmark}: real ones on the loopback interface, over one embedded PostgreSQL and an S3 server. */
final class CoordinationCluster implements AutoCloseable {
    static final String TENANT = "default";

    private static final Duration READY_MAX = Duration.ofMinutes(3);
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private final Path folder;
    private final BenchmarkS3 s3;
    private final EmbeddedDatabase database;
    private final ConcurrentLinkedDeque<Node> running = new ConcurrentLinkedDeque<>();
    private final AtomicInteger started = new AtomicInteger();

    CoordinationCluster(Path folder) throws Exception {
        this.folder = folder;
        this.s3 = BenchmarkS3.start();
        this.database = EmbeddedDatabase.start(folder.resolve("postgres"));
    }

    /** A process with its ports; the second is a worker's control port. */
    record Node(String name, Process process, Path log, int port, int controlPort) {
        URI base() {
            return URI.create("http://127.0.0.1:" + port);
        }

        /** Values of metrics by name and labels. */
        Map<String, Double> metrics() throws IOException, InterruptedException {
            Map<String, Double> values = new TreeMap<>();
            for (String line : get(base().resolve("/metrics")).split("\n", -1)) {
                int space = line.lastIndexOf(' ');
                if (space > 0 && !line.startsWith("#")) {
                    values.put(line.substring(0, space), Double.parseDouble(line.substring(space + 1)));
                }
            }
            return values;
        }

        /** What an endpoint says below {@code data}. */
        JsonNode data(String path) throws IOException, InterruptedException {
            return MAPPER.readTree(get(base().resolve(path))).path("data");
        }

        /** Most memory the process ever had. */
        long residentBytesMax() throws IOException {
            for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
                if (line.startsWith("VmHWM:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
                }
            }
            throw new IOException("no VmHWM of " + name);
        }

        void signal(String signal) throws IOException, InterruptedException {
            Process kill = new ProcessBuilder("kill", "-" + signal, "" + process.pid()).start();
            if (kill.waitFor() != 0) {
                throw new IOException("kill -" + signal + " of " + name + " failed");
            }
        }
    }

    static String get(URI url) throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(url).timeout(Duration.ofMinutes(2)).build();
        HttpResponse<String> response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException(url + " answered " + response.statusCode() + ": " + response.body());
        }
        return response.body();
    }

    static String rangePath(String expression, long startSeconds, long endSeconds, int stepSeconds) {
        return "/api/v1/query_range?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8) + "&start="
                + startSeconds + "&end=" + endSeconds + "&step=" + stepSeconds;
    }

    /** The database of the catalog. */
    String jdbcUrl() {
        return database.jdbcUrl();
    }

    /** Writes the data set through an ingest process, some intervals to a segment. */
    void load(SampleRounds data, long startMillis, int intervals, int intervalsPerFlush)
            throws IOException, InterruptedException {
        int port = Ports.free();
        List<String> arguments = new ArrayList<>(List.of("ingest", "--http-port", "" + port));
        arguments.addAll(List.of("--data-dir", folder.resolve("ingest").toString()));
        arguments.addAll(List.of("--db-url", database.jdbcUrl(), "--ingest-compaction-enabled", "false"));
        arguments.addAll(s3.lakeOptions());
        Node ingest = start("ingest", arguments, port, 0, "/readyz");
        RemoteWriteSender sender = new RemoteWriteSender(ingest.base().resolve("/api/v1/write"));
        for (int from = 0; from < intervals; from += intervalsPerFlush) {
            sender.send(
                    data, startMillis + from * data.intervalMillis(), Math.min(intervalsPerFlush, intervals - from));
            HttpRequest flush = HttpRequest.newBuilder(ingest.base().resolve("/api/v1/admin/flush"))
                    .POST(HttpRequest.BodyPublishers.noBody())
                    .build();
            int status =
                    HTTP.send(flush, HttpResponse.BodyHandlers.discarding()).statusCode();
            if (status / 100 != 2) {
                throw new IOException("flush answered " + status);
            }
        }
        stop(ingest);
    }

    Node worker(String name) throws IOException, InterruptedException {
        return worker(name, Ports.free(), Ports.free());
    }

    /** A worker that was killed, on its own ports and folder. */
    Node restart(Node killed) throws IOException, InterruptedException {
        running.remove(killed);
        return worker(killed.name(), killed.port(), killed.controlPort());
    }

    private Node worker(String name, int port, int controlPort) throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(List.of("worker", "--http-port", "" + port));
        arguments.addAll(List.of("--grpc-port", "" + controlPort, "--slots", "2"));
        arguments.addAll(List.of("--data-dir", folder.resolve(name).toString()));
        arguments.addAll(s3.lakeOptions());
        return start(name, arguments, port, controlPort, "/livez");
    }

    Node api(String name, List<Node> workers, String... options) throws IOException, InterruptedException {
        int port = Ports.free();
        List<String> arguments = new ArrayList<>(List.of("api", "--http-port", "" + port));
        arguments.addAll(List.of("--data-dir", folder.resolve(name).toString()));
        arguments.addAll(List.of("--db-url", database.jdbcUrl(), "--workers"));
        arguments.add(workers.stream()
                .map(worker -> "127.0.0.1:" + worker.controlPort())
                .collect(Collectors.joining(",", "static:", "")));
        arguments.addAll(List.of(options));
        Node api = start(name, arguments, port, 0, "/readyz");
        awaitWorkers(api, workers.size());
        return api;
    }

    /** Waits until an API has streams to so many workers. */
    void awaitWorkers(Node api, int count) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + READY_MAX.toNanos();
        while (true) {
            int alive = 0;
            for (JsonNode worker : api.data("/api/v1/workers")) {
                alive += worker.path("state").asText().equals("alive") ? 1 : 0;
            }
            if (alive == count) {
                return;
            }
            if (System.nanoTime() > deadline) {
                throw new IOException(alive + " of " + count + " workers are connected after " + READY_MAX);
            }
            Thread.sleep(20);
        }
    }

    private Node start(String name, List<String> arguments, int port, int controlPort, String ready)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-Xmx768m",
                "-cp",
                System.getProperty("java.class.path"),
                "io.weir.cli.Main"));
        command.addAll(arguments);
        Path log = folder.resolve(name + "-" + started.getAndIncrement() + ".log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        Node node = new Node(name, process, log, port, controlPort);
        running.push(node);
        long deadline = System.nanoTime() + READY_MAX.toNanos();
        while (!answers(node.base().resolve(ready))) {
            if (!process.isAlive() || System.nanoTime() > deadline) {
                throw new IOException(name + " did not start:\n" + Files.readString(log));
            }
            Thread.sleep(50);
        }
        return node;
    }

    private static boolean answers(URI url) throws InterruptedException {
        try {
            return !get(url).isEmpty();
        } catch (IOException e) {
            // Not listening or not ready yet; the caller's deadline bounds the wait.
            return false;
        }
    }

    /** SIGTERM, and SIGKILL when that takes long. */
    void stop(Node node) {
        running.remove(node);
        node.process().destroy();
        try {
            if (!node.process().waitFor(20, TimeUnit.SECONDS)) {
                node.process().destroyForcibly();
            }
        } catch (InterruptedException e) {
            node.process().destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() throws Exception {
        while (!running.isEmpty()) {
            stop(running.pop());
        }
        database.close();
        s3.close();
    }
}
