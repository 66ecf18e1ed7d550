package io.weir.cli.demo;

import io.weir.cli.process.Lifecycle;
import io.weir.cli.query.QueryStream;
import io.weir.cli.query.RangeQuery;
import io.weir.cli.statistics.FirstSignals;
import io.weir.cli.statistics.Statistics;
import io.weir.cli.terminal.ProgressBar;
import io.weir.eventstats.auth.LocalAuth;
import io.weir.eventstats.auth.LocalKeys;
import io.weir.eventstats.auth.TokenClaims;
import io.weir.ingest.load.LoadSettings;
import io.weir.ingest.load.OpenMetricsLoader;
import io.weir.ingest.load.RemoteWriteSettings;
import io.weir.ingest.load.RemoteWriteSink;
import io.weir.ingest.openmetrics.TextFormat;
import io.weir.ingest.scrape.ProcStatistics;
import io.weir.ingest.scrape.ScrapeLoop;
import io.weir.ingest.scrape.ScrapeSettings;
import io.weir.ingest.scrape.ScrapeTarget;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.Writer;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The demonstration: starts the processes, feeds them (their own metrics and this machine's counters every second, a day of bundled
 * history), runs three example queries in the terminal, one named statistic, one stream of first signals and one precomputed query, and stays up
 * until Ctrl-C.
 */
public final class Demo {
    private static final long SCRAPE_INTERVAL_MILLIS = 1_000;
    private static final int WORKERS = 3;
    private static final String TOPIC = "public.cps.za.runs";
    private static final Duration TOKEN_LIFE = Duration.ofHours(1);
    private static final long SIGNALS_MILLIS_MAX = 30_000;
    /** Much work, so that the query takes long enough to tell more than its end. */
    private static final String SIGNALS_EXPRESSION =
            "quantile_over_time(0.9, sum by (region) (rate(shop_orders_total[10m]))[6h:30s])";

    private static final Duration SIGNALS_RANGE = Duration.ofHours(24);
    private static final long SIGNALS_STEP_MILLIS = 10_000;
    private static final long STEP_MILLIS_MIN = 1_000;
    /** Live data that the last example shows. */
    private static final Duration LIVE = Duration.ofSeconds(15);

    private record Example(String title, String expression, Duration range, Duration step) {}

    private static final List<Example> EXAMPLES = List.of(
            new Example(
                    "Orders per minute by region, over the bundled day",
                    "sum by (region) (rate(shop_orders_total[10m])) * 60",
                    Duration.ofHours(24),
                    Duration.ofMinutes(10)),
            new Example(
                    "95th percentile of the latency by region, over the bundled day",
                    "histogram_quantile(0.95, sum by (region, le) (rate(shop_request_duration_seconds_bucket[15m])))",
                    Duration.ofHours(24),
                    Duration.ofMinutes(10)),
            new Example(
                    "This machine now: busy share of each CPU, from /proc",
                    "1 - avg by (cpu) (rate(node_cpu_seconds_total{mode=\"idle\"}[10s]))",
                    LIVE,
                    Duration.ofSeconds(1)));

    private final Path folder;
    private final int port;
    private final boolean once;
    private final PrintStream out;
    private final boolean interactive;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();

    /**
     * @param folder empty or new
     * @param port of the API
     * @param once whether to stop after the example queries
     */
    public Demo(Path folder, int port, boolean once, PrintStream out, boolean interactive) {
        this.folder = folder;
        this.port = port;
        this.once = once;
        this.out = out;
        this.interactive = interactive;
    }

    /** Runs it. */
    public void run(Lifecycle lifecycle) throws Exception {
        out.println("Starting PostgreSQL, 1 ingester, " + WORKERS + " workers and 1 API as processes of their own ...");
        try (DemoCluster cluster = DemoCluster.start(folder, port, WORKERS)) {
            URI ingest = Objects.requireNonNull(cluster.urls().get("ingest"));
            URI api = Objects.requireNonNull(cluster.urls().get("api"));
            RemoteWriteSink sink =
                    new RemoteWriteSink(RemoteWriteSettings.of(ingest.resolve("/api/v1/write"), "default"), client);
            List<ScrapeTarget> targets = cluster.urls().entrySet().stream()
                    .map(process -> ScrapeTarget.of(
                            "weir-" + process.getKey(), process.getValue().resolve("/metrics"), SCRAPE_INTERVAL_MILLIS))
                    .toList();
            ScrapeSettings scraping =
                    ScrapeSettings.of(InetAddress.getLocalHost().getHostName(), SCRAPE_INTERVAL_MILLIS);
            long begin = System.currentTimeMillis();
            try (AutoCloseable scrapes =
                    ScrapeLoop.start(targets, new ProcStatistics(Path.of("/proc")), sink, scraping)) {
                Objects.requireNonNull(scrapes);
                loadHistory(sink);
                awaitLiveData(lifecycle, begin);
                flush(ingest);
                examples(api);
                statistics(cluster, api);
                firstSignals(api);
                new DemoPrecompute(api, client, out).run();
                invite(cluster);
                if (!once) {
                    lifecycle.await();
                    out.println("Stopping ...");
                }
                // At once: a terminal's Ctrl-C goes to all processes, and then they all end.
                requireAll(cluster);
            }
        } finally {
            client.close();
        }
    }

    private void requireAll(DemoCluster cluster) throws IOException {
        List<String> ended = cluster.ended();
        if (!ended.isEmpty()) {
            throw new IOException(
                    "these processes ended on their own: " + ended + "; their logs are in " + folder.resolve("logs"));
        }
    }

    private void loadHistory(RemoteWriteSink sink) throws IOException, InterruptedException {
        Path text = folder.resolve("history.om");
        try (Writer writer = new BufferedWriter(Files.newBufferedWriter(text))) {
            new DemoHistory(System.currentTimeMillis()).write(writer);
        }
        out.println("Loading one day of bundled history (an invented web shop, label source=\"weir-demo\") ...");
        ProgressBar bar = new ProgressBar(out, interactive);
        long size = Files.size(text);
        try (InputStream in = Files.newInputStream(text)) {
            OpenMetricsLoader.Result result = new OpenMetricsLoader(
                            LoadSettings.defaults(),
                            sink,
                            (bytes, samples) -> bar.update((double) bytes / size, samples + " samples"))
                    .load(in, TextFormat.OPENMETRICS);
            bar.done(result.samples() + " samples, all durable");
        }
    }

    private void awaitLiveData(Lifecycle lifecycle, long begin) throws InterruptedException {
        ProgressBar bar = new ProgressBar(out, interactive);
        out.println("Scraping its own processes and /proc every second ...");
        long length = LIVE.toMillis();
        for (long passed = 0; passed < length && !lifecycle.isStopping(); passed = System.currentTimeMillis() - begin) {
            bar.update((double) passed / length, passed / 1000 + " s");
            Thread.sleep(200);
        }
        bar.done(LIVE.toSeconds() + " s of live data");
    }

    private void flush(URI ingest) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(ingest.resolve("/api/v1/admin/flush"))
                .timeout(Duration.ofSeconds(60))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() / 100 != 2) {
            throw new IOException("the flush answered " + response.statusCode() + ": " + response.body());
        }
    }

    private void examples(URI api) throws IOException, InterruptedException {
        for (Example example : EXAMPLES) {
            out.println();
            out.println(example.title());
            out.println("  weir query '" + example.expression() + "' --since "
                    + example.range().toString().substring(2).toLowerCase(java.util.Locale.ROOT) + " --url " + api);
            long step = Math.max(STEP_MILLIS_MIN, example.step().toMillis());
            long end = System.currentTimeMillis() / step * step;
            int points = new RangeQuery(new QueryStream(api, "default"), out, interactive)
                    .run(example.expression(), end - example.range().toMillis(), end, step);
            if (points == 0) {
                throw new IOException("the example query returned no data: " + example.expression());
            }
        }
    }

    private void statistics(DemoCluster cluster, URI api) throws IOException, InterruptedException {
        DemoStatistics.load(cluster.jdbcUrl());
        out.println();
        out.println(
                "A named statistic, computed in PostgreSQL over a sample of invented jobs (environment \"weir-demo\")");
        out.println("  weir stats " + TOPIC + " aggregation_by_catalog -p environment=weir-demo --url " + api
                + " --token \"$TOKEN\"");
        int rows = new Statistics(api, token(), out)
                .run(TOPIC, "aggregation_by_catalog", Map.of("environment", "weir-demo"), false);
        if (rows == 0) {
            throw new IOException("the named statistic returned no data");
        }
    }

    private String token() throws IOException {
        return LocalKeys.open(folder)
                .sign(
                        new TokenClaims(LocalAuth.ADMIN, null, "tenant_id", null, null, TOKEN_LIFE.toMillis()),
                        System.currentTimeMillis());
    }

    /** The stream is opened before its query is asked: who chooses the query's id can do so. */
    private void firstSignals(URI api) throws IOException, InterruptedException {
        UUID id = UUID.randomUUID();
        out.println();
        out.println("What a query tells from its first signal to its end");
        out.println("  weir signal " + id + " --url " + api);
        FutureTask<Integer> signals =
                new FutureTask<>(() -> new FirstSignals(api, "default", out).follow("jobs", id.toString()));
        Thread follower = Thread.ofVirtual().name("weir-demo-signals").start(signals);
        long end = System.currentTimeMillis();
        new QueryStream(api, "default")
                .run(
                        id,
                        SIGNALS_EXPRESSION,
                        end - SIGNALS_RANGE.toMillis(),
                        end,
                        SIGNALS_STEP_MILLIS,
                        QueryStream.Listener.NONE);
        try {
            if (signals.get(SIGNALS_MILLIS_MAX, TimeUnit.MILLISECONDS) == 0) {
                throw new IOException("the query gave no signal");
            }
        } catch (ExecutionException e) {
            throw new IOException("the stream of first signals failed: " + e.getCause(), e);
        } catch (TimeoutException e) {
            throw new IOException("the stream of first signals did not end with its query", e);
        } finally {
            follower.interrupt();
        }
    }

    private void invite(DemoCluster cluster) {
        out.println();
        cluster.urls().forEach((name, url) -> out.printf("  %-9s %s%n", name, url));
        URI api = Objects.requireNonNull(cluster.urls().get("api"));
        out.println();
        out.println("Try:  curl '" + api + "/api/v1/query?query=up'");
        out.println("      ./weir query 'rate(shop_http_requests_total[5m])' --since 6h --url " + api);
        out.println("      TOKEN=$(./weir token --sub " + LocalAuth.ADMIN + " --data-dir " + folder + "); ./weir stats"
                + " promql.query.runs slowest_queries --url " + api + " --token \"$TOKEN\"");
        out.println("      Grafana: a Prometheus data source with the URL " + api);
        if (!once) {
            out.println("Data and logs are in " + folder + ". Ctrl-C stops everything.");
        }
    }
}
