package io.weir.eventstats;

import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.eventstats.database.EventStatsSchema;
import io.weir.eventstats.feed.QueryFeed;
import io.weir.eventstats.signal.SignalService;
import io.weir.eventstats.signal.http.HeaderTenants;
import io.weir.eventstats.signal.store.PostgresSnapshotStore;
import io.weir.eventstats.signature.SignatureStore;
import io.weir.eventstats.telemetry.TtfsEventStore;
import io.weir.lake.catalog.DatabaseSettings;
import io.weir.lake.catalog.Databases;
import io.weir.proto.shutdown.BoundedClose;
import io.weir.proto.shutdown.ShutdownSettings;
import io.weir.queryapi.spi.QueryListener;
import io.weir.queryapi.spi.RouteContributor;
import java.util.ArrayList;
import java.util.List;

/** Event statistics and first signals of an API process: started before its HTTP server, closed after it. */
public final class EventStats implements AutoCloseable {
    private final BoundedClose running = new BoundedClose();
    private final List<RouteContributor> routes = new ArrayList<>();
    private QueryListener queries = QueryListener.NONE;

    private EventStats() {}

    /**
     * Brings the schema up to date and starts all parts.
     *
     * @param database the catalog's, which holds these tables, too
     */
    public static EventStats start(EventStatsSettings settings, DatabaseSettings database, MeterRegistry registry) {
        try (HikariDataSource migrations = Databases.open(database)) {
            EventStatsSchema.migrate(migrations);
        }
        EventStats started = new EventStats();
        try {
            started.startParts(settings, database, registry);
            return started;
        } catch (RuntimeException e) {
            started.close();
            throw e;
        }
    }

    private void startParts(EventStatsSettings settings, DatabaseSettings database, MeterRegistry registry) {
        if (settings.signal().enabled()) {
            HikariDataSource signalPool =
                    running.add(Databases.open(
                            database.withConnections(settings.signal().connectionsMax())));
            SignalService signals = running.add(SignalService.start(
                    settings.signal(), database, signalPool, new HeaderTenants(), registry));
            routes.add(signals.routes());
        }
        startFeed(settings, database, registry);
    }

    /** What comes of queries is written by one thread, on a connection that no request can take from it. */
    private void startFeed(EventStatsSettings settings, DatabaseSettings database, MeterRegistry registry) {
        boolean signals = settings.signal().enabled();
        boolean history = settings.history().enabled();
        if (!signals && !history) {
            return;
        }
        HikariDataSource pool = running.add(Databases.open(database.withConnections(1), "weir-query-feed"));
        queries = running.add(QueryFeed.start(
                settings.history(),
                signals ? new PostgresSnapshotStore(pool) : null,
                signals ? new TtfsEventStore(pool, registry) : null,
                signals ? new SignatureStore(pool) : null,
                history ? pool : null,
                registry));
    }

    /** Routes for the API's HTTP server. */
    public List<RouteContributor> routes() {
        return List.copyOf(routes);
    }

    /** Is told of the API's queries. */
    public QueryListener queries() {
        return queries;
    }

    @Override
    public void close() {
        running.close(ShutdownSettings.DEFAULT.partMillisMax());
    }
}
