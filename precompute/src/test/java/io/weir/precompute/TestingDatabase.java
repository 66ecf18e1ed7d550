package io.weir.precompute;

import com.zaxxer.hikari.HikariDataSource;
import io.weir.lake.catalog.CatalogSchema;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.Databases;
import io.weir.precompute.registry.PrecomputeSchema;
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

/** A fresh database with all tables in an embedded PostgreSQL that the tests of a process share, reached through a proxy that can fail. */
public final class TestingDatabase implements AutoCloseable {
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

    private final String directUrl;
    private final TestingTcpProxy proxy;
    private final DatabaseSettings settings;

    private TestingDatabase(String name) throws IOException {
        directUrl = Shared.POSTGRES.getJdbcUrl("postgres", name);
        proxy = new TestingTcpProxy(Shared.POSTGRES.getPort());
        settings = new DatabaseSettings(
                "jdbc:postgresql://127.0.0.1:" + proxy.port() + "/" + name,
                "postgres",
                "postgres",
                8,
                2_000,
                2_000,
                5_000,
                8_000);
    }

    /** A new one. */
    public static TestingDatabase create() throws IOException, SQLException {
        String name = "precompute" + COUNT.incrementAndGet();
        try (Connection connection = Shared.POSTGRES.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("create database " + name);
        }
        TestingDatabase database = new TestingDatabase(name);
        try (HikariDataSource administration = Databases.open(database.settings)) {
            CatalogSchema.migrate(administration);
            PrecomputeSchema.migrate(administration);
        }
        return database;
    }

    public DatabaseSettings settings() {
        return settings;
    }

    /** From now on nobody reaches it; connections that are there break. */
    public void cut() {
        proxy.cut();
    }

    /** It is reached again. */
    public void mend() {
        proxy.mend();
    }

    /** The rows' columns, joined by a bar each; past the proxy. */
    public List<String> query(String sql) throws SQLException {
        List<String> found = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection(directUrl, "postgres", "postgres");
                Statement statement = connection.createStatement();
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

    /** Past the proxy. */
    public void execute(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(directUrl, "postgres", "postgres");
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Override
    public void close() throws IOException {
        proxy.close();
    }
}
