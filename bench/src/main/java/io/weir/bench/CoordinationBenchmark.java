package io.weir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.weir.bench.CoordinationCluster.Node;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Times what the coordination does, between real processes: how soon a dead worker is noticed and its work runs elsewhere, how soon a
 * cancelled query's work ends, where work goes and how long that takes. Prints one table.
 */
@Command(
        name = "bench-coordination",
        mixinStandardHelpOptions = true,
        description = "Detection, reassignment, cancellation, affinity and memory of Weir's coordination.")
public final class CoordinationBenchmark implements Callable<Integer> {
    private static final long START_MILLIS = 1_780_000_000_000L / 86_400_000 * 86_400_000;
    private static final int HOSTS = 60;
    private static final int INTERVALS = 240 * 6;
    private static final int INTERVALS_PER_FLUSH = 120;
    private static final int[] WORKERS = {1, 3, 8};
    private static final int FAILURE_WORKERS = 3;
    private static final long WAIT_NANOS_MAX = TimeUnit.SECONDS.toNanos(90);

    /** What the panels of a dashboard ask, at several ranges. */
    private static final List<String> PANELS = List.of(
            "sum by (mode) (rate(node_cpu_seconds_total[5m]))",
            "100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{mode=\"idle\"}[5m])))",
            "node_load1",
            "topk(5, node_memory_used_bytes)",
            "sum by (code) (rate(http_requests_total[5m]))",
            "histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))",
            "sum(rate(http_requests_total{code=\"500\"}[5m])) / sum(rate(http_requests_total[5m]))",
            "max_over_time(node_load1[30m])",
            "count(up == 1)",
            "node_load1{instance=\"host-007:9100\"}");

    private static final int[] RANGES_MINUTES = {30, 60, 180, 330};

    /** A second or more of work on every worker. */
    private static final String HEAVY = "sum by (mode) (max_over_time(deriv(node_cpu_seconds_total[10m])[30m:15s]))";

    @Option(names = "--load-seconds", defaultValue = "15", description = "Load on each number of workers.")
    private int loadSeconds;

    @Option(names = "--clients", defaultValue = "8", description = "Clients of the load.")
    private int clients;

    @Option(names = "--kills", defaultValue = "20", description = "Workers killed with SIGKILL.")
    private int kills;

    @Option(names = "--stops", defaultValue = "10", description = "Workers stopped with SIGSTOP.")
    private int stops;

    @Option(names = "--cancels", defaultValue = "60", description = "Queries whose client disconnects.")
    private int cancels;

    private final Table table = new Table();
    private long apiBytesMax;
    private long workerBytesMax;

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new CoordinationBenchmark()).execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        Path folder = Files.createTempDirectory("weir-bench-coordination");
        String loadBefore = Files.readString(Path.of("/proc/loadavg")).strip();
        try (CoordinationCluster cluster = new CoordinationCluster(folder)) {
            progress("writing " + HOSTS * 40L * INTERVALS + " samples");
            cluster.load(new DataSet(HOSTS, 1), START_MILLIS, INTERVALS, INTERVALS_PER_FLUSH);
            List<Node> workers = new ArrayList<>();
            for (int worker = 0; worker < WORKERS[WORKERS.length - 1]; worker++) {
                workers.add(cluster.worker("worker-" + worker));
            }
            for (int count : WORKERS) {
                affinity(cluster, workers.subList(0, count));
            }
            for (Node worker : workers.subList(FAILURE_WORKERS, workers.size())) {
                remember(worker);
                cluster.stop(worker);
            }
            List<Node> some = new ArrayList<>(workers.subList(0, FAILURE_WORKERS));
            Node api = cluster.api(
                    "api-failures",
                    some,
                    "--query-samples-per-unit-target",
                    "2000",
                    "--control-dial-backoff-millis-max",
                    "200");
            cancellations(api, some);
            failures(cluster, api, some);
            apiBytesMax = Math.max(apiBytesMax, api.residentBytesMax());
            for (Node worker : some) {
                remember(worker);
            }
        } finally {
            delete(folder);
        }
        table.one("largest memory of an API (VmHWM), MiB", apiBytesMax / 1048576.0);
        table.one("largest memory of a worker (VmHWM), MiB", workerBytesMax / 1048576.0);
        System.out.println("load average before " + loadBefore + ", after "
                + Files.readString(Path.of("/proc/loadavg")).strip() + "; processors "
                + Runtime.getRuntime().availableProcessors());
        table.print();
        return 0;
    }

    private static void progress(String what) {
        System.err.println(Instant.now() + " " + what);
    }

    private void remember(Node worker) throws IOException {
        workerBytesMax = Math.max(workerBytesMax, worker.residentBytesMax());
    }

    // Affinity and assignment under load.

    private void affinity(CoordinationCluster cluster, List<Node> workers) throws Exception {
        progress("load on " + workers.size() + " workers");
        Node api = cluster.api("api-" + workers.size(), workers, "--query-samples-per-unit-target", "20000");
        load(api, TimeUnit.SECONDS.toNanos(Math.max(1, loadSeconds / 3)));
        Map<String, Double> apiBefore = api.metrics();
        Map<String, Double> workersBefore = sum(workers);
        int queries = load(api, TimeUnit.SECONDS.toNanos(loadSeconds));
        Map<String, Double> apiNow = difference(api.metrics(), apiBefore);
        Map<String, Double> workersNow = difference(sum(workers), workersBefore);
        String suffix = ", " + workers.size() + (workers.size() == 1 ? " worker" : " workers");
        double hits = value(apiNow, "weir_work_affinity_hits_total");
        double misses = value(apiNow, "weir_work_affinity_misses_total");
        table.ratio("affinity hit ratio" + suffix, hits, hits + misses);
        double cacheHits = value(workersNow, "weir_segment_cache_hits_total");
        double cacheMisses = value(workersNow, "weir_segment_cache_misses_total");
        table.ratio("segment cache hit ratio" + suffix, cacheHits, cacheHits + cacheMisses);
        table.histogram("assignment latency, ms" + suffix, apiNow, "weir_work_assignment_seconds");
        table.one("queries per second" + suffix, queries / (double) loadSeconds);
        apiBytesMax = Math.max(apiBytesMax, api.residentBytesMax());
        cluster.stop(api);
    }

    /** Asks panels with all clients for a while; returns how many were answered. */
    private int load(Node api, long nanos) throws Exception {
        long end = System.nanoTime() + nanos;
        int queries = 0;
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> running = new ArrayList<>();
            for (int client = 0; client < clients; client++) {
                SplittableRandom random = new SplittableRandom(client);
                running.add(threads.submit(() -> {
                    int answered = 0;
                    while (System.nanoTime() < end) {
                        CoordinationCluster.get(api.base().resolve(panel(random)));
                        answered++;
                    }
                    return answered;
                }));
            }
            for (Future<Integer> client : running) {
                queries += client.get();
            }
        }
        return queries;
    }

    private static String panel(SplittableRandom random) {
        String expression = PANELS.get(random.nextInt(PANELS.size()));
        int minutes = RANGES_MINUTES[random.nextInt(RANGES_MINUTES.length)];
        long end = START_MILLIS / 1000 + INTERVALS * 15L;
        return CoordinationCluster.rangePath(expression, end - minutes * 60L, end, 60);
    }

    private static Map<String, Double> sum(List<Node> nodes) throws IOException, InterruptedException {
        Map<String, Double> sum = new TreeMap<>();
        for (Node node : nodes) {
            node.metrics().forEach((name, value) -> sum.merge(name, value, Double::sum));
        }
        return sum;
    }

    private static Map<String, Double> difference(Map<String, Double> now, Map<String, Double> before) {
        Map<String, Double> difference = new TreeMap<>();
        now.forEach((name, value) -> difference.put(name, value - before.getOrDefault(name, 0.0)));
        return difference;
    }

    /** Sum of a metric over its labels. */
    private static double value(Map<String, Double> metrics, String name) {
        double sum = 0;
        for (Map.Entry<String, Double> metric : metrics.entrySet()) {
            if (metric.getKey().equals(name) || metric.getKey().startsWith(name + "{")) {
                sum += metric.getValue();
            }
        }
        return sum;
    }

    // Cancellation.

    private static String heavyPath() {
        long start = START_MILLIS / 1000;
        return CoordinationCluster.rangePath(HEAVY, start + 3_600, start + INTERVALS * 15L, 30);
    }

    /** From the client's end of its connection until no worker has work of it: running or queued. */
    private void cancellations(Node api, List<Node> workers) throws Exception {
        progress("cancelling " + cancels + " queries");
        List<Double> millis = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(1);
        for (int query = 0; query < cancels; query++) {
            long closed;
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), api.port())) {
                OutputStream out = socket.getOutputStream();
                out.write(("GET " + heavyPath() + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        .getBytes(StandardCharsets.UTF_8));
                out.flush();
                long deadline = System.nanoTime() + WAIT_NANOS_MAX;
                while (busy(workers) == 0) {
                    check(deadline, "no worker begins");
                }
                Thread.sleep(random.nextInt(100));
                closed = System.nanoTime();
            }
            long deadline = System.nanoTime() + WAIT_NANOS_MAX;
            while (busy(workers) > 0) {
                check(deadline, "workers do not become idle");
            }
            millis.add((System.nanoTime() - closed) / 1e6);
        }
        table.samples("client disconnect to workers idle, ms", millis);
    }

    private static void check(long deadlineNanos, String problem) throws IOException {
        if (System.nanoTime() > deadlineNanos) {
            throw new IOException(problem + " within " + TimeUnit.NANOSECONDS.toSeconds(WAIT_NANOS_MAX) + " s");
        }
    }

    private static double busy(List<Node> workers) throws IOException, InterruptedException {
        double busy = 0;
        for (Node worker : workers) {
            Map<String, Double> metrics = worker.metrics();
            busy += value(metrics, "weir_worker_running") + value(metrics, "weir_worker_queue_depth");
        }
        return busy;
    }

    // Failures.

    /** When one failure was noticed, and its work given away again, in milliseconds after it. */
    private record Failure(double detected, List<Double> reassigned) {}

    private void failures(CoordinationCluster cluster, Node api, List<Node> workers) throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> asking = new ArrayList<>();
            for (int client = 0; client < 3; client++) {
                asking.add(threads.submit(() -> {
                    while (!over.get()) {
                        CoordinationCluster.get(api.base().resolve(heavyPath()));
                    }
                    return null;
                }));
            }
            try {
                kill(cluster, api, workers);
                stop(cluster, api, workers);
            } finally {
                over.set(true);
            }
            for (Future<?> client : asking) {
                client.get(WAIT_NANOS_MAX, TimeUnit.NANOSECONDS);
            }
        }
    }

    private void kill(CoordinationCluster cluster, Node api, List<Node> workers) throws Exception {
        progress("killing " + kills + " workers");
        List<Failure> failures = new ArrayList<>();
        for (int kill = 0; kill < kills; kill++) {
            int victim = kill % workers.size();
            Node worker = workers.get(victim);
            awaitWork(api, worker);
            remember(worker);
            long logBytes = Files.size(api.log());
            long now = System.currentTimeMillis();
            worker.signal("KILL");
            failures.add(failure(api, worker, logBytes, now));
            worker.process().waitFor();
            workers.set(victim, cluster.restart(worker));
            cluster.awaitWorkers(api, workers.size());
        }
        report("kill -9", failures);
    }

    private void stop(CoordinationCluster cluster, Node api, List<Node> workers) throws Exception {
        progress("stopping " + stops + " workers");
        List<Failure> failures = new ArrayList<>();
        for (int stop = 0; stop < stops; stop++) {
            Node worker = workers.get(stop % workers.size());
            awaitWork(api, worker);
            long logBytes = Files.size(api.log());
            long now = System.currentTimeMillis();
            worker.signal("STOP");
            try {
                failures.add(failure(api, worker, logBytes, now));
            } finally {
                worker.signal("CONT");
            }
            cluster.awaitWorkers(api, workers.size());
        }
        report("SIGSTOP", failures);
    }

    private void report(String kind, List<Failure> failures) {
        List<Double> detected = new ArrayList<>();
        List<Double> reassigned = new ArrayList<>();
        for (Failure failure : failures) {
            detected.add(failure.detected());
            reassigned.addAll(failure.reassigned());
        }
        table.samples("failure detection, " + kind + ", ms", detected);
        table.samples("failure to work assigned elsewhere, " + kind + ", ms", reassigned);
    }

    /** What the API says about a worker. */
    private static JsonNode view(Node api, Node worker) throws IOException, InterruptedException {
        for (JsonNode view : api.data("/api/v1/workers")) {
            if (view.path("address").asText().endsWith(":" + worker.controlPort())) {
                return view;
            }
        }
        throw new IOException(worker.name() + " is not listed");
    }

    /** Waits until the worker has work from the API. */
    private static void awaitWork(Node api, Node worker) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + WAIT_NANOS_MAX;
        while (view(api, worker).path("inFlight").asInt() <= 2) {
            check(deadline, worker.name() + " gets no work");
            Thread.sleep(5);
        }
    }

    /** Asks the API until it has noticed the loss, then reads in its log when the work that the worker had was assigned again. */
    private static Failure failure(Node api, Node worker, long logBytes, long failedMillis)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + WAIT_NANOS_MAX;
        while (view(api, worker).path("state").asText().equals("alive")) {
            check(deadline, "the loss of " + worker.name() + " is not noticed");
            Thread.sleep(2);
        }
        double detected = System.currentTimeMillis() - failedMillis;
        List<Double> reassigned = new ArrayList<>();
        long quietSince = System.nanoTime();
        while (System.nanoTime() - quietSince < TimeUnit.MILLISECONDS.toNanos(500)) {
            check(deadline, "work is assigned again and again");
            Thread.sleep(20);
            int seen = reassigned.size();
            reassigned.clear();
            for (String line : logLines(api, logBytes)) {
                if (line.contains("work is assigned again")) {
                    reassigned.add((double) (millisOf(line) - failedMillis));
                }
            }
            if (reassigned.size() != seen) {
                quietSince = System.nanoTime();
            }
        }
        return new Failure(detected, List.copyOf(reassigned));
    }

    private static List<String> logLines(Node api, long fromBytes) throws IOException {
        byte[] log = Files.readAllBytes(api.log());
        String text = new String(log, (int) fromBytes, (int) (log.length - fromBytes), StandardCharsets.UTF_8);
        // The last line may be half written.
        return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
    }

    private static long millisOf(String line) {
        return Instant.parse(line.substring(0, line.indexOf(' '))).toEpochMilli();
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Collections.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    /** The rows that are printed. */
    private static final class Table {
        private final List<String> rows = new ArrayList<>();

        private void row(String name, String samples, String median, String late, String most) {
            rows.add("| " + name + " | " + samples + " | " + median + " | " + late + " | " + most + " |");
        }

        void samples(String name, List<Double> samples) {
            List<Double> sorted = samples.stream().sorted().toList();
            if (sorted.isEmpty()) {
                row(name, "0", "", "", "");
            } else {
                row(name, "" + sorted.size(), text(at(sorted, 0.5)), text(at(sorted, 0.99)), text(sorted.getLast()));
            }
        }

        /** The smallest sample that so many of all are not above. */
        private static double at(List<Double> sorted, double share) {
            return sorted.get((int) Math.ceil(share * sorted.size()) - 1);
        }

        void ratio(String name, double part, double whole) {
            row(name, "%.0f".formatted(whole), whole == 0 ? "" : "%.4f".formatted(part / whole), "", "");
        }

        void one(String name, double value) {
            row(name, "1", text(value), "", "");
        }

        /** Quantiles of a histogram in seconds, as upper bounds of their buckets, in milliseconds. */
        void histogram(String name, Map<String, Double> metrics, String metric) {
            TreeMap<Double, Double> counts = new TreeMap<>();
            metrics.forEach((key, value) -> {
                int bound = key.indexOf("le=\"");
                if (key.startsWith(metric + "_bucket{") && bound >= 0) {
                    String text = key.substring(bound + 4, key.indexOf('"', bound + 4));
                    double seconds = text.equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(text);
                    counts.merge(seconds, value, Double::sum);
                }
            });
            double all = counts.isEmpty() ? 0 : counts.lastEntry().getValue();
            row(name, "%.0f".formatted(all), quantile(counts, 0.5 * all), quantile(counts, 0.99 * all), "");
        }

        private static String quantile(TreeMap<Double, Double> counts, double rank) {
            for (Map.Entry<Double, Double> bucket : counts.entrySet()) {
                if (bucket.getValue() >= rank) {
                    return "<= " + text(bucket.getKey() * 1000);
                }
            }
            return "";
        }

        private static String text(double value) {
            return String.format(Locale.ROOT, value < 10 ? "%.2f" : "%.0f", value);
        }

        void print() {
            System.out.println("| measure | samples | p50 (or value) | p99 | max |");
            System.out.println("|---|---|---|---|---|");
            rows.forEach(System.out::println);
        }
    }
}
