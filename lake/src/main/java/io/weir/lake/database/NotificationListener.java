package io.weir.lake.database;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one connection of a process that listens on a channel of PostgreSQL's notifications. It is not of a pool, since listening belongs to a
 * session. When it is lost, it is opened again, without end and with bounded pauses; what was notified between is lost.
 */
public final class NotificationListener implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NotificationListener.class);
    /** Longest wait before looking whether to stop. */
    private static final int WAIT_MILLIS = 200;

    private static final long BACK_OFF_MILLIS_MIN = 50;
    private static final int CHECK_SECONDS_MAX = 2;

    /**
     * What to listen to.
     *
     * @param channel an SQL identifier
     * @param applicationName as {@code pg_stat_activity} shows the connection
     * @param subject what the notifications are of, for the log
     * @param reconnectMillisMax longest pause before the next try to connect
     * @param checkIntervalMillis how often a silent connection is tried out
     */
    public record Subscription(
            String channel,
            String applicationName,
            String subject,
            long reconnectMillisMax,
            long checkIntervalMillis) {}

    /** Who is told. Called by one thread. */
    public interface Handler {
        void notified(String payload);

        /** It listens from now on; what came before may have been missed. */
        void connected();

        /** The connection was lost or could not be opened; it is tried again. */
        void disconnected();
    }

    private final DatabaseSettings database;
    private final Subscription subscription;
    private final Handler handler;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Thread thread;
    private boolean failing;

    public NotificationListener(DatabaseSettings database, Subscription subscription, Handler handler) {
        this.database = database;
        this.subscription = subscription;
        this.handler = handler;
        this.thread = Thread.ofVirtual().name(subscription.applicationName()).unstarted(this::run);
    }

    public void start() {
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
                if (!failing) {
                    LOG.warn("no notifications of {}: {}; connecting again", subscription.subject(), e.getMessage());
                }
                failed();
            } catch (RuntimeException e) {
                LOG.error("no notifications of {}, by a defect; connecting again", subscription.subject(), e);
                failed();
            }
            // One that held for a while was in order.
            long reconnectMillisMax = subscription.reconnectMillisMax();
            boolean held = System.nanoTime() - startNanos > TimeUnit.MILLISECONDS.toNanos(reconnectMillisMax);
            pauseMillis = Math.min(held ? BACK_OFF_MILLIS_MIN : 2 * pauseMillis, reconnectMillisMax);
            pause(pauseMillis);
        }
    }

    private void failed() {
        failing = true;
        handler.disconnected();
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
        properties.setProperty("ApplicationName", subscription.applicationName());
        properties.setProperty("connectTimeout", Databases.seconds(database.connectTimeoutMillis()));
        properties.setProperty("socketTimeout", Databases.seconds(database.socketTimeoutMillis()));
        properties.setProperty("tcpKeepAlive", "true");
        return DriverManager.getConnection(database.jdbcUrl(), properties);
    }

    private void listen(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("listen " + subscription.channel());
        }
        if (failing) {
            LOG.info("notifications of {} arrive again", subscription.subject());
        }
        failing = false;
        handler.connected();
        PGConnection session = connection.unwrap(PGConnection.class);
        long checkIntervalNanos = TimeUnit.MILLISECONDS.toNanos(subscription.checkIntervalMillis());
        long checkedNanos = System.nanoTime();
        while (!isStopping()) {
            PGNotification[] arrived = session.getNotifications(WAIT_MILLIS);
            if (arrived != null) {
                for (PGNotification notification : arrived) {
                    handler.notified(notification.getParameter());
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
