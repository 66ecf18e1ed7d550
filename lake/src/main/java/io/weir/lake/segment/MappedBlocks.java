package io.weir.lake.segment;

import io.weir.lake.codec.EncodedBlock;
import io.weir.lake.parquet.ParquetRowGroup;
import io.weir.lake.parquet.ParquetTableReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The block headers of a segment in memory, and its file mapped: for segments that are read often. About 80 bytes of heap per block.
 * Immutable and thread-safe; {@link #open} gives a reader per scan. The mapping ends with its arena; the file may be deleted before, but not be
 * shortened.
 */
public final class MappedBlocks {
    private static final int HEAP_BYTES_PER_BLOCK = 9 * Integer.BYTES + 7 * Long.BYTES;
    private static final List<String> INT_COLUMNS = List.of("series", "n", "tw", "tx", "kind", "e", "w", "vx", "rx");
    private static final List<String> LONG_COLUMNS = List.of("t0", "t1", "dt", "m0", "dmin");

    private final String segment;
    private final MemorySegment file;
    private final int count;
    private final int[][] ints;
    private final long[][] longs;
    private final long[] offsets;
    private final int[] lengths;

    private MappedBlocks(String segment, MemorySegment file, int count) {
        this.segment = segment;
        this.file = file;
        this.count = count;
        this.ints = new int[INT_COLUMNS.size()][count];
        this.longs = new long[LONG_COLUMNS.size()][count];
        this.offsets = new long[count];
        this.lengths = new int[count];
    }

    /**
     * Maps a blocks file and reads its headers. The mapping ends when the garbage collector finds that nobody uses it.
     *
     * @param segment named in errors
     * @throws CorruptSegmentException if it is not as its writer wrote it
     */
    public static MappedBlocks load(Path blocks, String segment) {
        return load(blocks, segment, Arena.ofAuto(), Long.MAX_VALUE)
                .orElseThrow(() -> new CorruptSegmentException("segment " + segment + " has too many blocks"));
    }

    /**
     * Maps a blocks file and reads its headers, if their heap bytes are within a limit.
     *
     * @param segment named in errors
     * @param arena ends the mapping; no reader may be in use then
     * @param sizeBytesMax greatest {@link #sizeBytes}
     * @return empty if the limit is too low; nothing has been mapped then
     * @throws CorruptSegmentException if it is not as its writer wrote it
     */
    public static Optional<MappedBlocks> load(Path blocks, String segment, Arena arena, long sizeBytesMax) {
        try (ParquetTableReader table = ParquetTableReader.open(blocks);
                FileChannel channel = FileChannel.open(blocks, StandardOpenOption.READ)) {
            SegmentTables.checkVersion(segment, table.keyValues());
            int count = Math.toIntExact(table.rowCount());
            if ((long) count * HEAP_BYTES_PER_BLOCK > sizeBytesMax) {
                return Optional.empty();
            }
            MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            MappedBlocks mapped = new MappedBlocks(segment, file, count);
            mapped.readHeaders(table);
            return Optional.of(mapped);
        } catch (IOException | ArithmeticException e) {
            throw new CorruptSegmentException("blocks of segment " + segment + ": " + e.getMessage(), e);
        }
    }

    private void readHeaders(ParquetTableReader table) throws IOException {
        List<String> columns = new ArrayList<>(INT_COLUMNS);
        columns.addAll(LONG_COLUMNS);
        BlockOrder order = new BlockOrder(segment);
        int from = 0;
        for (int rowGroup = 0; rowGroup < table.rowGroupCount(); rowGroup++) {
            int rows = table.rowCount(rowGroup);
            if (rows > count - from) {
                throw new IOException("more rows than the footer says");
            }
            ParquetRowGroup group = table.read(rowGroup, columns);
            int[] someInts = new int[rows];
            for (int i = 0; i < ints.length; i++) {
                group.readInts(INT_COLUMNS.get(i), someInts);
                System.arraycopy(someInts, 0, ints[i], from, rows);
            }
            long[] someLongs = new long[rows];
            for (int i = 0; i < longs.length; i++) {
                group.readLongs(LONG_COLUMNS.get(i), someLongs);
                System.arraycopy(someLongs, 0, longs[i], from, rows);
            }
            table.locateBinaries(rowGroup, "bits", file, offsets, lengths, from);
            for (int i = from; i < from + rows; i++) {
                order.check(ints[0][i], longs[0][i], longs[1][i]);
            }
            from += rows;
        }
        if (from != count) {
            throw new IOException("fewer rows than the footer says");
        }
    }

    /** Approximate heap bytes, for the cache that holds it. */
    public long sizeBytes() {
        return (long) count * HEAP_BYTES_PER_BLOCK;
    }

    /** A reader for one scan at a time. */
    public BlockReader open() {
        return new MappedBlockReader(this);
    }

    String segment() {
        return segment;
    }

    int count() {
        return count;
    }

    int series(int block) {
        return ints[0][block];
    }

    long firstTime(int block) {
        return longs[0][block];
    }

    long lastTime(int block) {
        return longs[1][block];
    }

    /** First block of the first series that is not below the given one. */
    int firstOf(int series) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (ints[0][middle] < series) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** Copies a block's header, and its bytes into the block's own array, which grows as needed. */
    void fill(int index, EncodedBlock block, int slackBytes) {
        block.series = ints[0][index];
        block.n = ints[1][index];
        block.tw = ints[2][index];
        block.tx = ints[3][index];
        block.kind = ints[4][index];
        block.e = ints[5][index];
        block.w = ints[6][index];
        block.vx = ints[7][index];
        block.rx = ints[8][index];
        block.t0 = longs[0][index];
        block.t1 = longs[1][index];
        block.dt = longs[2][index];
        block.m0 = longs[3][index];
        block.dmin = longs[4][index];
        int length = lengths[index];
        if (block.data.length < length + slackBytes) {
            block.data = new byte[Math.max(length + slackBytes, block.data.length * 2)];
        }
        try {
            MemorySegment.copy(file, ValueLayout.JAVA_BYTE, offsets[index], block.data, 0, length);
        } catch (InternalError e) {
            // What the JVM makes of a page that cannot be read: the disk failed, or the file was shortened.
            throw new CorruptSegmentException("blocks of segment " + segment + ": the mapped file cannot be read", e);
        }
        block.offset = 0;
        block.length = length;
    }
}
