package io.weir.eventstats;

import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.eventstats.auth.AuthService;
import io.weir.eventstats.database.EventStatsSchema;
import io.weir.eventstats.feed.QueryFeed;
import io.weir.eventstats.retention.RetentionRoutes;
import io.weir.eventstats.signal.SignalService;
import io.weir.eventstats.signal.store.PostgresSnapshotStore;
import io.weir.eventstats.signature.SignatureLearning;
import io.weir.eventstats.signature.SignatureStore;
import io.weir.eventstats.stats.StatsService;
import io.weir.eventstats.stats.topic.Topics;
import io.weir.eventstats.telemetry.TelemetryService;
import io.weir.eventstats.telemetry.TtfsEventStore;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.Databases;
import io.weir.proto.shutdown.BoundedClose;
import io.weir.proto.shutdown.ShutdownSettings;
import io.weir.queryapi.spi.QueryListener;
import io.weir.queryapi.spi.RouteContributor;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javax.sql.DataSource;

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
        EventStats started = new EventStats();
        try (HikariDataSource administration = Databases.open(database)) {
            EventStatsSchema.migrate(administration);
            started.startParts(settings, administration, database, registry);
            return started;
        } catch (RuntimeException e) {
            started.close();
            throw e;
        }
    }

    /** @param administration for the start only */
    private void startParts(
            EventStatsSettings settings, DataSource administration, DatabaseSettings database, MeterRegistry registry) {
        AuthService auth = running.add(AuthService.start(settings.auth(), fieldsByTopic(), registry));
        if (settings.stats().enabled()) {
            StatsService stats = running.add(StatsService.start(
                    new StatsService.Parts(
                            settings.stats(), administration, database, auth.authenticator(), auth.accessList()),
                    registry,
                    Clock.systemUTC()));
            routes.add(stats.routes());
        }
        if (settings.signal().enabled()) {
            startSignals(settings, database, auth, registry);
        }
        startFeed(settings, database, registry);
    }

    private void startSignals(
            EventStatsSettings settings, DatabaseSettings database, AuthService auth, MeterRegistry registry) {
        HikariDataSource pool = running.add(
                Databases.open(database.withConnections(settings.signal().connectionsMax()), "weir-first-signal"));
        SignalService signals =
                running.add(SignalService.start(settings.signal(), database, pool, auth.tenants(), registry));
        routes.add(signals.routes());
        TelemetryService telemetry = running.add(TelemetryService.start(
                settings.telemetry(),
                pool,
                database,
                signals.store()::removeEmptyRuns,
                new TelemetryService.Access(auth.tenants(), auth.authenticator(), auth.accessList()),
                registry,
                Clock.systemUTC()));
        routes.addAll(telemetry.routes());
    }

    /** What the access list's filters may name, by topic. */
    private static Map<String, Set<String>> fieldsByTopic() {
        Map<String, Set<String>> fields = new TreeMap<>(Topics.fieldsByTopic());
        fields.put(RetentionRoutes.ADMIN_TOPIC, Set.of());
        return fields;
    }

    /** What comes of queries is written by one thread, on a connection that no request can take from it. */
    private void startFeed(EventStatsSettings settings, DatabaseSettings database, MeterRegistry registry) {
        boolean signals = settings.signal().enabled();
        boolean history = settings.history().enabled();
        if (!signals && !history) {
            return;
        }
        HikariDataSource pool = running.add(Databases.open(database.withConnections(1), "weir-query-feed"));
        QueryFeed.Signals stores = new QueryFeed.Signals(
                new PostgresSnapshotStore(pool),
                new TtfsEventStore(pool, registry),
                new SignatureStore(pool),
                new SignatureLearning(pool, settings.telemetry().signature(), registry));
        queries = running.add(
                QueryFeed.start(settings.history(), signals ? stores : null, history ? pool : null, registry));
    }

    /** Topics that an access list may name: what can be read, and the administration. */
    public static Set<String> topics() {
        return fieldsByTopic().keySet();
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
