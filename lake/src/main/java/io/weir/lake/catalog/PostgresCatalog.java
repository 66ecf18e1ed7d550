package io.weir.lake.catalog;

import io.weir.lake.LabelFingerprints;
import io.weir.lake.database.Transactions;
import io.weir.lake.segment.SegmentMeta;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import javax.sql.DataSource;

/**
 * The catalog in PostgreSQL. Keeps nothing in memory: each call is one transaction, and {@link #find} is one statement, so its
 * answer is one version. Thread-safe. The schema is brought up by {@link CatalogSchema#migrate}.
 */
public final class PostgresCatalog implements SegmentCatalog, IngestCatalog {
    private static final long DAY_MILLIS = 86_400_000L;
    private static final String DAY = "(div(min_time_millis, " + DAY_MILLIS + ") - case when min_time_millis < 0 and"
            + " min_time_millis % " + DAY_MILLIS + " <> 0 then 1 else 0 end)::bigint * " + DAY_MILLIS;

    private final Transactions sql;
    private final PostgresWorkQueue queue;

    public PostgresCatalog(DataSource dataSource) {
        this(dataSource, QueueSettings.DEFAULT);
    }

    public PostgresCatalog(DataSource dataSource, QueueSettings queueSettings) {
        this.sql = new Transactions(dataSource);
        this.queue = new PostgresWorkQueue(sql, queueSettings);
    }

    @Override
    public SegmentSelection find(SegmentQuery query) {
        List<long[]> required = query.matchers().stream()
                .map(LabelFingerprints::required)
                .filter(fingerprints -> fingerprints.length > 0)
                .toList();
        String overlap = " from weir.segment where tenant = ? and removed_at is null and min_time_millis <= ? and"
                + " max_time_millis >= ?";
        // The count comes along in each row, and in one row without a segment when none is left.
        String text = "select considered.n, kept.* from (select count(*) n" + overlap
                + ") considered left join (select " + SegmentRows.COLUMNS + overlap
                + " and fingerprints && ?::bigint[]".repeat(required.size())
                + ") kept on true order by kept.min_time_millis, kept.id collate \"C\"";
        return sql.single("find segments", connection -> {
            try (PreparedStatement statement = connection.prepareStatement(text)) {
                int next = bindOverlap(statement, 1, query);
                next = bindOverlap(statement, next, query);
                for (long[] fingerprints : required) {
                    statement.setArray(next++, SegmentRows.bigints(connection, fingerprints));
                }
                return readSelection(statement);
            }
        });
    }

    private static int bindOverlap(PreparedStatement statement, int first, SegmentQuery query) throws SQLException {
        statement.setString(first, query.tenant());
        statement.setLong(first + 1, query.endMillis());
        statement.setLong(first + 2, query.startMillis());
        return first + 3;
    }

    private static SegmentSelection readSelection(PreparedStatement statement) throws SQLException {
        List<SegmentMeta> segments = new ArrayList<>();
        int considered = 0;
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                considered = rows.getInt("n");
                if (rows.getString("id") != null) {
                    segments.add(SegmentRows.read(rows));
                }
            }
        }
        return new SegmentSelection(segments, considered);
    }

    @Override
    public Set<String> current(String tenant, Set<String> segmentIds) {
        return sql.single("look up segments", connection -> {
            Set<String> current = new HashSet<>();
            try (PreparedStatement statement = connection.prepareStatement(
                    "select id from weir.segment where tenant = ? and removed_at is null and id = any(?)")) {
                statement.setString(1, tenant);
                statement.setArray(2, SegmentRows.texts(connection, segmentIds));
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        current.add(rows.getString(1));
                    }
                }
            }
            return current;
        });
    }

    @Override
    public Map<String, List<MetricMetadata>> metadata(String tenant, String metric, int limit) {
        String text = "select metric, type, help, unit from weir.metric_metadata where tenant = ?"
                + (metric.isEmpty() ? "" : " and metric = ?")
                + (limit < 0
                        ? ""
                        : " and metric in (select distinct metric collate \"C\" as name from weir.metric_metadata"
                                + " where tenant = ?" + (metric.isEmpty() ? "" : " and metric = ?")
                                + " order by name limit ?)")
                + " order by metric collate \"C\", updated_at, type";
        return sql.single("read metadata", connection -> {
            Map<String, List<MetricMetadata>> found = new TreeMap<>();
            try (PreparedStatement statement = connection.prepareStatement(text)) {
                int next = 1;
                for (int i = 0; i < (limit < 0 ? 1 : 2); i++) {
                    statement.setString(next++, tenant);
                    if (!metric.isEmpty()) {
                        statement.setString(next++, metric);
                    }
                }
                if (limit >= 0) {
                    statement.setInt(next, limit);
                }
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        MetricMetadata one = new MetricMetadata(
                                rows.getString(1), rows.getString(2), rows.getString(3), rows.getString(4));
                        found.computeIfAbsent(one.metric(), key -> new ArrayList<>())
                                .add(one);
                    }
                }
            }
            return found;
        });
    }

    @Override
    public void commitFlush(String ingesterId, long walPosition, List<NewSegment> segments) {
        sql.all("register a flush", connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "insert into weir.ingest_position as p (ingester_id, wal_position) values (?, ?)"
                            + " on conflict (ingester_id) do update set wal_position = excluded.wal_position,"
                            + " updated_at = now() where p.wal_position < excluded.wal_position")) {
                statement.setString(1, ingesterId);
                statement.setLong(2, walPosition);
                if (statement.executeUpdate() == 1) {
                    SegmentRows.insert(connection, segments);
                }
            }
            return true;
        });
    }

    @Override
    public long flushedPosition(String ingesterId) {
        return sql.single("read a position", connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "select wal_position from weir.ingest_position where ingester_id = ?")) {
                statement.setString(1, ingesterId);
                try (ResultSet rows = statement.executeQuery()) {
                    return rows.next() ? rows.getLong(1) : -1L;
                }
            }
        });
    }

    @Override
    public boolean replace(String tenant, Set<String> removedIds, List<NewSegment> added) {
        return sql.all("replace segments", connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "update weir.segment set removed_at = now() where id in (select id from weir.segment where tenant"
                            + " = ? and removed_at is null and id = any(?) order by id for update)")) {
                statement.setString(1, tenant);
                statement.setArray(2, SegmentRows.texts(connection, removedIds));
                if (statement.executeUpdate() != removedIds.size()) {
                    connection.rollback();
                    return false;
                }
            }
            SegmentRows.insert(connection, added);
            return true;
        });
    }

    @Override
    public int expire(String tenant, long maxTimeBeforeMillis) {
        return sql.single("expire segments", connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "update weir.segment set removed_at = now() where tenant = ? and removed_at is null"
                            + " and max_time_millis < ?")) {
                statement.setString(1, tenant);
                statement.setLong(2, maxTimeBeforeMillis);
                return statement.executeUpdate();
            }
        });
    }

    @Override
    public void upsertMetadata(String tenant, List<MetricMetadata> metadata) {
        // One row per key, in a fixed order: two writers cannot wait for each other in a circle.
        Map<String, Map<String, MetricMetadata>> unique = new TreeMap<>();
        for (MetricMetadata one : metadata) {
            unique.computeIfAbsent(one.metric(), key -> new TreeMap<>()).put(one.type(), one);
        }
        List<MetricMetadata> rows = unique.values().stream()
                .flatMap(byType -> byType.values().stream())
                .toList();
        if (rows.isEmpty()) {
            return;
        }
        sql.all("write metadata", connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "insert into weir.metric_metadata as m (tenant, metric, type, help, unit) values (?, ?, ?, ?, ?)"
                            + " on conflict (tenant, metric, type) do update set help = excluded.help,"
                            + " unit = excluded.unit, updated_at = now()"
                            + " where (m.help, m.unit) is distinct from (excluded.help, excluded.unit)")) {
                for (MetricMetadata one : rows) {
                    statement.setString(1, tenant);
                    statement.setString(2, one.metric());
                    statement.setString(3, one.type());
                    statement.setString(4, one.help());
                    statement.setString(5, one.unit());
                    statement.addBatch();
                }
                statement.executeBatch();
            }
            return true;
        });
    }

    @Override
    public List<String> tenants() {
        return sql.single("list tenants", connection -> {
            List<String> tenants = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(
                            "select distinct tenant collate \"C\" as name from weir.segment where removed_at is null"
                                    + " order by name");
                    ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    tenants.add(rows.getString(1));
                }
            }
            return tenants;
        });
    }

    @Override
    public List<CompactionGroup> compactionGroups(int segmentsMin, int groupsMax) {
        return sql.single("list compaction groups", connection -> {
            List<CompactionGroup> groups = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement("select tenant, " + DAY
                    + " as day, level, count(*), sum(blocks_size_bytes + series_size_bytes)::bigint from weir.segment"
                    + " where removed_at is null group by 1, 2, 3 having count(*) >= ?"
                    + " order by 4 desc, 1, 2, 3 limit ?")) {
                statement.setInt(1, segmentsMin);
                statement.setInt(2, groupsMax);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        groups.add(new CompactionGroup(
                                rows.getString(1), rows.getLong(2), rows.getInt(3), rows.getLong(4), rows.getLong(5)));
                    }
                }
            }
            return groups;
        });
    }

    @Override
    public List<SegmentMeta> compactionCandidates(String tenant, long dayStartMillis, int level, int limit) {
        return segments(
                "find compaction candidates",
                "tenant = ? and removed_at is null and level = ? and min_time_millis >= ? and min_time_millis < ?"
                        + " order by min_time_millis, id collate \"C\" limit ?",
                statement -> {
                    statement.setString(1, tenant);
                    statement.setInt(2, level);
                    statement.setLong(3, dayStartMillis);
                    statement.setLong(4, dayStartMillis + DAY_MILLIS);
                    statement.setInt(5, limit);
                });
    }

    @Override
    public List<SegmentMeta> garbage(long graceMillis, int limit) {
        return segments(
                "find garbage",
                "removed_at <= now() - make_interval(secs => ? / 1000.0) order by removed_at, id limit ?",
                statement -> {
                    statement.setLong(1, graceMillis);
                    statement.setInt(2, limit);
                });
    }

    @FunctionalInterface
    private interface Binding {
        void bind(PreparedStatement statement) throws SQLException;
    }

    private List<SegmentMeta> segments(String what, String condition, Binding binding) {
        return sql.single(what, (Connection connection) -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "select " + SegmentRows.COLUMNS + " from weir.segment where " + condition)) {
                binding.bind(statement);
                return SegmentRows.readAll(statement);
            }
        });
    }

    @Override
    public void forget(Collection<String> segmentIds) {
        sql.single("forget garbage", connection -> {
            try (PreparedStatement statement = connection.prepareStatement(
                    "delete from weir.segment where removed_at is not null and id = any(?)")) {
                statement.setArray(1, SegmentRows.texts(connection, segmentIds));
                return statement.executeUpdate();
            }
        });
    }

    @Override
    public boolean enqueue(String kind, String tenant, String key, String payload) {
        return queue.enqueue(kind, tenant, key, payload);
    }

    @Override
    public Optional<Job> claim(String kind, String owner, long leaseMillis) {
        return queue.claim(kind, owner, leaseMillis);
    }

    @Override
    public boolean renew(Job job, long leaseMillis) {
        return queue.renew(job, leaseMillis);
    }

    @Override
    public boolean complete(Job job) {
        return queue.complete(job);
    }

    @Override
    public boolean fail(Job job, String error) {
        return queue.fail(job, error);
    }
}
