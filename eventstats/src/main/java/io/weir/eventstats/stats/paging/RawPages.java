package io.weir.eventstats.stats.paging;

import com.fasterxml.jackson.core.JsonGenerator;
import io.weir.eventstats.auth.RowFilter;
import io.weir.eventstats.stats.StatsSettings;
import io.weir.eventstats.stats.query.RowWriter;
import io.weir.eventstats.stats.read.StatsReader;
import io.weir.eventstats.stats.registry.ColumnType;
import io.weir.eventstats.stats.topic.FilteredRows;
import io.weir.eventstats.stats.topic.Topic;
import io.weir.eventstats.stats.topic.TopicRows;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads raw rows page by page, the newest {@code internal_id} first. A row that was committed before the first page is read comes exactly once, as
 * long as it stays: pages go down a key that never changes, within a window that {@link PageCursor} holds still; rows that are written meanwhile
 * have greater keys. A transaction that took its keys earlier and commits later may show its rows on a later page, or not; never twice.
 */
public final class RawPages {
    private static final String KEY = "internal_id";
    private static final int FETCH_ROWS = 200;

    private final StatsReader reader;
    private final StatsSettings settings;

    public RawPages(StatsReader reader, StatsSettings settings) {
        this.reader = reader;
        this.settings = settings;
    }

    /**
     * A page.
     *
     * @param data JSON array of rows
     * @param cursor {@code internal_id} of the last row as EventGate's clients send it back; null if there are no more rows
     * @param next cursor that also holds the window still; null if there are no more rows
     */
    public record Page(
            byte[] data, @Nullable Long cursor, @Nullable String next, int limit) {}

    /** @throws io.weir.eventstats.stats.read.StatsDatabaseException if the database does not answer in time */
    public Page read(Topic topic, RowFilter filter, PageRequest request) {
        TopicRows rows = topic.rows().orElseThrow();
        TopicRows.Page page = rows.page().orElseThrow();
        FilteredRows visible = FilteredRows.of(rows, filter);
        return reader.read(
                settings.statementMillisMax(), connection -> select(connection, topic, page, visible, filter, request));
    }

    static String statement(TopicRows.Page page, FilteredRows visible, boolean first) {
        return "WITH " + visible.commonTable() + " SELECT * FROM " + TopicRows.NAME + " WHERE "
                + page.windowCondition() + (first ? "" : " AND " + KEY + " < ?") + " ORDER BY " + KEY
                + " DESC LIMIT ?";
    }

    static void bind(PreparedStatement statement, FilteredRows visible, PageRequest request) throws SQLException {
        int next = 1;
        for (List<String> array : visible.arrays()) {
            statement.setArray(next++, statement.getConnection().createArrayOf("text", array.toArray()));
        }
        statement.setLong(next++, request.window().startMillis());
        statement.setLong(next++, request.window().endMillis());
        if (request.before().isPresent()) {
            statement.setLong(next++, request.before().getAsLong());
        }
        statement.setInt(next, request.limit() + 1);
    }

    private Page select(
            Connection connection,
            Topic topic,
            TopicRows.Page page,
            FilteredRows visible,
            RowFilter filter,
            PageRequest request)
            throws SQLException {
        RowWriter writer = new RowWriter(settings.responseBytesMax());
        boolean more = false;
        long last = 0;
        String text = statement(page, visible, request.before().isEmpty());
        try (PreparedStatement statement = connection.prepareStatement(text)) {
            bind(statement, visible, request);
            statement.setFetchSize(FETCH_ROWS);
            try (ResultSet rows = statement.executeQuery()) {
                List<RawColumn> columns = columns(rows.getMetaData());
                while (!more && rows.next()) {
                    more = writer.rows() == request.limit()
                            || !writer.add(json -> row(json, rows, columns, page.shape()));
                    if (!more) {
                        last = rows.getLong(KEY);
                    }
                }
            }
        }
        byte[] data = writer.finish();
        return more
                ? new Page(
                        data, last, new PageCursor(last, request.window()).text(topic.name(), filter), request.limit())
                : new Page(data, null, null, request.limit());
    }

    private record RawColumn(int index, String name, ColumnType type) {}

    private static List<RawColumn> columns(ResultSetMetaData meta) throws SQLException {
        List<RawColumn> columns = new ArrayList<>();
        for (int i = 1; i <= meta.getColumnCount(); i++) {
            Optional<ColumnType> type = ColumnType.ofPostgres(meta.getColumnTypeName(i));
            columns.add(new RawColumn(i, meta.getColumnLabel(i), type.orElse(ColumnType.STRING)));
        }
        return columns;
    }

    private static void row(JsonGenerator json, ResultSet rows, List<RawColumn> columns, TopicRows.Shape shape)
            throws IOException, SQLException {
        for (RawColumn column : columns) {
            RowWriter.column(json, rows, column.index(), column.name(), column.type());
        }
        switch (shape) {
            case JOB -> JobShape.write(json, rows);
            case PLAIN -> {}
        }
    }
}
