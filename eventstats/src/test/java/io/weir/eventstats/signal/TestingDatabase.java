package io.weir.eventstats.signal;

import com.zaxxer.hikari.HikariDataSource;
import io.weir.eventstats.database.EventStatsSchema;
import io.weir.lake.catalog.CatalogSchema;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.Databases;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A fresh database in an embedded PostgreSQL that the tests of a process share. */
final class TestingDatabase implements AutoCloseable {
    private static final class Shared {
        static final EmbeddedPostgres POSTGRES = start();

        private static EmbeddedPostgres start() {
            try {
                return EmbeddedPostgres.start();
            } catch (IOException e) {
                throw new IllegalStateException("embedded PostgreSQL does not start", e);
            }
        }
    }

    private static final AtomicInteger COUNT = new AtomicInteger();

    private final DatabaseSettings settings;
    private final HikariDataSource dataSource;

    private TestingDatabase(DatabaseSettings settings) {
        this.settings = settings;
        this.dataSource = Databases.open(settings);
    }

    /** A database without any table of ours. */
    static TestingDatabase empty() {
        String name = "signal" + COUNT.incrementAndGet();
        try (Connection connection = Shared.POSTGRES.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("create database " + name);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return open(Shared.POSTGRES.getJdbcUrl("postgres", name));
    }

    /** A database with all tables, the catalog's included. */
    static TestingDatabase migrated() {
        TestingDatabase database = empty();
        CatalogSchema.migrate(database.dataSource());
        EventStatsSchema.migrate(database.dataSource());
        return database;
    }

    /** A database that is there. */
    static TestingDatabase open(String jdbcUrl) {
        return new TestingDatabase(DatabaseSettings.of(jdbcUrl, "postgres", "postgres"));
    }

    DatabaseSettings settings() {
        return settings;
    }

    HikariDataSource dataSource() {
        return dataSource;
    }

    /** A connection of its own, which the caller closes. */
    Connection connection() throws SQLException {
        return DriverManager.getConnection(settings.jdbcUrl(), settings.user(), settings.password());
    }

    void execute(String sql) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** The rows' columns, joined by a bar each. */
    List<String> query(String sql) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return query(connection, sql);
        }
    }

    static List<String> query(Connection connection, String sql) throws SQLException {
        List<String> found = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            int columns = rows.getMetaData().getColumnCount();
            while (rows.next()) {
                StringBuilder row = new StringBuilder();
                for (int i = 1; i <= columns; i++) {
                    row.append(i == 1 ? "" : "|").append(rows.getString(i));
                }
                found.add(row.toString());
            }
        }
        return found;
    }

    @Override
    public void close() {
        dataSource.close();
    }
}
