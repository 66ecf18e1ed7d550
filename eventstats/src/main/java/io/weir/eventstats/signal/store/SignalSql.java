package io.weir.eventstats.signal.store;

import io.weir.lake.catalog.CatalogUnavailableException;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/** Runs statements in transactions; what fails says so without the statement's text. */
final class SignalSql {
    @FunctionalInterface
    interface Work<T> {
        T run(Connection connection) throws SQLException;
    }

    private final DataSource dataSource;

    SignalSql(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** One statement, which is its own transaction: no round trips for begin and commit. */
    <T> T single(String what, Work<T> work) {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(true);
            return work.run(connection);
        } catch (SQLException e) {
            throw failed(what, e);
        }
    }

    /** Several statements, all or nothing. */
    <T> T transaction(String what, Work<T> work) {
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
            throw failed(what, e);
        }
    }

    private static void rollback(Connection connection, Exception cause) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    /** The cause is for the log. Its class of states tells a database that is away or busy from a statement that is wrong. */
    private static RuntimeException failed(String what, SQLException cause) {
        String state = cause.getSQLState() == null ? "" : cause.getSQLState();
        boolean defect = state.startsWith("22") || state.startsWith("23") || state.startsWith("42");
        return defect
                ? new IllegalStateException("cannot " + what + ": the database refuses it with state " + state, cause)
                : new CatalogUnavailableException(
                        "cannot " + what + " now: the database of first signals is away or too busy; try again", cause);
    }
}
