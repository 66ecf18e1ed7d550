package io.weir.eventstats.feed;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** A data source that fails, or hangs, when a test wants it to. */
final class TestingDataSource implements DataSource {
    private final DataSource real;
    private final Set<String> threads = ConcurrentHashMap.newKeySet();
    private volatile boolean failing;
    private volatile @Nullable CountDownLatch gate;

    TestingDataSource(DataSource real) {
        this.real = real;
    }

    /** The threads that asked for a connection. */
    Set<String> threads() {
        return Set.copyOf(threads);
    }

    void setFailing(boolean failing) {
        this.failing = failing;
    }

    /** Nobody gets a connection until it opens. */
    void setGate(@Nullable CountDownLatch gate) {
        this.gate = gate;
    }

    @Override
    public Connection getConnection() throws SQLException {
        threads.add(Thread.currentThread().getName());
        CountDownLatch closed = gate;
        if (closed != null) {
            try {
                closed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new SQLException("interrupted", "08006", e);
            }
        }
        if (failing) {
            throw new SQLException("the database is gone", "08006");
        }
        return real.getConnection();
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        return getConnection();
    }

    @Override
    public @Nullable PrintWriter getLogWriter() throws SQLException {
        return real.getLogWriter();
    }

    @Override
    public void setLogWriter(@Nullable PrintWriter out) throws SQLException {
        real.setLogWriter(out);
    }

    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        real.setLoginTimeout(seconds);
    }

    @Override
    public int getLoginTimeout() throws SQLException {
        return real.getLoginTimeout();
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        return real.getParentLogger();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return real.unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return real.isWrapperFor(type);
    }
}
