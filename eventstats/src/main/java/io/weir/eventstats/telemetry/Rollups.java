package io.weir.eventstats.telemetry;

import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.database.Transactions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import javax.sql.DataSource;

/**
 * Moves the sums of inserted events into the hours and days. Each batch is one transaction under an advisory lock, so that of several processes one
 * works and a sum is moved once, whichever of them dies when. Thread-safe.
 */
final class Rollups {
    /** Advisory lock of whoever moves sums; the number has no other meaning. */
    private static final long LOCK = 7_310_001_001L;

    private static final String MOVE = """
        WITH taken AS (
            DELETE FROM scheduler.ttfs_rollup_deltas
            WHERE id = ANY(ARRAY(SELECT id FROM scheduler.ttfs_rollup_deltas ORDER BY id LIMIT ?))
            RETURNING *
        ), hours AS (
            INSERT INTO scheduler.ttfs_rollup_hours AS kept
            SELECT tenant_id, hour, surface, cache_hit, event_type, bucket,
            sum(event_count), sum(sum_ms), min(min_ms), max(max_ms), sum(over_p50_slo), sum(over_p95_slo)
            FROM taken GROUP BY 1, 2, 3, 4, 5, 6
            ON CONFLICT (tenant_id, hour, surface, cache_hit, event_type, bucket) DO UPDATE SET
                event_count = kept.event_count + EXCLUDED.event_count, sum_ms = kept.sum_ms + EXCLUDED.sum_ms,
                min_ms = least(kept.min_ms, EXCLUDED.min_ms), max_ms = greatest(kept.max_ms, EXCLUDED.max_ms),
                over_p50_slo = kept.over_p50_slo + EXCLUDED.over_p50_slo,
                over_p95_slo = kept.over_p95_slo + EXCLUDED.over_p95_slo
        ), days AS (
            INSERT INTO scheduler.ttfs_rollup_days AS kept
            SELECT tenant_id, date_trunc('day', hour, 'UTC'), surface, cache_hit, event_type, bucket,
            sum(event_count), sum(sum_ms), min(min_ms), max(max_ms), sum(over_p50_slo), sum(over_p95_slo)
            FROM taken GROUP BY 1, 2, 3, 4, 5, 6
            ON CONFLICT (tenant_id, day, surface, cache_hit, event_type, bucket) DO UPDATE SET
                event_count = kept.event_count + EXCLUDED.event_count, sum_ms = kept.sum_ms + EXCLUDED.sum_ms,
                min_ms = least(kept.min_ms, EXCLUDED.min_ms), max_ms = greatest(kept.max_ms, EXCLUDED.max_ms),
                over_p50_slo = kept.over_p50_slo + EXCLUDED.over_p50_slo,
                over_p95_slo = kept.over_p95_slo + EXCLUDED.over_p95_slo
        )
        SELECT count(*) FROM taken
        """;

    private final Transactions transactions;
    private final int batchRows;

    Rollups(DataSource dataSource, int batchRows) {
        this.transactions = new Transactions(dataSource);
        this.batchRows = batchRows;
    }

    /**
     * Moves one batch.
     *
     * @return whether there may be more: false, too, while another process is at it
     * @throws DatabaseUnavailableException if the database cannot be reached or is too slow; then nothing was moved
     */
    boolean move() {
        return transactions.all("roll up events", connection -> isMine(connection) && moved(connection) == batchRows);
    }

    private static boolean isMine(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT pg_try_advisory_xact_lock(?)")) {
            statement.setLong(1, LOCK);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getBoolean(1);
            }
        }
    }

    private int moved(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(MOVE)) {
            statement.setInt(1, batchRows);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getInt(1);
            }
        }
    }
}
