package io.weir.eventstats.signal;

import io.micrometer.core.instrument.MeterRegistry;
import io.weir.eventstats.auth.TenantResolver;
import io.weir.eventstats.signal.http.SignalRoutes;
import io.weir.eventstats.signal.store.PostgresSnapshotStore;
import io.weir.eventstats.signal.stream.SignalHub;
import io.weir.eventstats.signal.stream.SignalMetrics;
import io.weir.lake.database.DatabaseSettings;
import io.weir.queryapi.spi.RouteContributor;
import javax.sql.DataSource;

/** First signals of an API process: their store, who watches them, and their routes. */
public final class SignalService implements AutoCloseable {
    private final SnapshotStore store;
    private final SignalHub hub;
    private final RouteContributor routes;

    private SignalService(SnapshotStore store, SignalHub hub, RouteContributor routes) {
        this.store = store;
        this.hub = hub;
        this.routes = routes;
    }

    /**
     * Starts them; the tables are there.
     *
     * @param database for the connection that listens, one of this process' own
     * @param pool for everything else; the caller closes it afterwards
     */
    public static SignalService start(
            SignalSettings settings,
            DatabaseSettings database,
            DataSource pool,
            TenantResolver tenants,
            MeterRegistry registry) {
        SnapshotStore store = new PostgresSnapshotStore(pool);
        SignalMetrics metrics = new SignalMetrics(registry);
        SignalHub hub = SignalHub.start(settings, database, store, metrics);
        return new SignalService(store, hub, new SignalRoutes(settings, store, hub, tenants, metrics));
    }

    /** For who writes signals. */
    public SnapshotStore store() {
        return store;
    }

    /** Routes for the API's HTTP server. */
    public RouteContributor routes() {
        return routes;
    }

    @Override
    public void close() throws InterruptedException {
        hub.close();
    }
}
