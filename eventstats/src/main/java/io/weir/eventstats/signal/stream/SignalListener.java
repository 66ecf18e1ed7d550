package io.weir.eventstats.signal.stream;

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
 * The one connection of a process that listens for changed signals. It is not of the pool, since listening belongs to a session. When it is lost, it is
 * opened again; as notifications of the time between are lost, whoever listens is told that anything may have changed.
 */
final class SignalListener implements AutoCloseable {
    /** As {@code pg_stat_activity} shows it. */
    static final String APPLICATION_NAME = "weir-signal-listen";

    private static final Logger LOG = LoggerFactory.getLogger(SignalListener.class);
    /** Longest wait before looking whether to stop. */
    private static final int POLL_MILLIS = 200;

    private static final long BACK_OFF_MILLIS_MIN = 50;
    private static final int CHECK_SECONDS_MAX = 2;

    private final DatabaseSettings database;
    private final long reconnectMillisMax;
    private final long checkIntervalNanos;
    private final Consumer<String> onHint;
    private final Runnable onAnything;
    private final SignalMetrics metrics;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Thread thread;

    /**
     * @param onHint takes the text of a notification
     * @param onAnything called when notifications may have been lost: after each connect, and as long as there is none
     */
    SignalListener(
            DatabaseSettings database,
            long reconnectMillisMax,
            long checkIntervalMillis,
            Consumer<String> onHint,
            Runnable onAnything,
            SignalMetrics metrics) {
        this.database = database;
        this.reconnectMillisMax = reconnectMillisMax;
        this.checkIntervalNanos = TimeUnit.MILLISECONDS.toNanos(checkIntervalMillis);
        this.onHint = onHint;
        this.onAnything = onAnything;
        this.metrics = metrics;
        this.thread =
                Thread.ofPlatform().name("weir-signal-listener").daemon(true).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    private boolean isStopping() {
        return stopping.getCount() == 0;
    }

    private void run() {
        long pauseMillis = BACK_OFF_MILLIS_MIN;
        while (!isStopping()) {
            long startNanos = System.nanoTime();
            try (Connection connection = open()) {
                listen(connection);
            } catch (SQLException e) {
                metrics.listenFailure();
                LOG.warn("no notifications of changed signals: {}; connecting again", e.getMessage());
            } catch (RuntimeException e) {
                metrics.listenFailure();
                LOG.error("no notifications of changed signals, by a defect; connecting again", e);
            }
            // One that held for a while was in order.
            boolean held = System.nanoTime() - startNanos > TimeUnit.MILLISECONDS.toNanos(reconnectMillisMax);
            pauseMillis = held ? BACK_OFF_MILLIS_MIN : Math.min(2 * pauseMillis, reconnectMillisMax);
            onAnything.run();
            pause(Math.min(pauseMillis, reconnectMillisMax));
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
            statement.execute("listen ttfs_signal_update");
        }
        onAnything.run();
        PGConnection session = connection.unwrap(PGConnection.class);
        long checkedNanos = System.nanoTime();
        while (!isStopping()) {
            PGNotification[] arrived = session.getNotifications(POLL_MILLIS);
            if (arrived != null && arrived.length > 0) {
                metrics.notifications(arrived.length);
                for (PGNotification notification : arrived) {
                    onHint.accept(notification.getParameter());
                }
            }
            // A peer that vanished without a word would never be missed.
            if (System.nanoTime() - checkedNanos > checkIntervalNanos) {
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
