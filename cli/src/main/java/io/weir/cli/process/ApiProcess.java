package io.weir.cli.process;

import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.lake.catalog.DatabaseSettings;
import io.weir.lake.catalog.Databases;
import io.weir.lake.catalog.PostgresCatalog;
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
import java.util.List;

/** An API: catalog, control streams and HTTP server, started and stopped together. */
public final class ApiProcess implements AutoCloseable {
    private final BoundedClose parts = new BoundedClose();
    private final GrpcWorkManager workManager;
    private final ApiServer server;

    /** @param queriesMillisMax time that running queries get to end */
    private ApiProcess(
            HikariDataSource database, GrpcWorkManager workManager, ApiServer server, long queriesMillisMax) {
        parts.add(database);
        this.workManager = parts.add(workManager);
        this.server = parts.add(server, queriesMillisMax);
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
            WorkerDiscovery discovery) {}

    public static ApiProcess start(
            Parts parts, MeterRegistry registry, Tracing tracing, List<RouteContributor> extraRoutes) {
        HikariDataSource database = Databases.open(parts.database());
        try {
            Databases.migrate(database);
            GrpcWorkManager workManager = GrpcWorkManager.start(
                    parts.workManager(), parts.discovery(), new ArtifactFetcher(parts.fetch(), registry), registry);
            try {
                ApiServer server = ApiServer.start(
                        parts.api(), new PostgresCatalog(database), workManager, registry, tracing, extraRoutes);
                return new ApiProcess(database, workManager, server, parts.api().shutdownMillisMax());
            } catch (RuntimeException e) {
                workManager.close();
                throw e;
            }
        } catch (RuntimeException e) {
            database.close();
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
