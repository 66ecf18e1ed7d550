package io.weir.eventstats.telemetry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.weir.eventstats.http.JsonAnswers;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.database.Transactions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Reads summaries of one tenant from the hours and days and from what was not moved there yet: complete at any time, without a look at the events.
 * Columns are those of the seed's views. Thread-safe.
 *
 * <p>Percentiles are those of {@code percentile_cont}: between the two values next to the rank. Each of the two is estimated within its bucket, so
 * the result is off by less than 1/32 of it, by nothing below 64 ms or with up to three events in a bucket.
 */
final class SummaryStore {
    /** Greatest relative error of a percentile. */
    static final double RELATIVE_ERROR_MAX = 1.0 / 32;

    private static final String MEASURES =
            "surface, cache_hit, event_type, bucket, event_count, sum_ms, min_ms, max_ms, over_p50_slo, over_p95_slo";

    /** Hours: the parameters are tenant, from, to, twice over. */
    private static final String HOUR_CELLS = "SELECT hour AS period, " + MEASURES + """
         FROM scheduler.ttfs_rollup_hours WHERE tenant_id = ? AND hour >= ? AND hour < ?
        UNION ALL SELECT hour,\
        """ + " " + MEASURES + """
         FROM scheduler.ttfs_rollup_deltas WHERE tenant_id = ? AND hour >= ? AND hour < ?
        """;

    /** Days: the parameters are tenant, from, to, twice over. */
    private static final String DAY_CELLS = "SELECT day AS period, " + MEASURES + """
         FROM scheduler.ttfs_rollup_days WHERE tenant_id = ? AND day >= ? AND day < ?
        UNION ALL SELECT date_trunc('day', hour, 'UTC'),\
        """ + " " + MEASURES + """
         FROM scheduler.ttfs_rollup_deltas WHERE tenant_id = ? AND hour >= ? AND hour < ?
        """;

    /** Groups are hours by surface and cache hit, or days by surface: then cache_hit is null. */
    private static final String SUMMARY = """
        , buckets AS (
            SELECT period, surface, CASE WHEN by_cache_hit THEN cache_hit END AS cached, bucket,
                sum(event_count)::float8 AS n, sum(sum_ms)::float8 AS total_ms, min(min_ms) AS least, max(max_ms) AS greatest,
                sum(over_p50_slo) AS over_p50_slo, sum(over_p95_slo) AS over_p95_slo,
                sum(event_count) FILTER (WHERE cache_hit) AS hits,
                sum(event_count) FILTER (WHERE event_type = 'signal.error') AS errors
            FROM cells, (SELECT ?::boolean AS by_cache_hit, ?::text AS only_surface, ?::text AS only_type) AS asked
            WHERE (only_surface IS NULL OR surface = only_surface) AND (only_type IS NULL OR event_type = only_type)
            GROUP BY 1, 2, 3, 4
        ), ranked AS (
            SELECT *, sum(n) OVER (PARTITION BY period, surface, cached ORDER BY bucket) AS upto,
                sum(n) OVER (PARTITION BY period, surface, cached) - 1 AS last_rank
            FROM buckets
        )
        SELECT period, surface, cached, sum(n)::bigint AS event_count, sum(total_ms) / sum(n) AS avg_ms,
            min(least) AS min_ms, max(greatest) AS max_ms, sum(over_p50_slo)::bigint AS over_p50_slo,
            sum(over_p95_slo)::bigint AS over_p95_slo, coalesce(sum(hits), 0)::bigint AS hits,
            coalesce(sum(errors), 0)::bigint AS errors, min(last_rank) AS last_rank,
            max(scheduler.ttfs_value_at(floor(0.50::float8 * last_rank), upto, n, total_ms, least, greatest)) AS p50_below,
            max(scheduler.ttfs_value_at(ceil(0.50::float8 * last_rank), upto, n, total_ms, least, greatest)) AS p50_above,
            max(scheduler.ttfs_value_at(floor(0.95::float8 * last_rank), upto, n, total_ms, least, greatest)) AS p95_below,
            max(scheduler.ttfs_value_at(ceil(0.95::float8 * last_rank), upto, n, total_ms, least, greatest)) AS p95_above,
            max(scheduler.ttfs_value_at(floor(0.99::float8 * last_rank), upto, n, total_ms, least, greatest)) AS p99_below,
            max(scheduler.ttfs_value_at(ceil(0.99::float8 * last_rank), upto, n, total_ms, least, greatest)) AS p99_above
        FROM ranked GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        """;

    private static final String BREACHES = """
        SELECT period, surface, sum(event_count)::bigint AS total, sum(over_p50_slo)::bigint AS p50_breaches,
            sum(over_p95_slo)::bigint AS p95_breaches,
            round(100.0 * (sum(event_count) - sum(over_p50_slo)) / sum(event_count), 2) AS p50_compliance_pct,
            round(100.0 * (sum(event_count) - sum(over_p95_slo)) / sum(event_count), 2) AS p95_compliance_pct
        FROM cells, (SELECT ?::text AS only_surface) AS asked
        WHERE event_type = 'signal.rendered' AND (only_surface IS NULL OR surface = only_surface)
        GROUP BY 1, 2 ORDER BY 1, 2
        """;

    private static final String HOUR_SUMMARY = "WITH cells AS (" + HOUR_CELLS + ")" + SUMMARY;
    private static final String DAY_SUMMARY = "WITH cells AS (" + DAY_CELLS + ")" + SUMMARY;
    private static final String HOUR_BREACHES = "WITH cells AS (" + HOUR_CELLS + ") " + BREACHES;

    private final Transactions transactions;

    SummaryStore(DataSource dataSource) {
        this.transactions = new Transactions(dataSource);
    }

    /**
     * Rows by hour, surface and cache hit, or by day and surface.
     *
     * @throws DatabaseUnavailableException if the database cannot be reached or is too slow
     */
    ArrayNode summary(UUID tenantId, SummaryRequest request) {
        boolean byHour = request.granularity() == SummaryRequest.Granularity.HOUR;
        return transactions.single("read a summary", connection -> {
            try (PreparedStatement statement = connection.prepareStatement(byHour ? HOUR_SUMMARY : DAY_SUMMARY)) {
                int next = bindCells(statement, tenantId, request);
                statement.setBoolean(next++, byHour);
                statement.setString(
                        next++,
                        request.surface() == null ? null : request.surface().text());
                statement.setString(
                        next, request.type() == null ? null : request.type().text());
                ArrayNode rows = JsonNodeFactory.instance.arrayNode();
                try (ResultSet result = statement.executeQuery()) {
                    while (result.next()) {
                        rows.add(byHour ? hour(result) : day(result));
                    }
                }
                return rows;
            }
        });
    }

    /**
     * Rows by hour and surface of the signals shown.
     *
     * @throws DatabaseUnavailableException if the database cannot be reached or is too slow
     */
    ArrayNode breaches(UUID tenantId, SummaryRequest request) {
        return transactions.single(
                "read breaches of objectives", connection -> breaches(connection, tenantId, request));
    }

    private static ArrayNode breaches(Connection connection, UUID tenantId, SummaryRequest request)
            throws SQLException {
        ArrayNode rows = JsonNodeFactory.instance.arrayNode();
        try (PreparedStatement statement = connection.prepareStatement(HOUR_BREACHES)) {
            int next = bindCells(statement, tenantId, request);
            statement.setString(
                    next, request.surface() == null ? null : request.surface().text());
            try (ResultSet result = statement.executeQuery()) {
                while (result.next()) {
                    rows.addObject()
                            .put("hour", time(result))
                            .put("surface", result.getString("surface"))
                            .put("total_signals", result.getLong("total"))
                            .put("p50_breaches", result.getLong("p50_breaches"))
                            .put("p95_breaches", result.getLong("p95_breaches"))
                            .put("p50_compliance_pct", result.getBigDecimal("p50_compliance_pct"))
                            .put("p95_compliance_pct", result.getBigDecimal("p95_compliance_pct"));
                }
            }
        }
        return rows;
    }

    private static int bindCells(PreparedStatement statement, UUID tenantId, SummaryRequest request)
            throws SQLException {
        int next = 1;
        for (int i = 0; i < 2; i++) {
            statement.setObject(next++, tenantId);
            statement.setObject(next++, utc(request.from()));
            statement.setObject(next++, utc(request.to()));
        }
        return next;
    }

    private static OffsetDateTime utc(Instant time) {
        return time.atOffset(ZoneOffset.UTC);
    }

    private static @Nullable String time(ResultSet row) throws SQLException {
        return JsonAnswers.time(row.getObject("period", OffsetDateTime.class).toInstant());
    }

    private static ObjectNode hour(ResultSet row) throws SQLException {
        ObjectNode hour = JsonNodeFactory.instance
                .objectNode()
                .put("hour", time(row))
                .put("surface", row.getString("surface"))
                .put("cache_hit", row.getBoolean("cached"));
        latencies(hour, row);
        hour.set("p99_ms", percentile(row, "p99", 0.99));
        return hour.put("min_ms", row.getLong("min_ms"))
                .put("max_ms", row.getLong("max_ms"))
                .put("over_p50_slo", row.getLong("over_p50_slo"))
                .put("over_p95_slo", row.getLong("over_p95_slo"));
    }

    private static ObjectNode day(ResultSet row) throws SQLException {
        ObjectNode day =
                JsonNodeFactory.instance.objectNode().put("day", time(row)).put("surface", row.getString("surface"));
        latencies(day, row);
        day.set("p99_ms", percentile(row, "p99", 0.99));
        day.set("cache_hit_rate", JsonAnswers.ratio(row.getLong("hits"), row.getLong("event_count")));
        return day.put("error_count", row.getLong("errors"));
    }

    private static void latencies(ObjectNode target, ResultSet row) throws SQLException {
        target.put("event_count", row.getLong("event_count"));
        target.set("avg_ms", JsonAnswers.number(row.getDouble("avg_ms")));
        target.set("p50_ms", percentile(row, "p50", 0.50));
        target.set("p95_ms", percentile(row, "p95", 0.95));
    }

    private static JsonNode percentile(ResultSet row, String name, double fraction) throws SQLException {
        double rank = fraction * row.getDouble("last_rank");
        double below = row.getDouble(name + "_below");
        double above = row.getDouble(name + "_above");
        return JsonAnswers.number(below + (above - below) * (rank - Math.floor(rank)));
    }
}
