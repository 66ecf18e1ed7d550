package io.weir.bench;

import java.io.IOException;
import java.io.PrintStream;
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
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Same samples into Weir, Prometheus and VictoriaMetrics; the same queries in turn; medians, ratios, and the values compared. */
@Command(
        name = "side-by-side",
        mixinStandardHelpOptions = true,
        description = "Weir beside Prometheus and VictoriaMetrics.")
public final class SideBySide implements Callable<Integer> {
    private record Query(String name, String expression, Duration range, Duration step) {}

    private record Measured(double medianMillis, double bestMillis, byte[] answer) {}

    private static final List<Query> QUERIES = List.of(
            new Query(
                    "one series, 1 h",
                    "node_load1{instance=\"host-007:9100\"}",
                    Duration.ofHours(1),
                    Duration.ofSeconds(15)),
            new Query(
                    "sum by (mode) rate, 24 h",
                    "sum by (mode) (rate(node_cpu_seconds_total[5m]))",
                    Duration.ofHours(23),
                    Duration.ofSeconds(60)),
            new Query(
                    "same, 30 hosts by regex",
                    "sum by (mode) (rate(node_cpu_seconds_total{instance=~\"host-0[0-2].*\"}[5m]))",
                    Duration.ofHours(23),
                    Duration.ofSeconds(60)),
            new Query(
                    "avg_over_time, 100 series",
                    "avg_over_time(node_memory_used_bytes[10m])",
                    Duration.ofHours(23),
                    Duration.ofSeconds(60)),
            new Query(
                    "histogram_quantile",
                    "histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))",
                    Duration.ofHours(23),
                    Duration.ofSeconds(60)),
            new Query(
                    "error ratio",
                    "sum(rate(http_requests_total{code=\"500\"}[5m])) / sum(rate(http_requests_total[5m]))",
                    Duration.ofHours(23),
                    Duration.ofSeconds(60)),
            new Query(
                    "max by host of 1 h",
                    "max by (instance) (max_over_time(node_memory_used_bytes[1h]))",
                    Duration.ofHours(22),
                    Duration.ofSeconds(300)),
            new Query("topk instant", "topk(5, node_load1)", Duration.ZERO, Duration.ZERO),
            new Query("count instant", "count by (job) (up)", Duration.ZERO, Duration.ZERO));

    @Option(names = "--hosts", defaultValue = "100", description = "40 series each (default ${DEFAULT-VALUE}).")
    private int hosts;

    @Option(names = "--hours", defaultValue = "24", description = "Length of the data (default ${DEFAULT-VALUE}).")
    private int hours;

    @Option(names = "--rounds", defaultValue = "15", description = "Measured rounds (default ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--warm-up", defaultValue = "5", description = "Least rounds before (default ${DEFAULT-VALUE}).")
    private int warmUp;

    @Option(
            names = "--warm-up-seconds",
            defaultValue = "6",
            description = "Least time of the rounds before, for each query (default ${DEFAULT-VALUE}).")
    private int warmUpSeconds;

    @Option(names = "--workers", defaultValue = "2", description = "Workers of Weir (default ${DEFAULT-VALUE}).")
    private int workers;

    @Option(names = "--only-weir", description = "Leave the peers out.")
    private boolean onlyWeir;

    @Option(names = "--root", defaultValue = ".", description = "Folder of the weir launcher.")
    private Path root = Path.of(".");

    private final PrintStream out = System.out;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new SideBySide()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("weir-bench");
        List<Peer> peers = new ArrayList<>();
        boolean finished = false;
        try {
            peers.add(Peer.weir(root.toAbsolutePath().normalize(), folder.resolve("weir"), workers));
            if (!onlyWeir) {
                peers.add(Peer.prometheus(folder.resolve("prometheus")));
                peers.add(Peer.victoriaMetrics(folder.resolve("victoriametrics")));
            }
            int intervals = (int) (hours * 3_600_000L / DataSet.INTERVAL_MILLIS);
            // The whole of yesterday (UTC), so that a run's layout does not depend on the time of day.
            long end = System.currentTimeMillis() / 86_400_000 * 86_400_000;
            long start = end - hours * 3_600_000L;
            ingest(peers, start, intervals);
            out.printf(
                    Locale.ROOT,
                    "%n| query | weir ms | prometheus ms | victoriametrics ms | prometheus/weir | victoriametrics/weir"
                            + " | values vs prometheus |%n|---|---|---|---|---|---|---|%n");
            for (Query query : QUERIES) {
                compare(peers, query, end - 60_000);
            }
            out.println();
            for (Peer peer : peers) {
                out.printf(Locale.ROOT, "%s: resident memory %d MiB%n", peer.name(), peer.residentBytes() >> 20);
            }
            finished = true;
            return 0;
        } finally {
            peers.forEach(Peer::close);
            if (finished) {
                delete(folder);
            } else {
                out.println("logs and data are kept in " + folder);
            }
        }
    }

    private void ingest(List<Peer> peers, long start, int intervals) throws IOException, InterruptedException {
        out.println("| system | samples | samples/s by remote write | bytes/sample on disk |");
        out.println("|---|---|---|---|");
        for (Peer peer : peers) {
            DataSet data = new DataSet(hosts, 1);
            RemoteWriteSender.Result sent =
                    new RemoteWriteSender(peer.base().resolve("/api/v1/write")).send(data, start, intervals);
            settle(peer);
            double bytes = (double) size(peer) / sent.samples();
            out.printf(
                    Locale.ROOT,
                    "| %s | %d | %.0f | %.2f |%n",
                    peer.name(),
                    sent.samples(),
                    sent.samplesPerSecond(),
                    bytes);
        }
    }

    /** Waits until what was sent can be queried and background merges are over: until the files stop changing. */
    private void settle(Peer peer) throws IOException, InterruptedException {
        if (peer.name().equals("weir")) {
            send(HttpRequest.newBuilder(peer.base().resolve("/api/v1/admin/flush"))
                    .POST(HttpRequest.BodyPublishers.noBody())
                    .build());
        }
        long deadline = System.nanoTime() + Duration.ofMinutes(4).toNanos();
        long last = -1;
        int quiet = 0;
        while (quiet < 10 && System.nanoTime() < deadline) {
            Thread.sleep(2_000);
            long now = size(peer);
            quiet = now == last ? quiet + 1 : 0;
            last = now;
        }
    }

    /** Bytes on disk: of Weir the lake (the write-ahead log and the database are not samples at rest). */
    private static long size(Peer peer) throws IOException {
        Path folder = peer.name().equals("weir")
                ? peer.folder().resolve("lake")
                : peer.folder().resolve("data");
        long bytes = 0;
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.toList()) {
                if (Files.isRegularFile(file)) {
                    bytes += Files.size(file);
                }
            }
        } catch (java.io.UncheckedIOException e) {
            return -1;
        }
        return bytes;
    }

    private void compare(List<Peer> peers, Query query, long end) throws IOException, InterruptedException {
        Map<String, Measured> measured = new LinkedHashMap<>();
        Map<String, double[]> times = new LinkedHashMap<>();
        peers.forEach(peer -> times.put(peer.name(), new double[rounds]));
        // Round by round in turn, so that the machine's noise meets all alike.
        long warmUntil = System.nanoTime() + warmUpSeconds * 1_000_000_000L;
        for (int round = -warmUp; round < rounds; round++) {
            if (round == -1 && System.nanoTime() < warmUntil) {
                round--;
            }
            for (Peer peer : peers) {
                long begin = System.nanoTime();
                byte[] answer = send(request(peer, query, end));
                double millis = (System.nanoTime() - begin) / 1e6;
                if (round >= 0) {
                    times.getOrDefault(peer.name(), new double[rounds])[round] = millis;
                }
                measured.put(peer.name(), new Measured(0, 0, answer));
            }
        }
        for (Peer peer : peers) {
            double[] sorted =
                    times.getOrDefault(peer.name(), new double[rounds]).clone();
            Arrays.sort(sorted);
            byte[] answer = measured.getOrDefault(peer.name(), new Measured(0, 0, new byte[0]))
                    .answer();
            measured.put(peer.name(), new Measured(sorted[sorted.length / 2], sorted[0], answer));
        }
        Measured weir = measured.getOrDefault("weir", new Measured(0, 0, new byte[0]));
        Measured prometheus = measured.getOrDefault("prometheus", new Measured(Double.NaN, Double.NaN, weir.answer()));
        Measured victoria =
                measured.getOrDefault("victoriametrics", new Measured(Double.NaN, Double.NaN, weir.answer()));
        out.printf(
                Locale.ROOT,
                "| %s | %.1f | %.1f | %.1f | %.2f | %.2f | %s |%n",
                query.name(),
                weir.medianMillis(),
                prometheus.medianMillis(),
                victoria.medianMillis(),
                prometheus.medianMillis() / weir.medianMillis(),
                victoria.medianMillis() / weir.medianMillis(),
                Answers.compare(weir.answer(), prometheus.answer()));
    }

    private static HttpRequest request(Peer peer, Query query, long end) {
        String expression = URLEncoder.encode(query.expression(), StandardCharsets.UTF_8);
        String path = query.range().isZero()
                ? "/api/v1/query?query=%s&time=%d".formatted(expression, end / 1000)
                : "/api/v1/query_range?query=%s&start=%d&end=%d&step=%d"
                        .formatted(
                                expression,
                                end / 1000 - query.range().toSeconds(),
                                end / 1000,
                                query.step().toSeconds());
        return HttpRequest.newBuilder(URI.create(peer.base() + path))
                .timeout(Duration.ofSeconds(120))
                .build();
    }

    private byte[] send(HttpRequest request) throws IOException, InterruptedException {
        HttpResponse<byte[]> response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
        if (response.statusCode() / 100 != 2) {
            throw new IOException(request.uri() + " answered " + response.statusCode() + ": "
                    + new String(response.body(), StandardCharsets.UTF_8));
        }
        return response.body();
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
