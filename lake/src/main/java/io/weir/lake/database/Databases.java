package io.weir.lake.database;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool.PoolInitializationException;

/** Opens bounded connection pools. */
public final class Databases {
    private Databases() {}

    /**
     * Opens the catalog's pool; the caller closes it.
     *
     * @throws DatabaseUnavailableException if the database cannot be reached
     */
    public static HikariDataSource open(DatabaseSettings settings) {
        return open(settings, "weir");
    }

    /**
     * Opens a pool; the caller closes it.
     *
     * @param application how the server's own lists name its connections
     * @throws DatabaseUnavailableException if the database cannot be reached
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
            throw new DatabaseUnavailableException(
                    "cannot reach the catalog at " + settings.jdbcUrl()
                            + ": check that PostgreSQL runs there and that user and password are right",
                    e);
        }
    }

    /** As the driver takes its timeouts: rounded up, at least 1, as 0 would be no limit. */
    static String seconds(long millis) {
        return Long.toString(Math.max(1, (millis + 999) / 1000));
    }
}
