package io.weir.queryworker.exec;

import io.weir.lake.segment.BlockReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBDriver;

/**
 * One DuckDB in memory with a fixed number of connections, locked against installing, loading and reconfiguring anything.
 * Thread-safe.
 *
 * <p>A query runs on the thread that asks: use platform threads, for native code pins a virtual thread's carrier.
 */
public final class DuckDbPool implements AutoCloseable {
    private final DuckDbSettings settings;
    private final ArrayBlockingQueue<Connection> idle;
    private final Connection root;
    private volatile boolean closed;

    private DuckDbPool(DuckDbSettings settings, Connection root) {
        this.settings = settings;
        this.root = root;
        this.idle = new ArrayBlockingQueue<>(settings.connectionsMax());
    }

    /** Opens the database; the first in a process takes some hundred ms. */
    public static DuckDbPool open(DuckDbSettings settings) {
        try {
            Files.createDirectories(settings.temporaryFolder());
            Properties properties = new Properties();
            properties.setProperty(DuckDBDriver.JDBC_STREAM_RESULTS, "true");
            Connection root = DriverManager.getConnection("jdbc:duckdb:", properties);
            UnpackedLibrary.remove();
            DuckDbPool pool = new DuckDbPool(settings, root);
            try {
                pool.configure();
                return pool;
            } catch (SQLException e) {
                pool.close();
                throw e;
            }
        } catch (IOException | SQLException e) {
            throw new DuckDbException(DuckDbException.Cause.INTERNAL, "cannot open DuckDB: " + e.getMessage(), e);
        }
    }

    private void configure() throws SQLException {
        List<String> statements = List.of(
                // No background threads: a scan runs on its caller's thread, and there are as many as connections.
                "set threads = 1",
                "set memory_limit = '" + settings.memoryBytesMax() + " B'",
                "set temp_directory = '" + settings.temporaryFolder().toString().replace("'", "''") + "'",
                "set max_temp_directory_size = '" + settings.temporaryBytesMax() + " B'",
                "set autoinstall_known_extensions = false",
                "set autoload_known_extensions = false",
                "set global parquet_metadata_cache = true",
                "set lock_configuration = true");
        try (Statement statement = root.createStatement()) {
            for (String text : statements) {
                statement.execute(text);
            }
        }
        for (int i = 0; i < settings.connectionsMax(); i++) {
            idle.add(root.unwrap(DuckDBConnection.class).duplicate());
        }
    }

    /**
     * A reader of a blocks file; it takes a connection for the time of each scan. Fits {@code BlockReaders}.
     *
     * @param segment named in errors
     */
    public BlockReader open(Path blocks, String segment) {
        return new DuckDbBlockReader(this, blocks, segment);
    }

    /**
     * A connection to be given back by {@link #release}.
     *
     * @throws DuckDbException if none becomes free in time or the pool is closed
     */
    Connection acquire() throws InterruptedException {
        Connection connection = closed ? null : idle.poll(settings.acquireTimeoutMillis(), TimeUnit.MILLISECONDS);
        if (connection == null) {
            throw new DuckDbException(
                    DuckDbException.Cause.BUSY,
                    closed
                            ? "DuckDB is closed"
                            : "none of " + settings.connectionsMax() + " DuckDB connections became free in "
                                    + settings.acquireTimeoutMillis() + " ms: run less at a time or raise the limit");
        }
        return connection;
    }

    void release(Connection connection) {
        if (closed || !idle.offer(connection)) {
            closeConnection(connection);
        }
    }

    /** Connections that are not in use. */
    public int idleCount() {
        return idle.size();
    }

    /** Closes idle connections now and busy ones when they come back. */
    @Override
    public void close() {
        closed = true;
        for (Connection connection = idle.poll(); connection != null; connection = idle.poll()) {
            closeConnection(connection);
        }
        closeConnection(root);
    }

    private static void closeConnection(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            throw new DuckDbException(
                    DuckDbException.Cause.INTERNAL, "cannot close a DuckDB connection: " + e.getMessage(), e);
        }
    }
}
