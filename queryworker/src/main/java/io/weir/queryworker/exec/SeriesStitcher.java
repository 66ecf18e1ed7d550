package io.weir.queryworker.exec;

import io.weir.lake.codec.BlockDecoder;
import io.weir.lake.codec.EncodedBlock;
import io.weir.lake.segment.CorruptSegmentException;
import io.weir.promql.series.SampleBuffer;
import java.util.Arrays;
import java.util.List;

/** Joins the blocks that several segments have of one series into one run of samples, each time once. */
final class SeriesStitcher {
    private final List<SelectedSeries> segments;
    private final long afterMillis;
    private final long untilMillis;
    private final HistogramMemory memory;
    private final BlockDecoder decoder = new BlockDecoder();
    private final SampleBuffer incoming = new SampleBuffer(0);
    private SampleBuffer result = new SampleBuffer(0);
    private SampleBuffer spare = new SampleBuffer(0);
    private int[] order = new int[16];
    private int current;

    /**
     * A stitcher.
     *
     * @param segments in ascending order of their ids: a later one wins where two have a sample at the same time
     */
    SeriesStitcher(List<SelectedSeries> segments, long afterMillis, long untilMillis, HistogramMemory memory) {
        this.segments = segments;
        this.afterMillis = afterMillis;
        this.untilMillis = untilMillis;
        this.memory = memory;
    }

    /** Index of the segment whose block was decoded last. */
    int currentSegment() {
        return current;
    }

    /** The samples of a series of the batch in (after, until]; valid until the next call. */
    SampleBuffer stitch(BlockBatch batch, int series) {
        int count = 0;
        for (int block = batch.first(series); block >= 0; block = batch.next(block)) {
            if (count == order.length) {
                order = Arrays.copyOf(order, count * 2);
            }
            order[count++] = block;
        }
        result.clear();
        memory.clear();
        if (isDisjoint(batch, count) || (sortByTime(batch, count) && isDisjoint(batch, count))) {
            for (int i = 0; i < count; i++) {
                decode(batch, order[i], result);
                if (i == 0) {
                    // Only the first block can reach back: cutting now moves a block, not the series.
                    Samples.dropUntil(result, afterMillis);
                }
            }
        } else {
            mergeSegments(batch, series);
            Samples.dropUntil(result, afterMillis);
        }
        Samples.dropAfter(result, untilMillis);
        return result;
    }

    private boolean isDisjoint(BlockBatch batch, int count) {
        for (int i = 1; i < count; i++) {
            if (batch.block(order[i]).t0 <= batch.block(order[i - 1]).t1) {
                return false;
            }
        }
        return true;
    }

    /** Insertion sort: there are few blocks, and they are nearly in order. */
    private boolean sortByTime(BlockBatch batch, int count) {
        for (int i = 1; i < count; i++) {
            int moved = order[i];
            long time = batch.block(moved).t0;
            int at = i - 1;
            while (at >= 0 && batch.block(order[at]).t0 > time) {
                order[at + 1] = order[at];
                at--;
            }
            order[at + 1] = moved;
        }
        return true;
    }

    private void mergeSegments(BlockBatch batch, int series) {
        int block = batch.first(series);
        while (block >= 0) {
            int segment = batch.segment(block);
            incoming.clear();
            while (block >= 0 && batch.segment(block) == segment) {
                decode(batch, block, incoming);
                block = batch.next(block);
            }
            Samples.merge(result, incoming, spare);
            SampleBuffer swap = result;
            result = spare;
            spare = swap;
        }
    }

    private void decode(BlockBatch batch, int index, SampleBuffer into) {
        current = batch.segment(index);
        EncodedBlock block = batch.block(index);
        int size = into.size();
        if (size > 0 && into.timestamps()[size - 1] >= block.t0) {
            throw corrupt("blocks of series " + block.series + " overlap in it", null);
        }
        try {
            decoder.decode(block, into);
        } catch (CorruptSegmentException e) {
            throw corrupt(String.valueOf(e.getMessage()), e);
        }
        memory.take(into, size);
    }

    private CorruptSegmentException corrupt(String reason, @org.jspecify.annotations.Nullable Exception cause) {
        String message = "segment " + segments.get(current).segment().getId() + ": " + reason;
        return cause == null ? new CorruptSegmentException(message) : new CorruptSegmentException(message, cause);
    }
}
