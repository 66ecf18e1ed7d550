package io.weir.lake.segment;

import io.weir.lake.Shards;
import io.weir.lake.parquet.ParquetRowGroup;
import io.weir.lake.parquet.ParquetTableReader;
import io.weir.promql.labels.Labels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.io.api.Binary;
import org.jspecify.annotations.Nullable;

/**
 * Reads a segment's series file from front to back, checking the order, one row group in memory. Not thread-safe.
 *
 * <p>Equal label strings of a row group are one object.
 */
final class SeriesCursor implements AutoCloseable {
    private static final List<String> COLUMNS =
            List.of("ordinal", "shard", "min_time", "max_time", SegmentTables.LABEL_NAME, SegmentTables.LABEL_VALUE);
    /** More labels on one series than anybody accepts: only damage can look like this. */
    private static final int LABELS_MAX = 4096;

    private final String segment;
    private final ParquetTableReader table;
    private final Map<Binary, String> strings = new HashMap<>();
    private final long rowCount;
    private int nextRowGroup;
    private int rowsInGroup;
    private int rowInGroup;
    private int[] ordinals = new int[0];
    private int[] shards = new int[0];
    private long[] minTimes = new long[0];
    private long[] maxTimes = new long[0];
    private @Nullable ColumnReader names;
    private @Nullable ColumnReader values;
    private String[] pairs = new String[32];

    private int ordinal = -1;
    private long minTime;
    private long maxTime;
    private @Nullable SeriesKey key;

    private SeriesCursor(String segment, ParquetTableReader table) {
        this.segment = segment;
        this.table = table;
        this.rowCount = table.rowCount();
    }

    static SeriesCursor open(Path file, String segment) {
        try {
            ParquetTableReader table = ParquetTableReader.open(file);
            SegmentTables.checkVersion(segment, table.keyValues());
            return new SeriesCursor(segment, table);
        } catch (IOException e) {
            throw new CorruptSegmentException("series of segment " + segment + ": " + e.getMessage(), e);
        }
    }

    long rowCount() {
        return rowCount;
    }

    /** Moves to the next series; false at the end. */
    boolean next() {
        try {
            while (rowInGroup == rowsInGroup) {
                if (nextRowGroup == table.rowGroupCount()) {
                    return false;
                }
                load(nextRowGroup++);
            }
            readRow(rowInGroup++);
            return true;
        } catch (IOException e) {
            throw new CorruptSegmentException("series of segment " + segment + ": " + e.getMessage(), e);
        } catch (CorruptSegmentException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new CorruptSegmentException("series of segment " + segment + " cannot be read: " + e.getMessage(), e);
        }
    }

    private void load(int rowGroup) throws IOException {
        ParquetRowGroup group = table.read(rowGroup, COLUMNS);
        int rows = group.rowCount();
        if (ordinals.length < rows) {
            ordinals = new int[rows];
            shards = new int[rows];
            minTimes = new long[rows];
            maxTimes = new long[rows];
        }
        group.readInts("ordinal", ordinals);
        group.readInts("shard", shards);
        group.readLongs("min_time", minTimes);
        group.readLongs("max_time", maxTimes);
        names = group.reader(SegmentTables.LABEL_NAME);
        values = group.reader(SegmentTables.LABEL_VALUE);
        strings.clear();
        rowsInGroup = rows;
        rowInGroup = 0;
    }

    private void readRow(int row) {
        SeriesKey before = key;
        Labels labels = readLabels();
        if (ordinals[row] != ordinal + 1) {
            throw corrupt("ordinal " + ordinals[row] + " follows " + ordinal);
        }
        ordinal = ordinals[row];
        minTime = minTimes[row];
        maxTime = maxTimes[row];
        if (shards[row] < 0 || shards[row] >= Shards.COUNT || minTime > maxTime) {
            throw corrupt("series " + ordinal + " has a shard or times out of range");
        }
        SeriesKey now = new SeriesKey(labels, labels.metricName(), shards[row]);
        if (before != null && before.compareTo(now) >= 0) {
            throw corrupt("series " + ordinal + " is out of order");
        }
        key = now;
    }

    private Labels readLabels() {
        ColumnReader nameColumn = names;
        ColumnReader valueColumn = values;
        if (nameColumn == null || valueColumn == null) {
            throw new IllegalStateException("no row group loaded");
        }
        int length = 0;
        do {
            if (nameColumn.getCurrentDefinitionLevel() != valueColumn.getCurrentDefinitionLevel()) {
                throw corrupt("a label has a name or a value only");
            }
            if (nameColumn.getCurrentDefinitionLevel() > 0) {
                if (length == 2 * LABELS_MAX) {
                    throw corrupt("a series has more than " + LABELS_MAX + " labels");
                }
                if (length == pairs.length) {
                    pairs = Arrays.copyOf(pairs, length * 2);
                }
                pairs[length++] = string(nameColumn.getBinary());
                pairs[length++] = string(valueColumn.getBinary());
            }
            nameColumn.consume();
            valueColumn.consume();
        } while (nameColumn.getCurrentRepetitionLevel() > 0);
        return Labels.ofSorted(Arrays.copyOf(pairs, length));
    }

    private String string(Binary binary) {
        String known = strings.get(binary);
        if (known == null) {
            byte[] bytes = binary.getBytes();
            known = new String(bytes, StandardCharsets.UTF_8);
            strings.put(Binary.fromConstantByteArray(bytes), known);
        }
        return known;
    }

    private CorruptSegmentException corrupt(String what) {
        return new CorruptSegmentException("series of segment " + segment + ": " + what);
    }

    int ordinal() {
        return ordinal;
    }

    SeriesKey key() {
        SeriesKey now = key;
        if (now == null) {
            throw new IllegalStateException("no series yet");
        }
        return now;
    }

    long minTimeMillis() {
        return minTime;
    }

    long maxTimeMillis() {
        return maxTime;
    }

    @Override
    public void close() {
        try {
            table.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("cannot close the series of segment " + segment, e);
        }
    }
}
