package io.weir.eventstats.stats.read;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The role that reads topics: it may SELECT from exactly their tables. It is looked after at each start rather than by a migration, since roles
 * belong to the server: a database restored elsewhere comes without them.
 */
public final class ReaderRole {
    public static final String NAME = "weir_stats_reader";

    private static final Logger LOG = LoggerFactory.getLogger(ReaderRole.class);

    /** Of the advisory lock under which one process at a time looks after the role. */
    private static final long LOCK = 0x7765697273746174L;

    /** From PostgreSQL 16 on, being a member (as who made a role is) does not mean that it may be taken. */
    private static final String MAY_TAKE = "SELECT CASE WHEN current_setting('server_version_num')::int >= 160000"
            + " THEN pg_has_role(current_user, ?, 'SET') ELSE pg_has_role(current_user, ?, 'MEMBER') END";

    private ReaderRole() {}

    /** The database's user lacks a right that an operator can give; the message has the statements. */
    public static final class MissingRightException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        MissingRightException(String message, Throwable cause) {
            super(message, cause);
        }

        MissingRightException(String message) {
            super(message);
        }
    }

    /**
     * Makes the role if it is missing, gives it its rights, and lets the current user take it.
     *
     * @param tables with their schema
     * @throws MissingRightException if the user may not, and the rights are not there already
     */
    public static void ensure(DataSource administration, List<String> tables) throws SQLException {
        try (Connection connection = administration.getConnection()) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute("SELECT pg_advisory_xact_lock(" + LOCK + ")");
                for (String missing : missing(connection, tables)) {
                    LOG.info("role {} of statistics: {}", NAME, missing);
                    statement.execute(missing);
                }
                connection.commit();
            } catch (SQLException e) {
                connection.rollback();
                if ("42501".equals(e.getSQLState())) {
                    throw new MissingRightException(explain(connection, tables, e), e);
                }
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    private static String explain(Connection connection, List<String> tables, SQLException cause) throws SQLException {
        List<String> statements = missing(connection, tables);
        connection.rollback();
        return "statistics read as the role " + NAME + ", which this database user may not set up ("
                + cause.getMessage()
                + "). Run as a user who may: " + String.join("; ", statements)
                + ". Or give a user of its own (stats-db-user), or turn statistics off (stats-enabled=false)";
    }

    /** The statements that are still to be run; fixed texts but for the current user's name, which PostgreSQL quotes. */
    private static List<String> missing(Connection connection, List<String> tables) throws SQLException {
        List<String> statements = new ArrayList<>();
        boolean exists = holds(connection, "SELECT count(*) > 0 FROM pg_roles WHERE rolname = ?", NAME);
        if (!exists) {
            statements.add("CREATE ROLE " + NAME + " NOLOGIN");
        }
        if (!exists || !holds(connection, MAY_TAKE, NAME, NAME)) {
            statements.add("GRANT " + NAME + " TO " + currentUser(connection));
        }
        if (!exists || !holds(connection, "SELECT has_schema_privilege(?, 'public', 'USAGE')", NAME)) {
            statements.add("GRANT USAGE ON SCHEMA public TO " + NAME);
        }
        for (String table : tables) {
            if (!exists || !holds(connection, "SELECT has_table_privilege(?, ?, 'SELECT')", NAME, table)) {
                statements.add("GRANT SELECT ON " + table + " TO " + NAME);
            }
        }
        return statements;
    }

    private static String currentUser(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT quote_ident(current_user)")) {
            row.next();
            return row.getString(1);
        }
    }

    static boolean holds(Connection connection, String question, String... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(question)) {
            for (int i = 0; i < values.length; i++) {
                statement.setString(i + 1, values[i]);
            }
            try (ResultSet row = statement.executeQuery()) {
                return row.next() && row.getBoolean(1);
            }
        }
    }

    /** Whether an index holds a column of a table unique, for all rows. */
    public static boolean isUnique(DataSource administration, String table, String column) throws SQLException {
        try (Connection connection = administration.getConnection()) {
            return holds(
                    connection,
                    "SELECT count(*) > 0 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid"
                            + " AND a.attnum = i.indkey[0] WHERE i.indrelid = ?::regclass AND a.attname = ?"
                            + " AND i.indisunique AND i.indisvalid AND i.indnkeyatts = 1 AND i.indpred IS NULL",
                    table,
                    column);
        }
    }
}
