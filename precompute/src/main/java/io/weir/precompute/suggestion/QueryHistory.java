package io.weir.precompute.suggestion;

import io.weir.lake.database.DatabaseUnavailableException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import javax.sql.DataSource;

/** Reads the history of queries that event statistics keep, in table {@code public.promql_query_runs}. Thread-safe. */
final class QueryHistory {
    private static final String UNDEFINED_TABLE = "42P01";

    private static final String GROUPS = """
        WITH runs AS (
            SELECT internal_id, canonical_hash, kind, query_text, step_ms, range_start, range_end, started_at, duration_ms,
                precompute_hit,
                extract(epoch FROM started_at - lag(started_at) OVER (
                    PARTITION BY canonical_hash, kind ORDER BY started_at, internal_id)) * 1000 AS gap_ms
            FROM public.promql_query_runs
            WHERE tenant_id = ? AND started_at >= ? AND started_at < ? AND status = 'succeeded'
                AND kind IN ('instant', 'range', 'stream'))
        SELECT (array_agg(query_text ORDER BY internal_id DESC))[1], kind, count(*), count(*) FILTER (WHERE precompute_hit),
            percentile_cont(0.5) WITHIN GROUP (ORDER BY gap_ms)::double precision,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms) FILTER (WHERE NOT precompute_hit),
            mode() WITHIN GROUP (ORDER BY step_ms),
            percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM range_end - range_start) * 1000)::double precision,
            min(started_at)
        FROM runs
        GROUP BY canonical_hash, kind
        HAVING count(*) >= ?
        ORDER BY sum(duration_ms) FILTER (WHERE NOT precompute_hit) DESC NULLS LAST, canonical_hash, kind
        LIMIT ?
        """;

    private static final String HITS = """
        SELECT (array_agg(query_text ORDER BY internal_id DESC))[1]
        FROM public.promql_query_runs
        WHERE tenant_id = ? AND started_at >= ? AND precompute_hit
        GROUP BY canonical_hash
        LIMIT ?
        """;

    private final DataSource dataSource;

    QueryHistory(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /**
     * The queries that were run often enough, those of the most time first; empty if no history is kept in this database.
     *
     * @throws DatabaseUnavailableException if the database cannot be reached or is too slow
     */
    Optional<List<QueryGroup>> groups(String tenant, long fromMillis, long toMillis, int runsMin, int queriesMax) {
        return read(GROUPS, statement -> {
            statement.setString(1, tenant);
            statement.setTimestamp(2, Timestamp.from(Instant.ofEpochMilli(fromMillis)));
            statement.setTimestamp(3, Timestamp.from(Instant.ofEpochMilli(toMillis)));
            statement.setInt(4, runsMin);
            statement.setInt(5, queriesMax);
            List<QueryGroup> groups = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    groups.add(group(rows));
                }
            }
            return groups;
        });
    }

    private static QueryGroup group(ResultSet row) throws SQLException {
        double computed = row.getDouble(6);
        OptionalDouble computedMillis = row.wasNull() ? OptionalDouble.empty() : OptionalDouble.of(computed);
        return new QueryGroup(
                row.getString(1),
                row.getString(2),
                row.getLong(3),
                row.getLong(4),
                row.getDouble(5),
                computedMillis,
                row.getLong(7),
                row.getDouble(8),
                row.getTimestamp(9).getTime());
    }

    /**
     * Texts of the different queries that were answered from precomputed results since a time; empty if no history is kept in this database.
     *
     * @throws DatabaseUnavailableException if the database cannot be reached or is too slow
     */
    Optional<List<String>> hits(String tenant, long fromMillis, int queriesMax) {
        return read(HITS, statement -> {
            statement.setString(1, tenant);
            statement.setTimestamp(2, Timestamp.from(Instant.ofEpochMilli(fromMillis)));
            statement.setInt(3, queriesMax);
            List<String> texts = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    texts.add(rows.getString(1));
                }
            }
            return texts;
        });
    }

    private interface Reading<T> {
        T of(PreparedStatement statement) throws SQLException;
    }

    private <T> Optional<T> read(String sql, Reading<T> reading) {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            return Optional.of(reading.of(statement));
        } catch (SQLException e) {
            if (UNDEFINED_TABLE.equals(e.getSQLState())) {
                return Optional.empty();
            }
            throw new DatabaseUnavailableException(
                    "cannot read the history of queries: the database cannot be reached or is too slow; try again", e);
        }
    }
}
