package io.weir.lake.segment;

import java.nio.file.Path;
import java.util.BitSet;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/** Reads blocks with parquet-java: for compaction, and as the other opinion when DuckDB is tested. */
public final class ParquetBlockReader implements BlockReader {
    private final Path blocks;
    private final String segment;
    private final EncodedBlockRow row;
    private volatile boolean cancelled;

    /**
     * @param segment named in errors
     */
    public ParquetBlockReader(Path blocks, String segment) {
        this.blocks = blocks;
        this.segment = segment;
        this.row = new EncodedBlockRow(segment);
    }

    @Override
    public void scan(
            int seriesFrom,
            int seriesTo,
            @Nullable BitSet selected,
            long startMillis,
            long endMillis,
            BlockConsumer consumer) {
        try (BlockCursor cursor = BlockCursor.open(blocks, segment, seriesFrom, seriesTo, startMillis, endMillis)) {
            row.use(cursor.block());
            while (cursor.next()) {
                if (cancelled) {
                    throw new CancellationException("scan of segment " + segment + " was cancelled");
                }
                if (selected == null || selected.get(cursor.block().series)) {
                    consumer.accept(row);
                }
            }
        }
    }

    @Override
    public void cancel() {
        cancelled = true;
    }

    @Override
    public void close() {
        // Every scan closes its file.
    }
}
