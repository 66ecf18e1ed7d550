package io.weir.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * ASAPQuery's benchmark in small: the series of its quickstart, its fourteen queries, each answered exactly (cold and warm), from a job, and by
 * Prometheus; what a tick costs and from how many queries on it pays; what sketches get wrong; and a thousand jobs beside a user's query.
 *
 * <p>All samples are sent before anything is measured, those of the next minutes too: so an exact query at the time of a tick sees what
 * the tick saw, and their difference is the sketch's alone.
 */
@Command(
        name = "bench-precompute",
        mixinStandardHelpOptions = true,
        description = "Precomputed results beside exact queries and Prometheus.")
public final class PrecomputeBenchmark implements Callable<Integer> {
    /** Upstream's quickstart: seven exporters with 30 x 30 x 30 series each. */
    private static final int UPSTREAM_SERIES = 189_000;

    private static final Map<String, String> QUERIES = queries();

    /** Aggregates 1,000 groups of one series, where there are at least ten values of each label. */
    private static final String THOUSAND_GROUPS = "sum by (region, service, host) (sensor_reading{pattern=\"sine\","
            + "region=~\"region-[0-9]\",service=~\"service-[0-9]\",host=~\"host-[0-9]\"})";

    @Option(
            names = "--values-per-label",
            defaultValue = "10",
            description = "Regions, services and hosts; 7 times its cube series (default ${DEFAULT-VALUE}).")
    private int valuesPerLabel;

    @Option(names = "--minutes-before", defaultValue = "6", description = "Data before now (default ${DEFAULT-VALUE}).")
    private int minutesBefore;

    @Option(
            names = "--minutes-ahead",
            defaultValue = "50",
            description = "Data after now: the run must be over by then (default ${DEFAULT-VALUE}).")
    private int minutesAhead;

    @Option(names = "--rounds", defaultValue = "9", description = "Of each exact query (default ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--hits",
            defaultValue = "300",
            description = "Of each query from a job (default ${DEFAULT-VALUE}).")
    private int hits;

    @Option(
            names = "--latency-hits",
            defaultValue = "10000",
            description = "Of the 1,000 elements (default ${DEFAULT-VALUE}).")
    private int latencyHits;

    @Option(
            names = "--tick-periods",
            defaultValue = "26",
            description = "How long ticks are watched, half of it to warm up (default ${DEFAULT-VALUE} of 10 s).")
    private int tickPeriods;

    @Option(
            names = "--jobs",
            defaultValue = "1000",
            description = "Jobs at 10 s beside a user (default ${DEFAULT-VALUE}).")
    private int jobs;

    @Option(
            names = "--user-rounds",
            defaultValue = "500",
            description = "Of the user's query without and with the jobs, in each turn (default ${DEFAULT-VALUE}).")
    private int userRounds;

    @Option(
            names = "--warm-up-rounds",
            defaultValue = "6000",
            description = "Of the user's query beside the jobs before the first turn (default ${DEFAULT-VALUE}).")
    private int warmUpRounds;

    @Option(names = "--workers", defaultValue = "2", description = "Workers of Weir (default ${DEFAULT-VALUE}).")
    private int workers;

    @Option(names = "--only-weir", description = "Leave Prometheus out.")
    private boolean onlyWeir;

    @Option(names = "--skip-cold", description = "Leave out the restart before each query.")
    private boolean skipCold;

    @Option(names = "--weir", defaultValue = "./weir", description = "The launcher (default ${DEFAULT-VALUE}).")
    private String launcher = "./weir";

    private final PrintStream out = System.out;
    private long startMillis;
    private long fixedSeconds;
    private @Nullable Peer weir;
    private @Nullable Peer prometheus;
    private Path folder = Path.of(".");

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new PrecomputeBenchmark()).execute(arguments));
    }

    /** The fourteen of upstream's harness, whose names they keep. */
    private static Map<String, String> queries() {
        Map<String, String> queries = new LinkedHashMap<>();
        for (String operator : List.of("avg", "sum", "max", "min")) {
            queries.put(operator + "_all", operator + "(sensor_reading)");
        }
        for (String rank : List.of("0.5", "0.9", "0.95", "0.99")) {
            queries.put("q" + rank.substring(2) + "_all", "quantile(" + rank + ", sensor_reading)");
        }
        for (String rank : List.of("0.95", "0.99", "0.5")) {
            queries.put(
                    "q" + rank.substring(2) + "_by_pattern", "quantile by (pattern) (" + rank + ", sensor_reading)");
        }
        queries.put("avg_by_pattern", "avg by (pattern) (sensor_reading)");
        queries.put("sum_by_region", "sum by (region) (sensor_reading)");
        queries.put("max_by_service", "max by (service) (sensor_reading)");
        return queries;
    }

    @Override
    public Integer call() throws Exception {
        folder = Files.createTempDirectory("weir-bench-precompute");
        boolean finished = false;
        try {
            startWeir();
            prometheus = onlyWeir ? null : Peer.prometheus(folder.resolve("prometheus"));
            KnownStreams[] streams = load();
            Map<String, double[]> cold = skipCold ? Map.of() : coldTimes();
            Map<String, Exact> exact = exactTimes();
            jobsBesideExact(cold, exact);
            hitLatency();
            new SketchAccuracy(client(), out, streams[0], streams[1], tickPeriods).run();
            new ManyJobs(client(), out, jobs, userRounds, warmUpRounds, valuesPerLabel).run();
            checkTime();
            finished = true;
            return 0;
        } finally {
            if (weir != null) {
                weir.close();
            }
            if (prometheus != null) {
                prometheus.close();
            }
            if (finished) {
                delete(folder);
            } else {
                out.println("logs and data are kept in " + folder);
            }
        }
    }

    private void startWeir() throws IOException, InterruptedException {
        long aheadMillis = Duration.ofMinutes(minutesAhead + 5).toMillis();
        weir = Peer.weir(
                List.of(launcher.split(" ")),
                folder.resolve("weir"),
                workers,
                List.of(
                        "--ingest-remote-write-future-millis-max",
                        "" + aheadMillis,
                        // a share of the hits computed again would be work that is no hit's
                        "--precompute-shadow-share",
                        "0"));
    }

    private PrecomputeClient client() {
        if (weir == null) {
            throw new IllegalStateException("Weir is not running");
        }
        return new PrecomputeClient(weir.base());
    }

    private List<Peer> peers() {
        List<Peer> peers = new ArrayList<>();
        if (weir != null) {
            peers.add(weir);
        }
        if (prometheus != null) {
            peers.add(prometheus);
        }
        return peers;
    }

    private KnownStreams[] load() throws IOException, InterruptedException {
        startMillis = System.currentTimeMillis() / 1_000 * 1_000 - minutesBefore * 60_000L;
        long seconds = (minutesBefore + minutesAhead) * 60L;
        SensorData shape = new SensorData(valuesPerLabel, 0);
        int series = shape.labels().size();
        out.printf(
                Locale.ROOT,
                "%d series at 1 s for %d s (upstream: %d, this is 1/%.1f), %d processors, load %.1f before%n%n",
                series,
                seconds,
                UPSTREAM_SERIES,
                (double) UPSTREAM_SERIES / series,
                Runtime.getRuntime().availableProcessors(),
                java.lang.management.ManagementFactory.getOperatingSystemMXBean()
                        .getSystemLoadAverage());
        out.println("| system | samples | samples/s by remote write |");
        out.println("|---|---|---|");
        for (Peer peer : peers()) {
            RemoteWriteSender.Result sent = new RemoteWriteSender(peer.base().resolve("/api/v1/write"))
                    .send(new SensorData(valuesPerLabel, 0), startMillis, (int) seconds);
            out.printf(Locale.ROOT, "| %s | %d | %.0f |%n", peer.name(), sent.samples(), sent.samplesPerSecond());
        }
        KnownStreams zipf = new KnownStreams("zipf", KnownStreams.Distribution.ZIPF, 4, 4, startMillis);
        KnownStreams latency = new KnownStreams("latency", KnownStreams.Distribution.LOGNORMAL, 10, 100, startMillis);
        URI write = client().base().resolve("/api/v1/write");
        new RemoteWriteSender(write, 2_500).send(zipf, startMillis, (int) (seconds * 250));
        new RemoteWriteSender(write, 1_000).send(latency, startMillis, (int) (seconds * 10));
        client().flush();
        // compaction ends before anything is timed
        Thread.sleep(20_000);
        fixedSeconds = System.currentTimeMillis() / 1_000;
        return new KnownStreams[] {zipf, latency};
    }

    /** The first answer after a start, for each query: nothing is in the worker's cache, nothing is compiled. */
    private Map<String, double[]> coldTimes() throws IOException, InterruptedException {
        Map<String, double[]> cold = new LinkedHashMap<>();
        for (Map.Entry<String, String> query : QUERIES.entrySet()) {
            if (weir != null) {
                weir.close();
            }
            startWeir();
            cold.put(query.getKey(), new double[] {
                client().query(query.getValue(), fixedSeconds, false).millis()
            });
        }
        return cold;
    }

    /**
     * @param difference of Weir's answer to that of Prometheus
     */
    private record Exact(Timings weir, Timings prometheus, String difference) {}

    /** In turns, so that the machine's noise meets both. */
    private Map<String, Exact> exactTimes() throws IOException, InterruptedException {
        Map<String, Exact> exact = new LinkedHashMap<>();
        PrecomputeClient ours = client();
        PrecomputeClient theirs = prometheus == null ? null : new PrecomputeClient(prometheus.base());
        for (Map.Entry<String, String> query : QUERIES.entrySet()) {
            double[] weirMillis = new double[rounds];
            double[] prometheusMillis = new double[theirs == null ? 0 : rounds];
            String difference = "";
            for (int round = -3; round < rounds; round++) {
                PrecomputeClient.Answer answer = ours.query(query.getValue(), fixedSeconds, false);
                PrecomputeClient.Answer peer =
                        theirs == null ? null : theirs.query(query.getValue(), fixedSeconds, false);
                if (round >= 0) {
                    weirMillis[round] = answer.millis();
                }
                if (peer != null) {
                    prometheusMillis[Math.max(0, round)] = peer.millis();
                    difference = Answers.compare(answer.body(), peer.body()).toString();
                }
            }
            exact.put(query.getKey(), new Exact(Timings.of(weirMillis), Timings.of(prometheusMillis), difference));
        }
        return exact;
    }

    private void jobsBesideExact(Map<String, double[]> cold, Map<String, Exact> exact)
            throws IOException, InterruptedException {
        PrecomputeClient client = client();
        Map<String, String> ids = new LinkedHashMap<>();
        Map<String, String> queries = new LinkedHashMap<>();
        for (Map.Entry<String, String> query : QUERIES.entrySet()) {
            ids.put(
                    query.getKey(),
                    client.register(query.getValue(), TickCosts.PERIOD_SECONDS + "s", "bench/" + query.getKey(), null));
        }
        out.printf("%n| query | exact cold ms | exact warm p50 ms | hit p50 ms | hit p99 ms | prometheus p50 ms"
                + " | exact vs prometheus | hit vs exact | tick ms | exact once a period ms"
                + " | pays from queries a tick |%n"
                + "|---|---|---|---|---|---|---|---|---|---|---|%n");
        for (Map.Entry<String, String> id : ids.entrySet()) {
            JobWatch.awaitSuccess(client, id.getValue());
            queries.put(id.getValue(), QUERIES.getOrDefault(id.getKey(), ""));
        }
        Map<String, TickCosts.Cost> costs = new TickCosts(client, queries).measure(tickPeriods);
        for (Map.Entry<String, String> id : ids.entrySet()) {
            String name = id.getKey();
            String query = QUERIES.getOrDefault(name, "");
            Exact warm = exact.getOrDefault(name, new Exact(Timings.of(new double[0]), Timings.of(new double[0]), ""));
            double[] hitMillis = new double[hits];
            for (int i = -20; i < hits; i++) {
                double millis = JobWatch.hit(client, query).millis();
                if (i >= 0) {
                    hitMillis[i] = millis;
                }
            }
            Timings hit = Timings.of(hitMillis);
            TickCosts.Cost cost = costs.getOrDefault(id.getValue(), new TickCosts.Cost(Double.NaN, Double.NaN));
            out.printf(
                    Locale.ROOT,
                    "| `%s` | %.1f | %.1f | %.2f | %.2f | %.1f | %s | %s | %.1f | %.1f | %.2f |%n",
                    name,
                    cold.getOrDefault(name, new double[] {Double.NaN})[0],
                    warm.weir().median(),
                    hit.median(),
                    hit.quantile(0.99),
                    warm.prometheus().median(),
                    warm.difference(),
                    hitAgainstExact(client, query),
                    cost.tickMillis(),
                    cost.exactMillis(),
                    cost.breakEvenQueries());
        }
        for (String id : ids.values()) {
            client.delete(id);
        }
    }

    /** An answer from a job, and the exact one at its time. */
    private static String hitAgainstExact(PrecomputeClient client, String query)
            throws IOException, InterruptedException {
        byte[] hit = JobWatch.hit(client, query).body();
        double seconds = PrecomputeClient.timestampSeconds(hit);
        return Answers.compare(hit, client.query(query, seconds, false).body()).toString();
    }

    private void hitLatency() throws IOException, InterruptedException {
        PrecomputeClient client = client();
        String id = client.register(THOUSAND_GROUPS, "30s", "bench/thousand", null);
        JobWatch.awaitSuccess(client, id);
        int elements = PrecomputeClient.vector(
                        JobWatch.hit(client, THOUSAND_GROUPS).body())
                .size();
        // Until both virtual machines have compiled their paths.
        for (int i = 0; i < 2 * latencyHits; i++) {
            JobWatch.hit(client, THOUSAND_GROUPS);
        }
        double[] millis = new double[latencyHits];
        double tickMillis = client.job(id).durationMillis();
        double ticks = client.job(id).runs();
        double work = client.metric("weir_work_accepted_total");
        for (int i = 0; i < latencyHits; i++) {
            millis[i] = JobWatch.hit(client, THOUSAND_GROUPS).millis();
        }
        work = client.metric("weir_work_accepted_total") - work;
        ticks = client.job(id).runs() - ticks;
        Timings hit = Timings.of(millis);
        out.printf(
                Locale.ROOT,
                "%n%d hits on %d elements, one after the other: p50 %.2f, p99 %.2f, p99.9 %.2f, max %.2f ms (target"
                    + " p99 < 5); %.0f pieces of work were given to workers meanwhile, for %.0f ticks (of %.0f ms)%n",
                latencyHits,
                elements,
                hit.median(),
                hit.quantile(0.99),
                hit.quantile(0.999),
                hit.quantile(1),
                work,
                ticks,
                tickMillis);
        client.delete(id);
    }

    private void checkTime() throws IOException {
        if (System.currentTimeMillis() > startMillis + (minutesBefore + minutesAhead) * 60_000L) {
            throw new IOException("the run took longer than the data reaches: more --minutes-ahead, or fewer rounds");
        }
    }

    private static void delete(Path folder) throws IOException {
        List<Path> paths = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder)) {
            files.forEach(paths::add);
        }
        for (Path file : paths.reversed()) {
            Files.deleteIfExists(file);
        }
    }
}
