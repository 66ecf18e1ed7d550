package io.weir.lake.database;

import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/** Brings the tables of Weir's parts up to date. Each part has its own files and its own history; the histories lie in one schema. */
public final class Migrations {
    /** Schema of Weir's tables. */
    public static final String SCHEMA = "weir";

    private Migrations() {}

    /**
     * Creates or updates the tables of a part; does nothing when they are up to date. Safe to run from several processes.
     *
     * @param part names the files, {@code db/migration/<part>} of the class path, and the history, {@code <part>_schema_history}
     * @throws DatabaseUnavailableException if the database cannot be reached, or refuses
     */
    public static void migrate(DataSource dataSource, String part) {
        try {
            Flyway.configure(Migrations.class.getClassLoader())
                    .dataSource(dataSource)
                    .schemas(SCHEMA)
                    .defaultSchema(SCHEMA)
                    .createSchemas(true)
                    // The parts share the schema: whichever comes first fills it.
                    .baselineOnMigrate(true)
                    .baselineVersion("0")
                    .table(part + "_schema_history")
                    .locations("classpath:db/migration/" + part)
                    .load()
                    .migrate();
        } catch (FlywayException e) {
            throw new DatabaseUnavailableException(
                    "cannot bring the tables of " + part + " up to date: " + e.getMessage(), e);
        }
    }
}
