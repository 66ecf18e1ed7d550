package io.weir.eventstats.telemetry;

import io.javalin.config.JavalinConfig;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.weir.eventstats.auth.AccessList;
import io.weir.eventstats.auth.Authenticator;
import io.weir.eventstats.auth.TenantResolver;
import io.weir.eventstats.retention.Retention;
import io.weir.eventstats.retention.RetentionRoutes;
import io.weir.eventstats.retention.RetentionSchedule;
import io.weir.eventstats.schedule.Periodic;
import io.weir.eventstats.signature.SignatureLearning;
import io.weir.eventstats.signature.SignatureRoutes;
import io.weir.eventstats.signature.SignatureStore;
import io.weir.lake.database.DatabaseSettings;
import io.weir.proto.shutdown.BoundedClose;
import io.weir.proto.shutdown.ShutdownSettings;
import io.weir.queryapi.spi.RouteContributor;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** Events of time to first signal, their summaries, failure signatures and retention: the routes of an API process, and its two jobs. */
public final class TelemetryService implements AutoCloseable {
    private final TtfsEventStore events;
    private final SignatureStore signatures;
    private final SignatureLearning learning;
    private final List<RouteContributor> routes;
    private final BoundedClose running = new BoundedClose();

    /**
     * What tells who asks.
     *
     * @param tenants of every route
     * @param authenticator of the route that runs the retention
     * @param access of the same
     */
    public record Access(TenantResolver tenants, Authenticator authenticator, AccessList access) {}

    private TelemetryService(
            TelemetrySettings settings,
            DataSource pool,
            DatabaseSettings database,
            Retention.EmptyRuns emptyRuns,
            Access access,
            MeterRegistry registry,
            Clock clock) {
        events = new TtfsEventStore(pool, registry);
        signatures = new SignatureStore(pool, settings.signature());
        learning = new SignatureLearning(pool, settings.signature(), registry);
        RetentionSchedule schedule = running.add(RetentionSchedule.start(
                settings.retention(),
                new Retention(settings.retention(), connections(database), emptyRuns, registry, clock),
                clock));
        running.add(rollUp(new Rollups(pool, settings.rollup().batchRows()), settings.rollup(), registry));
        TenantResolver tenants = access.tenants();
        TtfsEventRoutes eventRoutes = new TtfsEventRoutes(settings, tenants, events, clock);
        SummaryRoutes summaryRoutes = new SummaryRoutes(settings, tenants, new SummaryStore(pool), clock);
        SignatureRoutes signatureRoutes = new SignatureRoutes(tenants, signatures, settings.requestBytesMax());
        RetentionRoutes retentionRoutes = new RetentionRoutes(
                settings.retention(), schedule, pool, tenants, access.authenticator(), access.access());
        routes = List.of((JavalinConfig config) -> {
            eventRoutes.contribute(config.routes);
            summaryRoutes.contribute(config.routes);
            signatureRoutes.contribute(config.routes);
            retentionRoutes.contribute(config.routes);
        });
    }

    /**
     * Starts; the schema must be up to date.
     *
     * @param pool of first signals; the caller closes it after this
     * @param database the same, for the connection of the retention
     * @param emptyRuns removes runs without signals
     */
    public static TelemetryService start(
            TelemetrySettings settings,
            DataSource pool,
            DatabaseSettings database,
            Retention.EmptyRuns emptyRuns,
            Access access,
            MeterRegistry registry,
            Clock clock) {
        return new TelemetryService(settings, pool, database, emptyRuns, access, registry, clock);
    }

    /** Opens a connection at a time, none of the pool: the retention holds its own for long. */
    private static DataSource connections(DatabaseSettings database) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setURL(database.jdbcUrl());
        source.setUser(database.user());
        source.setPassword(database.password());
        source.setConnectTimeout(seconds(database.connectTimeoutMillis()));
        // Longer than the longest statement of the retention, so that the server ends it and not the socket.
        source.setSocketTimeout(Math.max(60, seconds(database.socketTimeoutMillis())));
        source.setApplicationName("weir-retention");
        return source;
    }

    private static int seconds(long millis) {
        return (int) Math.max(1, TimeUnit.MILLISECONDS.toSeconds(millis + 999));
    }

    private static Periodic rollUp(Rollups rollups, RollupSettings settings, MeterRegistry registry) {
        Timer batches = Timer.builder("weir.ttfs.rollup")
                .description("Transactions that move sums of events of time to first signal into hours and days")
                .publishPercentileHistogram()
                .register(registry);
        Counter failures = Counter.builder("weir.ttfs.rollup.failures")
                .description(
                        "Such transactions that failed; their sums are moved later, and summaries have them anyway")
                .register(registry);
        return Periodic.start("ttfs-rollup", settings.intervalMillis(), settings.intervalMillis(), () -> {
            try {
                boolean more = true;
                while (more && !Thread.currentThread().isInterrupted()) {
                    more = Boolean.TRUE.equals(batches.record(rollups::move));
                }
            } catch (RuntimeException e) {
                failures.increment();
                throw e;
            }
        });
    }

    /** Routes for the API's HTTP server. */
    public List<RouteContributor> routes() {
        return routes;
    }

    /** Where events go. */
    public TtfsEventStore events() {
        return events;
    }

    /** Where failures are matched. */
    public SignatureStore signatures() {
        return signatures;
    }

    /** Where failures are learned from. */
    public SignatureLearning learning() {
        return learning;
    }

    /** Ends the jobs. */
    @Override
    public void close() {
        running.close(ShutdownSettings.DEFAULT.partMillisMax());
    }
}
