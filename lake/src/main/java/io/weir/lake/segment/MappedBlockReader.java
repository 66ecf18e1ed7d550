package io.weir.lake.segment;

import java.util.BitSet;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/** Reads blocks from a mapped file by binary search over their headers, without Parquet or DuckDB. */
final class MappedBlockReader implements BlockReader {
    /** Room behind a block's bytes, so that the decoder needs no copy of its own. */
    private static final int SLACK_BYTES = 8;

    private final MappedBlocks blocks;
    private final EncodedBlockRow row;
    private volatile boolean cancelled;

    MappedBlockReader(MappedBlocks blocks) {
        this.blocks = blocks;
        this.row = new EncodedBlockRow(blocks.segment());
    }

    @Override
    public void scan(
            int seriesFrom,
            int seriesTo,
            @Nullable BitSet selected,
            long startMillis,
            long endMillis,
            BlockConsumer consumer) {
        int block = blocks.firstOf(seriesFrom);
        while (block < blocks.count() && blocks.series(block) < seriesTo) {
            int series = blocks.series(block);
            if (selected != null && !selected.get(series)) {
                int next = selected.nextSetBit(series);
                if (next < 0) {
                    return;
                }
                block = blocks.firstOf(next);
                continue;
            }
            if (cancelled) {
                throw new CancellationException("scan of segment " + blocks.segment() + " was cancelled");
            }
            if (blocks.firstTime(block) <= endMillis && blocks.lastTime(block) >= startMillis) {
                blocks.fill(block, row.block(), SLACK_BYTES);
                consumer.accept(row);
            }
            block++;
        }
    }

    @Override
    public void cancel() {
        cancelled = true;
    }

    @Override
    public void close() {
        // The mapping belongs to MappedBlocks.
    }
}
