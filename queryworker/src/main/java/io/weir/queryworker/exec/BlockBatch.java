package io.weir.queryworker.exec;

import io.weir.lake.codec.EncodedBlock;
import java.util.Arrays;

/**
 * The encoded blocks of a run of series, collected segment by segment and given back series by series. Its bytes are bounded; its arrays are
 * used again for the next run.
 */
final class BlockBatch {
    private static final int ARENA_START_BYTES = 8 * 1024;
    private static final int NONE = -1;

    private final int bytesMax;
    private byte[] arena = new byte[ARENA_START_BYTES];
    private int arenaSize;
    private EncodedBlock[] blocks = new EncodedBlock[64];
    private int[] segments = new int[64];
    private int[] next = new int[64];
    private int count;
    private int[] heads = new int[0];
    private int[] tails = new int[0];

    BlockBatch(long bytesMax) {
        this.bytesMax = Math.toIntExact(bytesMax);
    }

    /** Empties the batch for a run of so many series. */
    void clear(int seriesCount) {
        arenaSize = 0;
        count = 0;
        if (heads.length < seriesCount) {
            heads = new int[seriesCount];
            tails = new int[seriesCount];
        }
        Arrays.fill(heads, 0, seriesCount, NONE);
    }

    /** Copies a block of a series (by its place in the run); false if there is no room. */
    boolean add(int series, int segment, EncodedBlock source) {
        if (source.length > bytesMax - arenaSize) {
            return false;
        }
        if (arena.length - arenaSize < source.length) {
            long grown = Math.max(arena.length * 2L, (long) arenaSize + source.length);
            arena = Arrays.copyOf(arena, (int) Math.min(grown, bytesMax));
        }
        if (count == blocks.length) {
            blocks = Arrays.copyOf(blocks, count * 2);
            segments = Arrays.copyOf(segments, count * 2);
            next = Arrays.copyOf(next, count * 2);
        }
        EncodedBlock block = blocks[count];
        if (block == null) {
            block = new EncodedBlock();
            blocks[count] = block;
        }
        block.copyHeader(source);
        System.arraycopy(source.data, source.offset, arena, arenaSize, source.length);
        block.offset = arenaSize;
        block.length = source.length;
        arenaSize += source.length;
        segments[count] = segment;
        next[count] = NONE;
        if (heads[series] == NONE) {
            heads[series] = count;
        } else {
            next[tails[series]] = count;
        }
        tails[series] = count;
        count++;
        return true;
    }

    /** First block of a series of the run, in the order they were added; -1 if it has none. */
    int first(int series) {
        return heads[series];
    }

    /** The block after that one, or -1. */
    int next(int block) {
        return next[block];
    }

    int segment(int block) {
        return segments[block];
    }

    EncodedBlock block(int block) {
        EncodedBlock found = blocks[block];
        // The arena may have moved since the block was added.
        found.data = arena;
        return found;
    }
}
