package io.weir.eventstats.stats.query;

import io.weir.eventstats.auth.RowFilter;
import io.weir.eventstats.stats.StatsMetrics;
import io.weir.eventstats.stats.StatsSettings;
import io.weir.eventstats.stats.read.StatsReader;
import io.weir.eventstats.stats.registry.Column;
import io.weir.eventstats.stats.registry.Parameter;
import io.weir.eventstats.stats.registry.StatsQuery;
import io.weir.eventstats.stats.registry.Window;
import io.weir.eventstats.stats.topic.FilteredRows;
import io.weir.eventstats.stats.topic.TopicRows;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Runs named queries over the rows that their caller may see. Thread-safe. */
public final class QueryRunner {
    private static final int FETCH_ROWS = 200;

    private final StatsReader reader;
    private final StatsSettings settings;
    private final StatsMetrics metrics;
    private final Clock clock;
    private final ResultCache cache;

    public QueryRunner(StatsReader reader, StatsSettings settings, StatsMetrics metrics, Clock clock) {
        this.reader = reader;
        this.settings = settings;
        this.metrics = metrics;
        this.clock = clock;
        cache = new ResultCache(settings.cacheBytesMax());
        metrics.cacheBytes(cache::bytes);
    }

    /**
     * Runs a query, or gives its kept result.
     *
     * @param rows of the query's topic
     * @throws io.weir.eventstats.stats.read.StatsDatabaseException if the database does not answer in time
     */
    public QueryResult run(StatsQuery query, TopicRows rows, Arguments arguments, RowFilter filter) {
        boolean kept = query.cacheMillis() > 0;
        if (kept) {
            Optional<QueryResult> found = cache.find(query, arguments, filter, clock.millis());
            if (found.isPresent()) {
                metrics.hit();
                return found.get();
            }
            metrics.missed();
        }
        FilteredRows visible = FilteredRows.of(rows, filter);
        long started = System.nanoTime();
        QueryResult result;
        try {
            result = reader.read(query.timeoutMillis(), connection -> select(connection, query, visible, arguments));
        } finally {
            metrics.ran(query.name(), System.nanoTime() - started);
        }
        if (kept) {
            cache.keep(query, arguments, filter, result);
        }
        return result;
    }

    private QueryResult select(Connection connection, StatsQuery query, FilteredRows visible, Arguments arguments)
            throws SQLException {
        long generated = clock.millis();
        RowWriter writer = new RowWriter(settings.responseBytesMax());
        boolean truncated = false;
        try (PreparedStatement statement = connection.prepareStatement(query.statement(visible))) {
            bind(statement, query, visible, arguments);
            statement.setFetchSize(FETCH_ROWS);
            try (ResultSet rows = statement.executeQuery()) {
                while (!truncated && rows.next()) {
                    truncated = writer.rows() == query.rowsMax()
                            || !writer.add(json -> {
                                List<Column> columns = query.columns();
                                for (int i = 0; i < columns.size(); i++) {
                                    RowWriter.column(
                                            json,
                                            rows,
                                            i + 1,
                                            columns.get(i).name(),
                                            columns.get(i).type());
                                }
                            });
                }
            }
        }
        int count = writer.rows();
        return new QueryResult(writer.finish(), count, truncated, generated, arguments.window());
    }

    /** Binds the filter's arrays, the query's parameters and the number of rows; public for tests that explain a query's plan. */
    static void bind(PreparedStatement statement, StatsQuery query, FilteredRows visible, Arguments arguments)
            throws SQLException {
        int next = 1;
        for (List<String> array : visible.arrays()) {
            statement.setArray(next++, statement.getConnection().createArrayOf("text", array.toArray()));
        }
        Map<String, Integer> types = new HashMap<>();
        for (Parameter parameter : query.parameters()) {
            types.put(parameter.name(), parameter.type().jdbc());
        }
        for (String name : query.bindings()) {
            Integer type = types.get(name);
            if (type == null) {
                statement.setLong(next++, windowValue(name, arguments));
            } else {
                Object value = arguments.values().get(name);
                if (value == null) {
                    statement.setNull(next++, type);
                } else {
                    statement.setObject(next++, value, type);
                }
            }
        }
        statement.setLong(next, query.rowsMax() + 1L);
    }

    private static long windowValue(String name, Arguments arguments) {
        TimeRange window = Objects.requireNonNull(arguments.window().orElse(null));
        return switch (name) {
            case Window.START_MILLIS, Window.START_TIME -> window.startMillis();
            case Window.END_MILLIS, Window.END_TIME -> window.endMillis();
            default -> throw new IllegalStateException("parameter " + name + " has no value");
        };
    }
}
