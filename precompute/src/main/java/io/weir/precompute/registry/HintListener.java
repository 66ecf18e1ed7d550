package io.weir.precompute.registry;

import io.weir.lake.catalog.DatabaseSettings;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one connection of a process that listens for {@link Hint}s. It is not of the pool, since listening belongs to a session. When it is lost, it is
 * opened again; as hints of the time between are lost, whoever listens is told that anything may have changed.
 */
final class HintListener implements AutoCloseable {
    /** As {@code pg_stat_activity} shows it. */
    static final String APPLICATION_NAME = "weir-precompute-listen";

    private static final Logger LOG = LoggerFactory.getLogger(HintListener.class);
    /** Longest wait before looking whether to stop. */
    private static final int WAIT_MILLIS = 200;

    private static final long BACK_OFF_MILLIS_MIN = 50;
    private static final long CHECK_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final int CHECK_SECONDS_MAX = 2;

    private final DatabaseSettings database;
    private final long reconnectMillisMax;
    private final Consumer<Hint> onHint;
    private final Runnable onFailure;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Thread thread;
    private boolean failing;

    /** @param onHint also gets a {@link Hint.Unknown} after each connect */
    HintListener(DatabaseSettings database, long reconnectMillisMax, Consumer<Hint> onHint, Runnable onFailure) {
        this.database = database;
        this.reconnectMillisMax = reconnectMillisMax;
        this.onHint = onHint;
        this.onFailure = onFailure;
        this.thread = Thread.ofVirtual().name("weir-precompute-listener").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    private void run() {
        long pauseMillis = BACK_OFF_MILLIS_MIN;
        while (stopping.getCount() > 0) {
            long startNanos = System.nanoTime();
            try (Connection connection = open()) {
                listen(connection);
            } catch (SQLException e) {
                onFailure.run();
                if (!failing) {
                    LOG.warn(
                            "no notifications of precompute's jobs and results, which are polled for meanwhile: {}",
                            e.getMessage());
                }
                failing = true;
            } catch (RuntimeException e) {
                onFailure.run();
                LOG.error("no notifications of precompute's jobs and results, by a defect", e);
            }
            // One that held for a while was in order.
            boolean held = System.nanoTime() - startNanos > TimeUnit.MILLISECONDS.toNanos(reconnectMillisMax);
            pauseMillis = Math.min(held ? BACK_OFF_MILLIS_MIN : 2 * pauseMillis, reconnectMillisMax);
            pause(pauseMillis);
        }
    }

    private void pause(long millis) {
        try {
            boolean ignored = stopping.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            stopping.countDown();
        }
    }

    private Connection open() throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", database.user());
        properties.setProperty("password", database.password());
        properties.setProperty("ApplicationName", APPLICATION_NAME);
        properties.setProperty("connectTimeout", seconds(database.connectTimeoutMillis()));
        properties.setProperty("socketTimeout", seconds(database.socketTimeoutMillis()));
        properties.setProperty("tcpKeepAlive", "true");
        return DriverManager.getConnection(database.jdbcUrl(), properties);
    }

    private static String seconds(long millis) {
        return Long.toString(Math.max(1, (millis + 999) / 1000));
    }

    private void listen(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("listen " + Hint.CHANNEL);
        }
        if (failing) {
            LOG.info("notifications of precompute's jobs and results arrive again");
        }
        failing = false;
        onHint.accept(new Hint.Unknown(""));
        PGConnection session = connection.unwrap(PGConnection.class);
        long checkedNanos = System.nanoTime();
        while (stopping.getCount() > 0) {
            PGNotification[] arrived = session.getNotifications(WAIT_MILLIS);
            if (arrived != null) {
                for (PGNotification notification : arrived) {
                    onHint.accept(Hint.read(notification.getParameter()));
                }
            }
            // A peer that vanished without a word would never be missed.
            if (System.nanoTime() - checkedNanos > CHECK_INTERVAL_NANOS) {
                if (!connection.isValid(CHECK_SECONDS_MAX)) {
                    throw new SQLException("the connection does not answer any more");
                }
                checkedNanos = System.nanoTime();
            }
        }
    }

    @Override
    public void close() throws InterruptedException {
        stopping.countDown();
        thread.join();
    }
}
