package io.weir.precompute.registry;

import io.weir.lake.catalog.CatalogUnavailableException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Objects;
import javax.sql.DataSource;

/** Runs statements in transactions. No message holds text of a statement or of the server. */
final class RegistryDatabase {
    /** Some statements on one connection. */
    @FunctionalInterface
    interface Work<T> {
        T run(Connection connection) throws SQLException;
    }

    private final DataSource dataSource;

    RegistryDatabase(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /**
     * Several statements, all or nothing.
     *
     * @param what is done, as it reads after "cannot"
     * @throws CatalogUnavailableException if the database cannot be reached or is too slow
     */
    <T> T run(String what, Work<T> work) {
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
            String state = Objects.requireNonNullElse(e.getSQLState(), "");
            if (state.startsWith("22") || state.startsWith("23")) {
                throw new IllegalStateException(
                        "cannot " + what + ": the database refuses a value, SQLSTATE " + state, e);
            }
            throw new CatalogUnavailableException(
                    "cannot " + what + ": the registry's database cannot be reached or is too slow; try again", e);
        }
    }

    private static void rollback(Connection connection, Exception cause) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }
}
