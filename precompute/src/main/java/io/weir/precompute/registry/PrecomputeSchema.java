package io.weir.precompute.registry;

import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.database.Migrations;
import javax.sql.DataSource;

/** Brings the tables of precompute, in the schema of the catalog, up to date. PostgreSQL 15 and newer. */
public final class PrecomputeSchema {
    private PrecomputeSchema() {}

    /**
     * Creates or updates the tables; does nothing when they are up to date, and takes over tables of the same names that others created. Safe to
     * run from several processes.
     *
     * @throws DatabaseUnavailableException if the database cannot be reached, or refuses
     */
    public static void migrate(DataSource dataSource) {
        Migrations.migrate(dataSource, "precompute");
    }
}
