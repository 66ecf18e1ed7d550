package io.weir.precompute.registry;

import io.weir.lake.catalog.CatalogUnavailableException;
import io.weir.lake.catalog.Databases;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/** Brings the tables of precompute, in the schema of the catalog, up to date. PostgreSQL 15 and newer. */
public final class PrecomputeSchema {
    private PrecomputeSchema() {}

    /**
     * Creates or updates the tables; does nothing when they are up to date, and takes over tables of the same names that others created. Safe to
     * run from several processes.
     *
     * @throws CatalogUnavailableException if the database cannot be reached, or refuses
     */
    public static void migrate(DataSource dataSource) {
        try {
            Flyway.configure(PrecomputeSchema.class.getClassLoader())
                    .dataSource(dataSource)
                    .schemas(Databases.SCHEMA)
                    .defaultSchema(Databases.SCHEMA)
                    .createSchemas(true)
                    // The catalog's migrations share the schema of the history tables, and may have filled it before.
                    .baselineOnMigrate(true)
                    .baselineVersion("0")
                    .table("precompute_schema_history")
                    .locations("classpath:db/migration/precompute")
                    .load()
                    .migrate();
        } catch (FlywayException e) {
            throw new CatalogUnavailableException(
                    "cannot bring the schema of precompute up to date: " + e.getMessage(), e);
        }
    }
}
