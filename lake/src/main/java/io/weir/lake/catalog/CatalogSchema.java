package io.weir.lake.catalog;

import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.database.Migrations;
import javax.sql.DataSource;

/** Brings the tables of the catalog and of the work queue up to date. */
public final class CatalogSchema {
    private CatalogSchema() {}

    /**
     * As {@link Migrations#migrate}.
     *
     * @throws DatabaseUnavailableException if the database cannot be reached, or refuses
     */
    public static void migrate(DataSource dataSource) {
        Migrations.migrate(dataSource, "lake");
    }
}
