package io.weir.lake.catalog;

import io.weir.lake.segment.SegmentMeta;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Segments to rows and back. */
final class SegmentRows {
    static final String COLUMNS = "tenant, id, blocks_key, series_key, blocks_size_bytes, series_size_bytes,"
            + " blocks_checksum, series_checksum, min_time_millis, max_time_millis, series_count, sample_count, level";

    private SegmentRows() {}

    static SegmentMeta read(ResultSet row) throws SQLException {
        return new SegmentMeta(
                row.getString("tenant"),
                row.getString("id"),
                row.getString("blocks_key"),
                row.getString("series_key"),
                row.getLong("blocks_size_bytes"),
                row.getLong("series_size_bytes"),
                row.getString("blocks_checksum"),
                row.getString("series_checksum"),
                row.getLong("min_time_millis"),
                row.getLong("max_time_millis"),
                row.getLong("series_count"),
                row.getLong("sample_count"),
                row.getInt("level"));
    }

    static List<SegmentMeta> readAll(PreparedStatement statement) throws SQLException {
        List<SegmentMeta> segments = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                segments.add(read(rows));
            }
        }
        return segments;
    }

    static void insert(Connection connection, List<NewSegment> segments) throws SQLException {
        if (segments.isEmpty()) {
            return;
        }
        String sql = "insert into weir.segment (" + COLUMNS + ", fingerprints) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (NewSegment segment : segments) {
                bind(statement, segment.meta());
                statement.setArray(14, bigints(connection, segment.fingerprints()));
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    private static void bind(PreparedStatement statement, SegmentMeta meta) throws SQLException {
        statement.setString(1, meta.tenant());
        statement.setString(2, meta.id());
        statement.setString(3, meta.blocksKey());
        statement.setString(4, meta.seriesKey());
        statement.setLong(5, meta.blocksSizeBytes());
        statement.setLong(6, meta.seriesSizeBytes());
        statement.setString(7, meta.blocksChecksum());
        statement.setString(8, meta.seriesChecksum());
        statement.setLong(9, meta.minTimeMillis());
        statement.setLong(10, meta.maxTimeMillis());
        statement.setLong(11, meta.seriesCount());
        statement.setLong(12, meta.sampleCount());
        statement.setInt(13, meta.level());
    }

    static Array bigints(Connection connection, long[] values) throws SQLException {
        return connection.createArrayOf("bigint", Arrays.stream(values).boxed().toArray(Long[]::new));
    }

    static Array texts(Connection connection, Iterable<String> values) throws SQLException {
        List<String> list = new ArrayList<>();
        values.forEach(list::add);
        return connection.createArrayOf("text", list.toArray(new String[0]));
    }
}
