package io.weir.lake.database;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Objects;
import javax.sql.DataSource;

/**
 * Runs statements on connections of a pool and tells failures apart: a database that cannot be reached or is too slow is a {@link
 * DatabaseUnavailableException}, a value that it refuses is a defect of whoever checked it. No message holds text of a statement or of the server.
 */
public final class Transactions {
    /** Some statements on one connection. */
    @FunctionalInterface
    public interface Work<T> {
        T run(Connection connection) throws SQLException;
    }

    private final DataSource dataSource;

    public Transactions(DataSource dataSource) {
        this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
    }

    /**
     * One statement, which is its own transaction.
     *
     * @param what is done, as it reads after "cannot"
     * @throws DatabaseUnavailableException if the database cannot be reached or is too slow
     */
    public <T> T single(String what, Work<T> work) {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(true);
            return work.run(connection);
        } catch (SQLException e) {
            throw failure(what, e);
        }
    }

    /**
     * Several statements, all or nothing.
     *
     * @param what is done, as it reads after "cannot"
     * @throws DatabaseUnavailableException if the database cannot be reached or is too slow
     */
    public <T> T all(String what, Work<T> work) {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                T result = work.run(connection);
                connection.commit();
                return result;
            } catch (SQLException | RuntimeException e) {
                rollback(connection, e);
                throw e;
            }
        } catch (SQLException e) {
            throw failure(what, e);
        }
    }

    private static void rollback(Connection connection, Exception cause) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    /** What a failed statement means to the caller. */
    public static RuntimeException failure(String what, SQLException cause) {
        String state = Objects.requireNonNullElse(cause.getSQLState(), "");
        if (state.startsWith("22") || state.startsWith("23")) {
            return new IllegalStateException(
                    "cannot " + what + ": the database refuses a value, SQLSTATE " + state, cause);
        }
        return new DatabaseUnavailableException(
                "cannot " + what + ": the database cannot be reached or is too slow; try again", cause);
    }
}
