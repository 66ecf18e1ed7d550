package io.weir.eventstats.feed;

import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.database.Transactions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The history of queries, in table {@code public.promql_query_runs}. Thread-safe. */
final class HistoryStore {
    /** Times travel as ms since 1970. A query that is written twice, after a failure, is one row. */
    private static final String INSERT = """
        INSERT INTO public.promql_query_runs (query_id, run_id, tenant_id, user_name, surface, kind, canonical_hash, query_text,
            range_start, range_end, step_ms, started_at, ended_at, duration_ms, ttfs_ms, status, error_type, error_code,
            error_message, phase, work_units, samples_read, workers, precompute_hit)
        SELECT query_id, run_id, tenant_id, user_name, surface, kind, canonical_hash, query_text,
            TIMESTAMPTZ 'epoch' + range_start * INTERVAL '1 ms', TIMESTAMPTZ 'epoch' + range_end * INTERVAL '1 ms', step_ms,
            TIMESTAMPTZ 'epoch' + started_at * INTERVAL '1 ms', TIMESTAMPTZ 'epoch' + ended_at * INTERVAL '1 ms', duration_ms,
            ttfs_ms, status, error_type, error_code, error_message, phase, work_units, samples_read, workers,
            precompute_hit
        FROM unnest(?::uuid[], ?::uuid[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::bigint[],
            ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[],
            ?::int[], ?::bigint[], ?::int[], ?::bool[])
            AS run(query_id, run_id, tenant_id, user_name, surface, kind, canonical_hash, query_text, range_start, range_end, step_ms,
                started_at, ended_at, duration_ms, ttfs_ms, status, error_type, error_code, error_message, phase, work_units,
                samples_read, workers, precompute_hit)
        ON CONFLICT (query_id) DO NOTHING
        """;

    /** One descent of the index for each question. */
    private static final String EARLIER = """
        SELECT asked.number, run.query_id::text, run.status, run.ended_at, run.duration_ms, run.error_code, run.precompute_hit
        FROM unnest(?::text[], ?::text[], ?::text[]) WITH ORDINALITY AS asked(tenant_id, canonical_hash, kind, number)
        CROSS JOIN LATERAL (
            SELECT query_id, status, ended_at, duration_ms, error_code, precompute_hit
            FROM public.promql_query_runs
            WHERE tenant_id = asked.tenant_id AND canonical_hash = asked.canonical_hash AND kind = asked.kind
            ORDER BY ended_at DESC
            LIMIT ?) AS run
        ORDER BY asked.number, run.ended_at
        """;

    private final Transactions transactions;

    HistoryStore(DataSource dataSource) {
        this.transactions = new Transactions(dataSource);
    }

    /**
     * Stores a batch, all or nothing.
     *
     * @throws DatabaseUnavailableException if the database cannot be reached or is too slow
     */
    void insert(List<HistoryRow> rows) {
        if (!rows.isEmpty()) {
            int ignored = transactions.single("store the history of queries", connection -> insert(connection, rows));
        }
    }

    private static int insert(Connection connection, List<HistoryRow> rows) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(INSERT)) {
            Columns<HistoryRow> columns = new Columns<>(connection, statement, rows);
            columns.add("uuid", HistoryRow::queryId);
            columns.add("uuid", HistoryRow::runId);
            columns.add("text", HistoryRow::tenant);
            columns.add("text", HistoryRow::user);
            columns.add("text", HistoryRow::surface);
            columns.add("text", HistoryRow::kind);
            columns.add("text", HistoryRow::canonicalHash);
            columns.add("text", HistoryRow::text);
            columns.add("int8", row -> millis(row.rangeStart()));
            columns.add("int8", row -> millis(row.rangeEnd()));
            columns.add("int8", HistoryRow::stepMillis);
            columns.add("int8", row -> row.startedAt().toEpochMilli());
            columns.add("int8", row -> row.endedAt().toEpochMilli());
            columns.add("int8", HistoryRow::durationMillis);
            columns.add("int8", HistoryRow::ttfsMillis);
            columns.add("text", HistoryRow::status);
            columns.add("text", HistoryRow::errorType);
            columns.add("text", HistoryRow::errorCode);
            columns.add("text", HistoryRow::errorMessage);
            columns.add("text", HistoryRow::phase);
            columns.add("int4", HistoryRow::workUnits);
            columns.add("int8", HistoryRow::samplesRead);
            columns.add("int4", HistoryRow::workers);
            columns.add("bool", HistoryRow::precomputed);
            return statement.executeUpdate();
        }
    }

    private static @Nullable Long millis(@Nullable Instant time) {
        return time == null ? null : time.toEpochMilli();
    }

    /**
     * The latest runs of each question.
     *
     * @param runsMax of each
     * @throws DatabaseUnavailableException if the database cannot be reached or is too slow
     */
    Map<EarlierRuns.Key, EarlierRuns> earlier(List<EarlierRuns.Key> keys, int runsMax) {
        if (keys.isEmpty()) {
            return Map.of();
        }
        return transactions.single("read the history of queries", connection -> earlier(connection, keys, runsMax));
    }

    private static Map<EarlierRuns.Key, EarlierRuns> earlier(
            Connection connection, List<EarlierRuns.Key> keys, int runsMax) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(EARLIER)) {
            Columns<EarlierRuns.Key> columns = new Columns<>(connection, statement, keys);
            columns.add("text", EarlierRuns.Key::tenant);
            columns.add("text", EarlierRuns.Key::canonicalHash);
            columns.add("text", EarlierRuns.Key::kind);
            statement.setInt(4, runsMax);
            Map<EarlierRuns.Key, EarlierRuns> found = new HashMap<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    EarlierRuns.Outcome outcome = new EarlierRuns.Outcome(
                            rows.getString(2),
                            rows.getString(3),
                            rows.getTimestamp(4).toInstant(),
                            rows.getLong(5),
                            rows.getString(6),
                            rows.getBoolean(7));
                    // The oldest comes first.
                    found.compute(
                            keys.get(rows.getInt(1) - 1),
                            (key, runs) -> (runs == null ? EarlierRuns.NONE : runs).with(outcome, runsMax));
                }
            }
            return found;
        }
    }

    /** Binds one array after the other. */
    private static final class Columns<R> {
        private final Connection connection;
        private final PreparedStatement statement;
        private final List<R> rows;
        private int next = 1;

        Columns(Connection connection, PreparedStatement statement, List<R> rows) {
            this.connection = connection;
            this.statement = statement;
            this.rows = new ArrayList<>(rows);
        }

        void add(String type, Function<R, @Nullable Object> value) throws SQLException {
            @Nullable Object[] values = new @Nullable Object[rows.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = value.apply(rows.get(i));
            }
            statement.setArray(next++, connection.createArrayOf(type, values));
        }
    }
}
