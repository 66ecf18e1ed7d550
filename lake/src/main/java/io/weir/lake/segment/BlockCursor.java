package io.weir.lake.segment;

import io.weir.lake.codec.EncodedBlock;
import io.weir.lake.parquet.ParquetRowGroup;
import io.weir.lake.parquet.ParquetTableReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.apache.parquet.io.api.Binary;

/**
 * Reads blocks with parquet-java from front to back, one row group in memory, leaving out row groups that cannot hold what is
 * wanted. Checks the order. Not thread-safe.
 */
final class BlockCursor implements AutoCloseable {
    private final String segment;
    private final ParquetTableReader table;
    private final long seriesFrom;
    private final long seriesTo;
    private final long startMillis;
    private final long endMillis;
    private final BlockOrder order;
    private final EncodedBlock block = new EncodedBlock();
    private final int[][] ints = new int[9][0];
    private final long[][] longs = new long[5][0];
    private Binary[] bits = new Binary[0];
    private int nextRowGroup;
    private int rowsInGroup;
    private int rowInGroup;

    private BlockCursor(
            String segment, ParquetTableReader table, int seriesFrom, int seriesTo, long startMillis, long endMillis) {
        this.segment = segment;
        this.table = table;
        this.seriesFrom = seriesFrom;
        this.seriesTo = seriesTo;
        this.startMillis = startMillis;
        this.endMillis = endMillis;
        this.order = new BlockOrder(segment);
    }

    static BlockCursor open(Path file, String segment, int seriesFrom, int seriesTo, long startMillis, long endMillis) {
        try {
            ParquetTableReader table = ParquetTableReader.open(file);
            SegmentTables.checkVersion(segment, table.keyValues());
            return new BlockCursor(segment, table, seriesFrom, seriesTo, startMillis, endMillis);
        } catch (IOException e) {
            throw new CorruptSegmentException("blocks of segment " + segment + ": " + e.getMessage(), e);
        }
    }

    /** Moves to the next wanted block; false at the end. */
    boolean next() {
        try {
            while (true) {
                while (rowInGroup == rowsInGroup) {
                    if (nextRowGroup == table.rowGroupCount()) {
                        return false;
                    }
                    int group = nextRowGroup++;
                    if (overlaps(group)) {
                        load(group);
                    }
                }
                if (fill(rowInGroup++)) {
                    return true;
                }
            }
        } catch (IOException e) {
            throw new CorruptSegmentException("blocks of segment " + segment + ": " + e.getMessage(), e);
        }
    }

    private boolean overlaps(int group) {
        long[] series = table.range(group, "series");
        long[] first = table.range(group, "t0");
        long[] last = table.range(group, "t1");
        return (series == null || (series[0] < seriesTo && series[1] >= seriesFrom))
                && (first == null || first[0] <= endMillis)
                && (last == null || last[1] >= startMillis);
    }

    private void load(int rowGroup) throws IOException {
        ParquetRowGroup group = table.read(rowGroup, SegmentTables.BLOCK_COLUMNS);
        int rows = group.rowCount();
        if (bits.length < rows) {
            for (int i = 0; i < ints.length; i++) {
                ints[i] = new int[rows];
            }
            for (int i = 0; i < longs.length; i++) {
                longs[i] = new long[rows];
            }
            bits = new Binary[rows];
        }
        List<String> intColumns = List.of("series", "n", "tw", "tx", "kind", "e", "w", "vx", "rx");
        for (int i = 0; i < ints.length; i++) {
            group.readInts(intColumns.get(i), ints[i]);
        }
        List<String> longColumns = List.of("t0", "t1", "dt", "m0", "dmin");
        for (int i = 0; i < longs.length; i++) {
            group.readLongs(longColumns.get(i), longs[i]);
        }
        group.readBinaries("bits", bits);
        rowsInGroup = rows;
        rowInGroup = 0;
    }

    private boolean fill(int row) {
        block.series = ints[0][row];
        block.n = ints[1][row];
        block.t0 = longs[0][row];
        block.t1 = longs[1][row];
        order.check(block.series, block.t0, block.t1);
        if (block.series < seriesFrom || block.series >= seriesTo || block.t0 > endMillis || block.t1 < startMillis) {
            return false;
        }
        block.tw = ints[2][row];
        block.tx = ints[3][row];
        block.kind = ints[4][row];
        block.e = ints[5][row];
        block.w = ints[6][row];
        block.vx = ints[7][row];
        block.rx = ints[8][row];
        block.dt = longs[2][row];
        block.m0 = longs[3][row];
        block.dmin = longs[4][row];
        ByteBuffer bytes = bits[row].toByteBuffer();
        if (bytes.hasArray()) {
            block.data = bytes.array();
            block.offset = bytes.arrayOffset() + bytes.position();
        } else {
            block.data = bits[row].getBytes();
            block.offset = 0;
        }
        block.length = bits[row].length();
        return true;
    }

    /** The current block; refilled by {@link #next}. */
    EncodedBlock block() {
        return block;
    }

    @Override
    public void close() {
        try {
            table.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close the blocks of segment " + segment, e);
        }
    }
}
