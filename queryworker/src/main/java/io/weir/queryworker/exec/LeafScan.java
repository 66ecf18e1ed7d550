package io.weir.queryworker.exec;

import io.weir.lake.segment.BlockReader;
import io.weir.lake.segment.BlockRow;
import io.weir.lake.segment.CorruptSegmentException;
import io.weir.lake.segment.EncodedBlockRow;
import io.weir.promql.error.QueryException;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.SampleCost;
import io.weir.proto.leaf.v1.Segment;
import io.weir.queryworker.cache.CacheUse;
import io.weir.queryworker.cache.FileLease;
import io.weir.queryworker.cache.SegmentCache;
import io.weir.queryworker.workmanager.WorkExecutor.Cancellation;
import io.weir.queryworker.workmanager.WorkFailureException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/**
 * Reads series from the segments of one piece of work, each series once with all its samples of a time range (left-open, right-closed).
 * One instance serves one reading.
 */
final class LeafScan {
    /*
     * Implementation notes. One segment: its scan drives the kernels, a series is decoded into one buffer that stays in the cache of the core. Several: a
     * scan pushes rows, so segments cannot be walked in step. Runs of series are collected from one segment after the other, still encoded (1 to 2
     * bytes per sample, a tenth of the decoded size), then decoded series by series into one buffer. A run is as long as the byte limit
     * permits, so a scan's fixed cost is paid once or a few times per segment.
     */
    private final SegmentCache cache;
    private final BlockReaders readers;
    private final ExecutorSettings settings;
    private final long seriesMax;
    private final Cancellation cancellation;
    private final CacheUse use;
    private final long afterMillis;
    private final long untilMillis;
    private volatile @Nullable BlockReader active;
    private @Nullable Segment current;
    private long samplesRead;
    private long blocksRead;
    private long seriesMatched;

    LeafScan(
            SegmentCache cache,
            BlockReaders readers,
            ExecutorSettings settings,
            long seriesMax,
            Cancellation cancellation,
            CacheUse use,
            long afterMillis,
            long untilMillis) {
        this.cache = cache;
        this.readers = readers;
        this.settings = settings;
        this.seriesMax = seriesMax;
        this.cancellation = cancellation;
        this.use = use;
        this.afterMillis = afterMillis;
        this.untilMillis = untilMillis;
    }

    long samplesRead() {
        return samplesRead;
    }

    long blocksRead() {
        return blocksRead;
    }

    /** Distinct series that were selected. */
    long seriesMatched() {
        return seriesMatched;
    }

    private void takeSeries(long count) {
        seriesMatched = count;
        if (count > seriesMax) {
            throw new QueryException.LimitExceeded("one piece of work touches " + count
                    + " series, more than " + seriesMax
                    + ", the smaller of the settings query-series-max and worker-executor-series-max; add"
                    + " matchers or raise them");
        }
    }

    /** The segment that was being read or decoded last. */
    @Nullable
    Segment current() {
        return current;
    }

    /** Stops the reading soon; from any thread. */
    void cancel() {
        BlockReader running = active;
        if (running != null) {
            running.cancel();
        }
    }

    /**
     * Passes every selected series that has samples to the consumer.
     *
     * @param segments in ascending order of their ids, each with at least one series
     * @throws CancellationException when the work is canceled or its deadline has passed
     */
    void read(List<SelectedSeries> segments, SeriesConsumer consumer) throws WorkFailureException {
        SeriesUnion union = segments.size() > 1 ? SeriesUnion.of(segments) : null;
        takeSeries(
                union != null
                        ? union.size()
                        : segments.isEmpty() ? 0 : segments.getFirst().size());
        List<FileLease> leases = new ArrayList<>(segments.size());
        try {
            cache.prefetchBlocks(segments.stream().map(SelectedSeries::segment).toList(), use);
            for (SelectedSeries segment : segments) {
                current = segment.segment();
                leases.add(cache.blocks(segment.segment(), use));
            }
            if (union != null) {
                readStitched(segments, leases, union, consumer);
            } else if (!segments.isEmpty()) {
                SelectedSeries only = segments.getFirst();
                OneSegment rows = new OneSegment(only, consumer);
                scan(only, leases.getFirst(), 0, only.size(), rows);
                rows.flush();
            }
        } finally {
            leases.forEach(FileLease::close);
        }
    }

    private void scan(SelectedSeries segment, FileLease file, int from, int to, BlockReader.BlockConsumer rows) {
        current = segment.segment();
        BitSet sparse = segment.sparse(from, to);
        try (BlockReader reader = readers.open(file.path(), segment.segment().getId())) {
            active = reader;
            // Canceled before the reader was there to be told.
            checkCanceled();
            reader.scan(segment.ordinal(from), segment.ordinal(to - 1) + 1, sparse, afterMillis + 1, untilMillis, rows);
        } finally {
            active = null;
        }
    }

    /** @throws CancellationException when the work is canceled or its deadline has passed */
    void checkCanceled() {
        if (cancellation.isCanceled() || cancellation.remainingMillis() <= 0) {
            throw new CancellationException("the work was canceled");
        }
    }

    private void deliver(SeriesConsumer consumer, io.weir.promql.labels.Labels labels, SampleBuffer samples) {
        checkCanceled();
        if (samples.size() > 0) {
            samplesRead += SampleCost.of(samples);
            consumer.accept(labels, samples);
        }
    }

    /** Decodes and passes on the rows of a scan of the only segment. */
    private final class OneSegment implements BlockReader.BlockConsumer {
        private final SelectedSeries segment;
        private final SeriesConsumer consumer;
        private final SampleBuffer samples = new SampleBuffer(1024);
        private final HistogramMemory memory = new HistogramMemory(settings.seriesHistogramBytesMax());
        private int position;
        private int series = -1;
        private boolean wanted;

        OneSegment(SelectedSeries segment, SeriesConsumer consumer) {
            this.segment = segment;
            this.consumer = consumer;
        }

        @Override
        public void accept(BlockRow row) {
            if (row.series() != series) {
                flush();
                series = row.series();
                while (position < segment.size() && segment.ordinal(position) < series) {
                    position++;
                }
                wanted = position < segment.size() && segment.ordinal(position) == series;
            }
            if (!wanted) {
                return;
            }
            blocksRead++;
            int size = samples.size();
            if (size > 0 && samples.timestamps()[size - 1] >= row.firstTimeMillis()) {
                throw new CorruptSegmentException(
                        "segment " + segment.segment().getId() + ": blocks of series " + series + " overlap");
            }
            row.decode(samples);
            memory.take(samples, size);
            if (size == 0) {
                // Only the first block can reach back: cutting now moves a block, not the series.
                Samples.dropUntil(samples, afterMillis);
            }
        }

        void flush() {
            if (wanted && samples.size() > 0) {
                Samples.dropAfter(samples, untilMillis);
                deliver(consumer, segment.labels(position), samples);
                samples.clear();
                memory.clear();
            }
        }
    }

    /** The collected blocks have passed the limit: the run was too long. */
    private static final class BatchFull extends RuntimeException {
        private static final long serialVersionUID = 1L;

        BatchFull() {
            super("batch of blocks is full", null, false, false);
        }
    }

    private void readStitched(
            List<SelectedSeries> segments, List<FileLease> leases, SeriesUnion union, SeriesConsumer consumer) {
        long batchBytesMax = settings.encodedBatchBytesMax();
        long perSeries = 0;
        for (SelectedSeries segment : segments) {
            perSeries += segment.averageBytes();
        }
        // Half of the limit, since series differ.
        int runLength = (int) Math.clamp(batchBytesMax / 2 / perSeries, 1, union.size());
        var batch = new BlockBatch(batchBytesMax);
        var stitcher = new SeriesStitcher(
                segments, afterMillis, untilMillis, new HistogramMemory(settings.seriesHistogramBytesMax()));
        int from = 0;
        while (from < union.size()) {
            int to = Math.min(union.size(), from + runLength);
            try {
                collect(segments, leases, union, from, to, batch);
            } catch (BatchFull e) {
                if (to - from == 1) {
                    throw new QueryException.LimitExceeded("series " + union.labels(from)
                            + " has more encoded bytes in this range than the workers' setting"
                            + " worker-executor-encoded-batch-bytes-max = "
                            + batchBytesMax
                            + "; select a shorter range or raise it");
                }
                runLength = (to - from) / 2;
                continue;
            }
            for (int series = from; series < to; series++) {
                SampleBuffer samples;
                try {
                    samples = stitcher.stitch(batch, series - from);
                } catch (CorruptSegmentException e) {
                    current = segments.get(stitcher.currentSegment()).segment();
                    throw e;
                }
                deliver(consumer, union.labels(series), samples);
            }
            from = to;
        }
    }

    private void collect(
            List<SelectedSeries> segments,
            List<FileLease> leases,
            SeriesUnion union,
            int seriesFrom,
            int seriesTo,
            BlockBatch batch) {
        batch.clear(seriesTo - seriesFrom);
        for (int i = 0; i < segments.size(); i++) {
            int[] ordinals = union.ordinals(i);
            int from = lowerBound(ordinals, seriesFrom);
            int to = lowerBound(ordinals, seriesTo);
            if (from < to) {
                var rows = new Collector(segments.get(i), i, ordinals, from, to, seriesFrom, batch);
                scan(segments.get(i), leases.get(i), from, to, rows);
            }
        }
    }

    private static int lowerBound(int[] sorted, int value) {
        int found = java.util.Arrays.binarySearch(sorted, value);
        return found >= 0 ? found : -found - 1;
    }

    /** Keeps the encoded blocks of one segment's scan. */
    private final class Collector implements BlockReader.BlockConsumer {
        private final SelectedSeries segment;
        private final int segmentNumber;
        private final int[] unionOrdinals;
        private final int to;
        private final int seriesFrom;
        private final BlockBatch batch;
        private int position;

        Collector(
                SelectedSeries segment,
                int segmentNumber,
                int[] unionOrdinals,
                int from,
                int to,
                int seriesFrom,
                BlockBatch batch) {
            this.segment = segment;
            this.segmentNumber = segmentNumber;
            this.unionOrdinals = unionOrdinals;
            this.position = from;
            this.to = to;
            this.seriesFrom = seriesFrom;
            this.batch = batch;
        }

        @Override
        public void accept(BlockRow row) {
            if (!(row instanceof EncodedBlockRow encoded)) {
                throw new IllegalStateException("a reader of segments gave no encoded rows: " + row.getClass());
            }
            while (position < to && segment.ordinal(position) < row.series()) {
                position++;
            }
            if (position < to && segment.ordinal(position) == row.series()) {
                if (!batch.add(unionOrdinals[position] - seriesFrom, segmentNumber, encoded.block())) {
                    throw new BatchFull();
                }
                blocksRead++;
            }
        }
    }
}
