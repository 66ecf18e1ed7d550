package io.weir.eventstats.stats.read;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import io.weir.eventstats.stats.StatsMetrics;
import io.weir.eventstats.stats.StatsSettings;
import io.weir.eventstats.stats.read.StatsDatabaseException.Reason;
import io.weir.lake.database.DatabaseSettings;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.ToIntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads from the database, and only reads: a bounded pool of its own, as a role that may SELECT from the topics' tables and nothing else, in read
 * only transactions, each with a time limit that the server keeps. Thread-safe.
 */
public final class StatsReader implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StatsReader.class);

    /** Beyond the server's own limit of a statement, the time that its answer may take to come. */
    private static final long ANSWER_MILLIS_MAX = 3_000;

    private static final long START_MILLIS_MAX = 5_000;

    private static final int TRIES_MAX = 2;

    private final HikariDataSource pool;
    private final Semaphore places;
    private final StatsMetrics metrics;

    private StatsReader(HikariDataSource pool, int places, StatsMetrics metrics) {
        this.pool = pool;
        this.places = new Semaphore(places);
        this.metrics = metrics;
        metrics.connections("active", () -> count(HikariPoolMXBean::getActiveConnections));
        metrics.connections("idle", () -> count(HikariPoolMXBean::getIdleConnections));
        metrics.waiting(() -> count(HikariPoolMXBean::getThreadsAwaitingConnection));
    }

    /**
     * Opens the pool; it connects when it is needed.
     *
     * @param catalog the database, and its user unless there is one for reading
     */
    public static StatsReader open(StatsSettings settings, DatabaseSettings catalog, StatsMetrics metrics) {
        HikariConfig config = new HikariConfig();
        config.setPoolName("weir-stats");
        config.setJdbcUrl(catalog.jdbcUrl());
        boolean own = !settings.dbUser().isEmpty();
        config.setUsername(own ? settings.dbUser() : catalog.user());
        config.setPassword(own ? settings.dbPassword() : catalog.password());
        if (!own) {
            config.setConnectionInitSql("SET ROLE " + ReaderRole.NAME);
        }
        config.setMaximumPoolSize(settings.connectionsMax());
        config.setMinimumIdle(1);
        config.setConnectionTimeout(settings.acquireMillisMax());
        config.setValidationTimeout(Math.min(settings.acquireMillisMax(), 1_000));
        config.setInitializationFailTimeout(-1);
        config.setAutoCommit(false);
        config.setReadOnly(true);
        config.addDataSourceProperty("connectTimeout", seconds(settings.acquireMillisMax()));
        config.addDataSourceProperty("socketTimeout", seconds(settings.statementMillisMax() + ANSWER_MILLIS_MAX));
        config.addDataSourceProperty("ApplicationName", "weir-stats");
        // A plan for the values at hand: with a plan for any values, a filter that is not asked for would still be in
        // it.
        config.addDataSourceProperty("prepareThreshold", "0");
        config.addDataSourceProperty(
                "options",
                "-c default_transaction_read_only=on -c jit=off -c statement_timeout=" + settings.statementMillisMax());
        return new StatsReader(
                new HikariDataSource(config), settings.connectionsMax() + settings.waitingMax(), metrics);
    }

    /**
     * Asks whether the tables can be read as whom the pool reads.
     *
     * @throws ReaderRole.MissingRightException if not
     * @throws StatsDatabaseException if the database does not answer
     */
    public void requireRights(List<String> tables) {
        for (String table : tables) {
            boolean readable = read(
                    START_MILLIS_MAX,
                    connection -> ReaderRole.holds(
                            connection, "SELECT has_table_privilege(current_user, ?, 'SELECT')", table));
            if (!readable) {
                throw new ReaderRole.MissingRightException("the user of statistics (stats-db-user) may not read "
                        + table
                        + ". Run as its owner: GRANT SELECT ON " + table + " TO that user, or GRANT " + ReaderRole.NAME
                        + " to it where that role is set up");
            }
        }
    }

    private static String seconds(long millis) {
        return Long.toString(Math.max(1, (millis + 999) / 1000));
    }

    /** What is read on a connection; it may be tried again on another one. */
    @FunctionalInterface
    public interface Work<T> {
        T run(Connection connection) throws SQLException;
    }

    /**
     * Reads in one transaction. A connection that turns out to be dead is replaced once.
     *
     * @param statementMillis longest run of a statement
     * @throws StatsDatabaseException if the database does not answer, or not in time
     */
    public <T> T read(long statementMillis, Work<T> work) {
        if (!places.tryAcquire()) {
            metrics.refused("waiting");
            throw new StatsDatabaseException(
                    Reason.BUSY, "Too many requests wait for the database (stats-waiting-max); try again.");
        }
        try {
            for (int tries = 1; ; tries++) {
                try {
                    return once(statementMillis, work);
                } catch (SQLException e) {
                    if (tries >= TRIES_MAX || !isConnectionLost(e)) {
                        throw failure(e);
                    }
                    LOG.debug("a connection of statistics was dead, a new one is made: {}", e.toString());
                    // What ended one has ended the others, too.
                    pool.getHikariPoolMXBean().softEvictConnections();
                }
            }
        } finally {
            places.release();
        }
    }

    private <T> T once(long statementMillis, Work<T> work) throws SQLException {
        try (Connection connection = connection()) {
            connection.setNetworkTimeout(
                    Runnable::run, (int) Math.min(Integer.MAX_VALUE, statementMillis + ANSWER_MILLIS_MAX));
            // Times inside JSON are text of the session's zone.
            try (PreparedStatement limit = connection.prepareStatement(
                    "SELECT set_config('statement_timeout', ?, true), set_config('timezone', 'UTC', true)")) {
                limit.setString(1, Long.toString(statementMillis));
                limit.execute();
            }
            T result = work.run(connection);
            connection.rollback();
            return result;
        }
    }

    private Connection connection() {
        long started = System.nanoTime();
        try {
            return pool.getConnection();
        } catch (SQLException e) {
            boolean full = count(HikariPoolMXBean::getActiveConnections) >= pool.getMaximumPoolSize();
            metrics.refused(full ? "acquire" : "down");
            if (!full) {
                LOG.warn("statistics cannot reach the database: {}", String.valueOf(e.getCause()));
            }
            throw full
                    ? new StatsDatabaseException(
                            Reason.BUSY,
                            "No free connection to the database in time (stats-connections-max); try again.",
                            e)
                    : new StatsDatabaseException(Reason.DOWN, "The database cannot be reached; try again.", e);
        } finally {
            metrics.waited(System.nanoTime() - started, TimeUnit.NANOSECONDS);
        }
    }

    private static StatsDatabaseException failure(SQLException e) {
        if ("57014".equals(e.getSQLState())) {
            return new StatsDatabaseException(Reason.TIMEOUT, "The query took too long; ask for a narrower window.", e);
        }
        if (isConnectionLost(e)) {
            LOG.warn("statistics lost the database: {}", e.toString());
            return new StatsDatabaseException(Reason.DOWN, "The database cannot be reached; try again.", e);
        }
        if (isExhausted(e)) {
            LOG.warn("the database lacks resources for a read of statistics: {}", e.toString());
            return new StatsDatabaseException(
                    Reason.EXHAUSTED,
                    "The database has no disk or memory left for this query; ask for a narrower window or try again.",
                    e);
        }
        LOG.error("the database refuses a read of statistics", e);
        return new StatsDatabaseException(Reason.FAILED, "Stats query failed.", e);
    }

    /** Class 08, the server's stop (57P01 to 57P03) and no connections left there (53300). */
    private static boolean isConnectionLost(SQLException e) {
        String state = e.getSQLState();
        return state != null
                && (state.startsWith("08")
                        || List.of("57P01", "57P02", "57P03", "53300").contains(state));
    }

    /** Class 53: disk full, out of memory, a limit of temporary files. */
    private static boolean isExhausted(SQLException e) {
        String state = e.getSQLState();
        return state != null && state.startsWith("53");
    }

    private int count(ToIntFunction<HikariPoolMXBean> number) {
        HikariPoolMXBean bean = pool.getHikariPoolMXBean();
        return bean == null ? 0 : number.applyAsInt(bean);
    }

    @Override
    public void close() {
        pool.close();
    }
}
