package io.weir.cli.standalone;

import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.cli.process.ApiProcess;
import io.weir.cli.process.EmbeddedDatabase;
import io.weir.cli.process.Meters;
import io.weir.cli.process.SpanExport;
import io.weir.cli.process.TracingSettings;
import io.weir.eventstats.EventStats;
import io.weir.eventstats.EventStatsSettings;
import io.weir.eventstats.auth.LocalAuth;
import io.weir.ingest.http.IngestServer;
import io.weir.ingest.http.IngestSettings;
import io.weir.lake.catalog.CatalogSchema;
import io.weir.lake.catalog.PostgresCatalog;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.Databases;
import io.weir.lake.store.LakeSettings;
import io.weir.lake.store.ObjectStore;
import io.weir.lake.store.ObjectStores;
import io.weir.precompute.PrecomputeSettings;
import io.weir.proto.shutdown.BoundedClose;
import io.weir.proto.shutdown.ShutdownSettings;
import io.weir.queryapi.discovery.StaticDiscovery;
import io.weir.queryapi.discovery.WorkerAddress;
import io.weir.queryapi.fetch.FetchSettings;
import io.weir.queryapi.http.ApiSettings;
import io.weir.queryapi.spi.RouteContributor;
import io.weir.queryapi.workmanager.GrpcWorkManager;
import io.weir.queryapi.workmanager.WorkManager;
import io.weir.queryapi.workmanager.WorkManagerSettings;
import io.weir.queryworker.WorkerProcess;
import io.weir.queryworker.WorkerSettings;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything in one process: PostgreSQL, a local lake, ingest, workers and an API, over the same gRPC and HTTP paths as separate
 * processes use. Data and all other files lie in one folder, and a second start on it has all data.
 */
public final class Standalone implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Standalone.class);
    private static final long WORKERS_READY_MILLIS_MAX = 30_000;
    private static final long WORKERS_POLL_MILLIS = 10;
    private static final int PARTS_OF_AN_API = 3;

    /** Closed in the reverse order of their start. */
    private final BoundedClose running = new BoundedClose();

    private int port;

    private Standalone() {}

    /**
     * What it is started with. Folders and addresses are filled in by {@link #start}.
     *
     * @param database adapts the settings to the embedded database's URL
     * @param workers one for each worker
     * @param spans starts the export of spans
     */
    public record Parts(
            Path folder,
            UnaryOperator<DatabaseSettings> database,
            IngestSettings ingest,
            List<WorkerSettings> workers,
            ApiSettings api,
            WorkManagerSettings workManager,
            FetchSettings fetch,
            EventStatsSettings eventStats,
            PrecomputeSettings precompute,
            Function<MeterRegistry, SpanExport> spans) {
        public Parts {
            workers = List.copyOf(workers);
        }

        /** Parts that are not traced, with the defaults of event statistics. */
        public Parts(
                Path folder,
                UnaryOperator<DatabaseSettings> database,
                IngestSettings ingest,
                List<WorkerSettings> workers,
                ApiSettings api,
                WorkManagerSettings workManager,
                FetchSettings fetch) {
            this(
                    folder,
                    database,
                    ingest,
                    workers,
                    api,
                    workManager,
                    fetch,
                    EventStatsSettings.DEFAULT,
                    PrecomputeSettings.DEFAULT,
                    registry -> SpanExport.start(TracingSettings.DEFAULT, "weir-standalone", Map.of(), registry));
        }
    }

    /** Starts all parts; when this returns, samples are accepted and queries are answered. */
    public static Standalone start(Parts parts) throws IOException {
        Standalone standalone = new Standalone();
        try {
            standalone.startParts(parts);
            return standalone;
        } catch (IOException | RuntimeException e) {
            standalone.close();
            throw e;
        }
    }

    private void startParts(Parts parts) throws IOException {
        EmbeddedDatabase postgres = own(EmbeddedDatabase.start(parts.folder().resolve("postgres")));
        DatabaseSettings database =
                parts.database().apply(DatabaseSettings.of(postgres.jdbcUrl(), "postgres", "postgres"));
        HikariDataSource pool = own(Databases.open(database));
        CatalogSchema.migrate(pool);
        ObjectStore store = own(ObjectStores.open(LakeSettings.of(
                parts.folder().resolve("lake").toAbsolutePath().normalize().toString())));
        Meters meters = own(new Meters());
        SpanExport spans = running.add(parts.spans().apply(meters.registry()));
        IngestServer ingest = running.add(
                IngestServer.start(parts.ingest(), new PostgresCatalog(pool), store, meters.registry()),
                parts.ingest().closeTimeoutMillis());
        Set<WorkerAddress> addresses = new LinkedHashSet<>();
        for (WorkerSettings settings : parts.workers()) {
            // A registry of its own: its metrics are served on its own HTTP port, as those of a separate worker are.
            Meters workerMeters = own(new Meters());
            WorkerProcess worker = own(WorkerProcess.start(settings, store, workerMeters.registry(), spans.tracing()));
            addresses.add(new WorkerAddress(settings.advertisedHost(), worker.grpcPort()));
            LOG.info(
                    "worker {}: control port {}, HTTP port {}",
                    worker.workerId(),
                    worker.grpcPort(),
                    worker.httpPort());
        }
        LocalAuth auth = LocalAuth.prepare(parts.folder(), parts.eventStats().auth(), EventStats.topics());
        List<RouteContributor> routes = new ArrayList<>(auth.routes());
        routes.add(ingest.routes()::register);
        ApiProcess.Parts api = new ApiProcess.Parts(
                parts.api(),
                database,
                parts.workManager(),
                parts.fetch(),
                parts.eventStats().withAuth(auth.settings()),
                parts.precompute(),
                new StaticDiscovery(addresses));
        ApiProcess process = running.add(
                ApiProcess.start(api, meters.registry(), spans.tracing(), routes),
                parts.api().shutdownMillisMax() + PARTS_OF_AN_API * ShutdownSettings.DEFAULT.partMillisMax());
        awaitWorkers(process.workManager(), addresses.size());
        port = process.port();
    }

    /** The workers listen already; the API's streams to them come up in the background. */
    private static void awaitWorkers(GrpcWorkManager workManager, int workers) throws IOException {
        long deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(WORKERS_READY_MILLIS_MAX);
        long ready = 0;
        do {
            try {
                Thread.sleep(WORKERS_POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while waiting for the workers");
            }
            ready = workManager.workers().stream()
                    .filter(WorkManager.WorkerView::acceptingWork)
                    .count();
        } while (ready < workers && System.nanoTime() - deadlineNanos < 0);
        if (ready < workers) {
            throw new IOException("the API has reached " + ready + " of " + workers + " workers after "
                    + WORKERS_READY_MILLIS_MAX + " ms; the log says what its streams to the others met");
        }
    }

    private <T extends AutoCloseable> T own(T part) {
        return running.add(part);
    }

    /** The HTTP port. */
    public int port() {
        return port;
    }

    /** Stops all parts, the API first; a part that fails or hangs is logged, and the others still stop. */
    @Override
    public void close() {
        close(ShutdownSettings.DEFAULT.partMillisMax());
    }

    /**
     * As {@link #close()}.
     *
     * @param partMillisMax longest stop of one part, beside the time that the API and ingest give to their work
     * @return whether every part stopped in order
     */
    public boolean close(long partMillisMax) {
        return running.close(partMillisMax);
    }
}
