package io.weir.bench;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.weir.bench.CoordinationCluster.Node;
import io.weir.cli.process.Meters;
import io.weir.cli.process.Ports;
import io.weir.eventstats.database.EventStatsSchema;
import io.weir.eventstats.feed.HistorySettings;
import io.weir.eventstats.feed.QueryFeed;
import io.weir.eventstats.signal.store.PostgresSnapshotStore;
import io.weir.eventstats.signature.SignatureLearning;
import io.weir.eventstats.signature.SignatureSettings;
import io.weir.eventstats.signature.SignatureStore;
import io.weir.eventstats.telemetry.TtfsEventStore;
import io.weir.lake.catalog.PostgresCatalog;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.Databases;
import io.weir.proto.shutdown.BoundedClose;
import io.weir.queryapi.discovery.StaticDiscovery;
import io.weir.queryapi.discovery.WorkerAddress;
import io.weir.queryapi.fetch.ArtifactFetcher;
import io.weir.queryapi.fetch.FetchSettings;
import io.weir.queryapi.http.ApiServer;
import io.weir.queryapi.http.ApiSettings;
import io.weir.queryapi.spi.QueryListener;
import io.weir.queryapi.workmanager.GrpcWorkManager;
import io.weir.queryapi.workmanager.WorkManagerSettings;
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
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * What following a query costs it: a light query against API servers that differ only in the feed - none, one that writes, one whose database is
 * stopped, one whose database hangs. The servers share catalog, workers and process, and are asked in turns, so that only the ratios count.
 */
@Command(
        name = "bench-feed",
        mixinStandardHelpOptions = true,
        description = "Latency of a light query without the feed, with it, and with its database stopped or hanging.")
public final class FeedBenchmark implements Callable<Integer> {
    private static final long START_MILLIS = 1_780_000_000_000L / 86_400_000 * 86_400_000;
    private static final int INTERVALS = 240;
    private static final String NONE = "none";

    @Option(names = "--repetitions", defaultValue = "3000", description = "Queries to each server.")
    private int repetitions;

    @Option(names = "--warm-up", defaultValue = "1000", description = "Queries to each server that do not count.")
    private int warmUp;

    @Option(names = "--seed", defaultValue = "1", description = "Of the order within each turn.")
    private long seed;

    private final BoundedClose running = new BoundedClose();

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new FeedBenchmark()).execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        Path folder = Files.createTempDirectory("weir-bench-feed");
        try (CoordinationCluster cluster = new CoordinationCluster(folder)) {
            cluster.load(new DataSet(5, 1), START_MILLIS, INTERVALS, INTERVALS);
            Node worker = cluster.worker("worker");
            measure(cluster, worker, folder);
        } finally {
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Collections.reverseOrder())
                        .forEach(file -> file.toFile().delete());
            }
        }
        return 0;
    }

    private void measure(CoordinationCluster cluster, Node worker, Path folder) throws Exception {
        DatabaseSettings database = DatabaseSettings.of(cluster.jdbcUrl(), "postgres", "postgres");
        String other = cluster.jdbcUrl().replaceFirst("/[^/?]+(\\?|$)", "/hanging$1");
        execute(cluster.jdbcUrl(), "CREATE DATABASE hanging");
        try (Connection holder = DriverManager.getConnection(other);
                Statement lock = holder.createStatement()) {
            HikariDataSource catalog = running.add(Databases.open(database));
            EventStatsSchema.migrate(catalog);
            DatabaseSettings locked = DatabaseSettings.of(other, "postgres", "postgres");
            try (HikariDataSource migrations = Databases.open(locked)) {
                EventStatsSchema.migrate(migrations);
            }
            HikariDataSource hanging = running.add(Databases.open(locked.withConnections(1), "hanging"));
            holder.setAutoCommit(false);
            lock.execute("LOCK TABLE public.promql_query_runs, scheduler.ttfs_events,"
                    + " scheduler.first_signal_snapshots IN ACCESS EXCLUSIVE MODE");
            Map<String, QueryListener> feeds = new LinkedHashMap<>();
            feeds.put(NONE, QueryListener.NONE);
            feeds.put("writing", feed(running.add(Databases.open(database.withConnections(1), "weir-query-feed"))));
            feeds.put("stopped", feed(running.add(stopped())));
            feeds.put("hanging", feed(hanging));
            Map<String, URI> servers = servers(catalog, worker, folder, feeds);
            ask(servers, warmUp);
            print(ask(servers, repetitions));
        } finally {
            running.close(10_000);
        }
    }

    private Map<String, URI> servers(
            HikariDataSource catalog, Node worker, Path folder, Map<String, QueryListener> feeds) throws Exception {
        Meters meters = running.add(new Meters());
        GrpcWorkManager workManager = running.add(GrpcWorkManager.start(
                WorkManagerSettings.of(UUID.randomUUID().toString()),
                new StaticDiscovery(Set.of(new WorkerAddress("127.0.0.1", worker.controlPort()))),
                new ArtifactFetcher(FetchSettings.of(folder.resolve("fetch")), meters.registry()),
                meters.registry()));
        while (workManager.load().accepting() == 0) {
            Thread.sleep(20);
        }
        Map<String, URI> servers = new LinkedHashMap<>();
        for (Map.Entry<String, QueryListener> feed : feeds.entrySet()) {
            ApiServer server = running.add(ApiServer.start(
                    ApiSettings.of("127.0.0.1", 0),
                    new PostgresCatalog(catalog),
                    workManager,
                    running.add(new Meters()).registry(),
                    ApiServer.Surroundings.DEFAULT.withListener(feed.getValue())));
            String path = CoordinationCluster.rangePath(
                    "sum(node_load1)", START_MILLIS / 1_000, START_MILLIS / 1_000 + 600, 60);
            servers.put(feed.getKey(), URI.create("http://127.0.0.1:" + server.port() + path));
        }
        return servers;
    }

    private QueryListener feed(HikariDataSource pool) {
        Meters meters = running.add(new Meters());
        return running.add(QueryFeed.start(
                HistorySettings.DEFAULT,
                new QueryFeed.Signals(
                        new PostgresSnapshotStore(pool),
                        new TtfsEventStore(pool, meters.registry()),
                        new SignatureStore(pool),
                        new SignatureLearning(pool, SignatureSettings.DEFAULT, meters.registry())),
                pool,
                meters.registry()));
    }

    /** A pool whose database is not there: every wait for a connection ends in vain. */
    private static HikariDataSource stopped() throws IOException {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + Ports.free() + "/weir");
        config.setUsername("postgres");
        config.setMaximumPoolSize(1);
        config.setConnectionTimeout(5_000);
        config.setInitializationFailTimeout(-1);
        return new HikariDataSource(config);
    }

    private static void execute(String url, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Nanoseconds of each query by server; in each turn the servers come in another order. */
    private Map<String, long[]> ask(Map<String, URI> servers, int count) throws IOException, InterruptedException {
        Map<String, long[]> times = new LinkedHashMap<>();
        servers.keySet().forEach(name -> times.put(name, new long[count]));
        List<String> order = new ArrayList<>(servers.keySet());
        Random random = new Random(seed);
        for (int i = 0; i < count; i++) {
            Collections.shuffle(order, random);
            for (String name : order) {
                long start = System.nanoTime();
                CoordinationCluster.get(Objects.requireNonNull(servers.get(name)));
                Objects.requireNonNull(times.get(name))[i] = System.nanoTime() - start;
            }
        }
        return times;
    }

    private void print(Map<String, long[]> times) {
        times.values().forEach(Arrays::sort);
        long[] base = Objects.requireNonNull(times.get(NONE));
        System.out.println("| feed | p50 ms | p95 ms | p99 ms | p50 ratio | p95 ratio |");
        System.out.println("|---|---|---|---|---|---|");
        times.forEach((name, sorted) -> System.out.println(String.format(
                Locale.ROOT,
                "| %s | %.3f | %.3f | %.3f | %.3f | %.3f |",
                name,
                millis(sorted, 0.5),
                millis(sorted, 0.95),
                millis(sorted, 0.99),
                millis(sorted, 0.5) / millis(base, 0.5),
                millis(sorted, 0.95) / millis(base, 0.95))));
        System.out.println(repetitions + " queries each, seed " + seed);
    }

    private static double millis(long[] sorted, double quantile) {
        return sorted[(int) Math.min(sorted.length - 1L, Math.round(quantile * (sorted.length - 1)))] / 1e6;
    }
}
