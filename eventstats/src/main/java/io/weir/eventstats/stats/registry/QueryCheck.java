package io.weir.eventstats.stats.registry;

import io.weir.eventstats.auth.RowFilter;
import io.weir.eventstats.stats.topic.FilteredRows;
import io.weir.eventstats.stats.topic.TopicRows;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/**
 * Holds a named query against the schema: PostgreSQL prepares it, its columns are what its file says, and it reads nothing but
 * {@code topic_rows}.
 */
public final class QueryCheck {
    /*
     * Implementation notes
     *
     * What a statement reads is asked of PostgreSQL's own analysis, not of its text: as a temporary view over an empty topic_rows it depends on
     * every table, view and function that it names, wherever they are (pg_depend). The view goes with the transaction. Dependencies on what
     * came with PostgreSQL are not recorded; the text was searched for those (NamedSql).
     */
    private static final String VIEW = "weir_stats_check";
    private static final String DEPENDENCIES = "SELECT DISTINCT pg_describe_object(d.refclassid, d.refobjid, 0)"
            + " FROM pg_depend d JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid"
            + " WHERE w.ev_class = 'pg_temp." + VIEW + "'::regclass AND d.refobjid <> w.ev_class"
            + " AND d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass) ORDER BY 1";

    private QueryCheck() {}

    /**
     * Checks a query.
     *
     * @param database as a user who may make temporary views; nothing is left behind
     * @throws QueryFileException if the query is refused
     * @throws SQLException if the database cannot be reached
     */
    public static void check(DataSource database, StatsQuery query, TopicRows rows) throws SQLException {
        try (Connection connection = database.getConnection()) {
            connection.setAutoCommit(false);
            try {
                columns(connection, query, rows);
                dependencies(connection, query, rows);
            } catch (SQLException e) {
                if (e.getSQLState() == null || e.getSQLState().startsWith("08")) {
                    throw e;
                }
                throw new QueryFileException(query.file(), "PostgreSQL refuses the SQL: " + e.getMessage(), e);
            } finally {
                // The pool takes a connection away after some errors.
                if (!connection.isClosed()) {
                    connection.rollback();
                    connection.setAutoCommit(true);
                }
            }
        }
    }

    private static void columns(Connection connection, StatsQuery query, TopicRows rows) throws SQLException {
        List<Column> actual = new ArrayList<>();
        String statement = query.statement(FilteredRows.of(rows, RowFilter.ALL_ROWS));
        try (PreparedStatement prepared = connection.prepareStatement(statement)) {
            ResultSetMetaData meta = prepared.getMetaData();
            for (int i = 1; i <= meta.getColumnCount(); i++) {
                String name = meta.getColumnLabel(i);
                String type = meta.getColumnTypeName(i);
                ColumnType known = ColumnType.ofPostgres(type)
                        .orElseThrow(() -> new QueryFileException(
                                query.file(), "column '" + name + "' is of type " + type + ", cast it to another"));
                actual.add(new Column(name, known, ""));
            }
        }
        List<String> declared = query.columns().stream().map(QueryCheck::text).toList();
        List<String> found = actual.stream().map(QueryCheck::text).toList();
        if (!declared.equals(found)) {
            throw new QueryFileException(query.file(), "'columns' says " + declared + ", but the SQL gives " + found);
        }
    }

    private static String text(Column column) {
        return column.name() + " " + column.type().text();
    }

    private static void dependencies(Connection connection, StatsQuery query, TopicRows rows) throws SQLException {
        String view = "CREATE TEMPORARY VIEW " + VIEW + " AS WITH " + TopicRows.NAME + " AS (" + empty(connection, rows)
                + ") SELECT * FROM (" + withoutParameters(query.body()) + "\n) answer";
        List<String> read = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            statement.execute(view);
            try (ResultSet objects = statement.executeQuery(DEPENDENCIES)) {
                while (objects.next()) {
                    read.add(objects.getString(1));
                }
            }
        }
        if (!read.isEmpty()) {
            throw new QueryFileException(
                    query.file(),
                    "the SQL reads " + read + ": a query may read nothing but " + TopicRows.NAME
                            + ", which has only the rows that its caller may see");
        }
    }

    /** A relation without rows, of the columns of the topic's. */
    private static String empty(Connection connection, TopicRows rows) throws SQLException {
        List<String> columns = new ArrayList<>();
        try (PreparedStatement prepared = connection.prepareStatement(rows.select())) {
            ResultSetMetaData meta = prepared.getMetaData();
            for (int i = 1; i <= meta.getColumnCount(); i++) {
                columns.add("NULL::" + castable(meta.getColumnTypeName(i)) + " AS " + meta.getColumnLabel(i));
            }
        }
        return "SELECT " + String.join(", ", columns);
    }

    /** The driver calls the type of a column that counts by itself by the name that it was made with. */
    private static String castable(String type) {
        return switch (type) {
            case "serial" -> "int4";
            case "bigserial" -> "int8";
            default -> type;
        };
    }

    /** A view has no parameters; each is cast to its type, so NULL takes its place. */
    private static String withoutParameters(String body) {
        return body.replace("??", "\u0001").replace("?::", "NULL::").replace("\u0001", "?");
    }
}
