package io.weir.eventstats.database;

import io.weir.lake.catalog.CatalogUnavailableException;
import io.weir.lake.catalog.Databases;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/**
 * Brings the tables of event statistics and first signals up to date: schema {@code public} for the topics, as EventGate's writers address them,
 * {@code scheduler} for first signals. PostgreSQL 15 and newer.
 */
public final class EventStatsSchema {
    private EventStatsSchema() {}

    /**
     * Creates or updates the tables; does nothing when they are up to date, and takes over tables of the same names that others created. Safe to
     * run from several processes.
     *
     * @throws CatalogUnavailableException if the database cannot be reached, or refuses
     */
    public static void migrate(DataSource dataSource) {
        try {
            Flyway.configure(EventStatsSchema.class.getClassLoader())
                    .dataSource(dataSource)
                    .schemas(Databases.SCHEMA)
                    .defaultSchema(Databases.SCHEMA)
                    .createSchemas(true)
                    // The catalog's migrations share the schema of the history tables, and may have filled it before.
                    .baselineOnMigrate(true)
                    .baselineVersion("0")
                    .table("eventstats_schema_history")
                    .locations("classpath:db/migration/eventstats")
                    .load()
                    .migrate();
        } catch (FlywayException e) {
            throw new CatalogUnavailableException(
                    "cannot bring the schema of event statistics up to date: " + e.getMessage(), e);
        }
    }
}
