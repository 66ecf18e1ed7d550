package io.weir.eventstats.stats;

import io.micrometer.core.instrument.MeterRegistry;
import io.weir.eventstats.auth.AccessList;
import io.weir.eventstats.auth.Authenticator;
import io.weir.eventstats.stats.http.HealthRoute;
import io.weir.eventstats.stats.http.StatsExchange;
import io.weir.eventstats.stats.http.StatsRoutes;
import io.weir.eventstats.stats.paging.RawPages;
import io.weir.eventstats.stats.query.QueryRunner;
import io.weir.eventstats.stats.read.DatabaseHealth;
import io.weir.eventstats.stats.read.ReaderRole;
import io.weir.eventstats.stats.read.StatsReader;
import io.weir.eventstats.stats.registry.QueryCheck;
import io.weir.eventstats.stats.registry.QueryRegistry;
import io.weir.eventstats.stats.registry.StatsQuery;
import io.weir.eventstats.stats.topic.Topics;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.queryapi.spi.RouteContributor;
import java.sql.SQLException;
import java.time.Clock;
import java.util.UUID;
import javax.sql.DataSource;

/** Raw rows and named statistics of topics, over HTTP. */
public final class StatsService implements AutoCloseable {
    private final StatsReader reader;
    private final DatabaseHealth health;
    private final StatsRoutes routes;

    private StatsService(StatsReader reader, DatabaseHealth health, StatsRoutes routes) {
        this.reader = reader;
        this.health = health;
        this.routes = routes;
    }

    /**
     * What statistics are started with.
     *
     * @param administration the database as the user whose tables they are; used during the start only
     * @param database the same database, for the pool that reads
     */
    public record Parts(
            StatsSettings settings,
            DataSource administration,
            DatabaseSettings database,
            Authenticator authenticator,
            AccessList accessList) {}

    /**
     * Reads and checks the named queries, and opens the pool. The schema is up to date.
     *
     * @throws io.weir.eventstats.stats.registry.QueryFileException if the file of a query cannot be used
     * @throws ReaderRole.MissingRightException if the database's user may not set up the role that reads
     * @throws DatabaseUnavailableException if the database cannot be reached
     */
    public static StatsService start(Parts parts, MeterRegistry registry, Clock clock) {
        StatsSettings settings = parts.settings();
        try {
            Topics topics = Topics.of(ReaderRole.isUnique(parts.administration(), Topics.RUNS_TABLE, "event_id"));
            if (settings.dbUser().isEmpty()) {
                ReaderRole.ensure(parts.administration(), topics.tables());
            }
            QueryRegistry queries = QueryRegistry.load(topics, settings.queriesDir(), settings.statementMillisMax());
            for (StatsQuery query : queries.all()) {
                QueryCheck.check(
                        parts.administration(),
                        query,
                        topics.find(query.topic()).orElseThrow().rows().orElseThrow());
            }
            return start(parts, registry, clock, topics, queries);
        } catch (SQLException e) {
            throw new DatabaseUnavailableException("cannot start statistics: " + e.getMessage(), e);
        }
    }

    private static StatsService start(
            Parts parts, MeterRegistry registry, Clock clock, Topics topics, QueryRegistry queries) {
        StatsSettings settings = parts.settings();
        StatsMetrics metrics = new StatsMetrics(registry, StatsRoutes.NAMES);
        queries.all().forEach(query -> metrics.query(query.name()));
        StatsReader reader = StatsReader.open(settings, parts.database(), metrics);
        try {
            reader.requireRights(topics.tables());
            DatabaseHealth health = new DatabaseHealth(reader, settings.healthMillisMax());
            StatsRoutes routes = new StatsRoutes(
                    new StatsRoutes.Parts(
                            parts.authenticator(),
                            parts.accessList(),
                            topics,
                            queries,
                            new RawPages(reader, settings),
                            new QueryRunner(reader, settings, metrics, clock),
                            new HealthRoute(health, clock),
                            clock,
                            settings.requestBytesMax()),
                    new StatsExchange(metrics, () -> UUID.randomUUID().toString()));
            return new StatsService(reader, health, routes);
        } catch (RuntimeException e) {
            reader.close();
            throw e;
        }
    }

    /** The routes under /stats, and /health. */
    public RouteContributor routes() {
        return routes;
    }

    @Override
    public void close() {
        health.close();
        reader.close();
    }
}
