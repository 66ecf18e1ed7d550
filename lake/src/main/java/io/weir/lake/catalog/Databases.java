package io.weir.lake.catalog;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool.PoolInitializationException;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/** Opens bounded connection pools and brings the catalog's schema up to date. */
public final class Databases {
    /** Schema of the catalog's tables. */
    public static final String SCHEMA = "weir";

    private Databases() {}

    /**
     * Opens the catalog's pool; the caller closes it.
     *
     * @throws CatalogUnavailableException if the database cannot be reached
     */
    public static HikariDataSource open(DatabaseSettings settings) {
        return open(settings, "weir");
    }

    /**
     * Opens a pool; the caller closes it.
     *
     * @param application how the server's own lists name its connections
     * @throws CatalogUnavailableException if the database cannot be reached
     */
    public static HikariDataSource open(DatabaseSettings settings, String application) {
        HikariConfig config = new HikariConfig();
        config.setPoolName(application.equals("weir") ? "weir-catalog" : application);
        config.setJdbcUrl(settings.jdbcUrl());
        config.setUsername(settings.user());
        config.setPassword(settings.password());
        config.setMaximumPoolSize(settings.connectionsMax());
        config.setMinimumIdle(1);
        config.setConnectionTimeout(settings.acquireTimeoutMillis());
        config.setValidationTimeout(Math.min(settings.acquireTimeoutMillis(), 1_000));
        config.setInitializationFailTimeout(settings.connectTimeoutMillis());
        config.addDataSourceProperty("connectTimeout", seconds(settings.connectTimeoutMillis()));
        config.addDataSourceProperty("socketTimeout", seconds(settings.socketTimeoutMillis()));
        config.addDataSourceProperty("ApplicationName", application);
        config.addDataSourceProperty("options", "-c statement_timeout=" + settings.statementTimeoutMillis());
        try {
            return new HikariDataSource(config);
        } catch (PoolInitializationException e) {
            throw new CatalogUnavailableException(
                    "cannot reach the catalog at " + settings.jdbcUrl()
                            + ": check that PostgreSQL runs there and that user and password are right",
                    e);
        }
    }

    private static String seconds(long millis) {
        return Long.toString(Math.max(1, (millis + 999) / 1000));
    }

    /** Creates or updates the catalog's tables; does nothing when they are up to date. Safe to run from several processes. */
    public static void migrate(DataSource dataSource) {
        try {
            Flyway.configure(Databases.class.getClassLoader())
                    .dataSource(dataSource)
                    .schemas(SCHEMA)
                    .defaultSchema(SCHEMA)
                    .createSchemas(true)
                    .table("lake_schema_history")
                    .locations("classpath:db/migration/lake")
                    .load()
                    .migrate();
        } catch (FlywayException e) {
            throw new CatalogUnavailableException("cannot bring the catalog's schema up to date: " + e.getMessage(), e);
        }
    }
}
