package io.weir.cli.process;

import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.eventstats.EventStats;
import io.weir.eventstats.EventStatsSettings;
import io.weir.lake.catalog.CatalogSchema;
import io.weir.lake.catalog.PostgresCatalog;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.Databases;
import io.weir.precompute.Precompute;
import io.weir.precompute.PrecomputeSettings;
import io.weir.promql.parser.Feature;
import io.weir.proto.shutdown.BoundedClose;
import io.weir.proto.shutdown.ShutdownSettings;
import io.weir.proto.trace.Tracing;
import io.weir.queryapi.discovery.WorkerDiscovery;
import io.weir.queryapi.fetch.ArtifactFetcher;
import io.weir.queryapi.fetch.FetchSettings;
import io.weir.queryapi.http.ApiServer;
import io.weir.queryapi.http.ApiSettings;
import io.weir.queryapi.spi.RouteContributor;
import io.weir.queryapi.workmanager.GrpcWorkManager;
import io.weir.queryapi.workmanager.WorkManagerSettings;
import java.util.ArrayList;
import java.util.List;

/** An API: catalog, control streams and HTTP server, started and stopped together. */
public final class ApiProcess implements AutoCloseable {
    private final BoundedClose parts = new BoundedClose();
    private final GrpcWorkManager workManager;
    private final ApiServer server;

    /** @param queriesMillisMax time that running queries get to end */
    private ApiProcess(
            HikariDataSource database,
            EventStats eventStats,
            Precompute precompute,
            GrpcWorkManager workManager,
            ApiServer server,
            long queriesMillisMax) {
        parts.add(database);
        parts.add(eventStats);
        this.workManager = parts.add(workManager);
        this.server = parts.add(server, queriesMillisMax);
        // Ends first: its ticks ask the server's queries.
        parts.add(precompute);
    }

    /**
     * What an API is started with.
     *
     * @param discovery owned by the API from now on
     */
    public record Parts(
            ApiSettings api,
            DatabaseSettings database,
            WorkManagerSettings workManager,
            FetchSettings fetch,
            EventStatsSettings eventStats,
            PrecomputeSettings precompute,
            WorkerDiscovery discovery) {}

    public static ApiProcess start(
            Parts parts, MeterRegistry registry, Tracing tracing, List<RouteContributor> extraRoutes) {
        HikariDataSource database = Databases.open(parts.database());
        try {
            CatalogSchema.migrate(database);
            EventStats eventStats = EventStats.start(parts.eventStats(), parts.database(), registry);
            try {
                Precompute precompute = Precompute.start(
                        parts.precompute(),
                        parts.database(),
                        Feature.parse(parts.api().features()),
                        registry);
                try {
                    return start(parts, database, eventStats, precompute, registry, tracing, extraRoutes);
                } catch (RuntimeException e) {
                    precompute.close();
                    throw e;
                }
            } catch (RuntimeException e) {
                eventStats.close();
                throw e;
            }
        } catch (RuntimeException e) {
            database.close();
            throw e;
        }
    }

    private static ApiProcess start(
            Parts parts,
            HikariDataSource database,
            EventStats eventStats,
            Precompute precompute,
            MeterRegistry registry,
            Tracing tracing,
            List<RouteContributor> extraRoutes) {
        GrpcWorkManager workManager = GrpcWorkManager.start(
                parts.workManager(), parts.discovery(), new ArtifactFetcher(parts.fetch(), registry), registry);
        try {
            List<RouteContributor> routes = new ArrayList<>(extraRoutes);
            routes.addAll(eventStats.routes());
            routes.addAll(precompute.routes());
            ApiServer server = ApiServer.start(
                    parts.api(),
                    new PostgresCatalog(database),
                    workManager,
                    registry,
                    ApiServer.Surroundings.DEFAULT
                            .withTracing(tracing)
                            .withListener(eventStats.queries())
                            .withAnswers(precompute.answers())
                            .withRoutes(routes));
            precompute.begin(server.background(), server.sketches());
            return new ApiProcess(
                    database,
                    eventStats,
                    precompute,
                    workManager,
                    server,
                    parts.api().shutdownMillisMax());
        } catch (RuntimeException e) {
            workManager.close();
            throw e;
        }
    }

    public int port() {
        return server.port();
    }

    public GrpcWorkManager workManager() {
        return workManager;
    }

    /** Stops taking requests, gives running queries their time, then ends what is left, in bounded time. */
    @Override
    public void close() {
        close(ShutdownSettings.DEFAULT.partMillisMax());
    }

    /**
     * As {@link #close()}.
     *
     * @param partMillisMax longest close of one part, beside the time for running queries; one that hangs is left behind
     * @return whether every part ended in order
     */
    public boolean close(long partMillisMax) {
        return parts.close(partMillisMax);
    }
}
