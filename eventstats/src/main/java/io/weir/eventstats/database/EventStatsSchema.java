package io.weir.eventstats.database;

import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.database.Migrations;
import javax.sql.DataSource;

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
     * @throws DatabaseUnavailableException if the database cannot be reached, or refuses
     */
    public static void migrate(DataSource dataSource) {
        Migrations.migrate(dataSource, "eventstats");
    }
}
