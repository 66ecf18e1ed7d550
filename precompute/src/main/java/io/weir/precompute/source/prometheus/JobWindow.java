package io.weir.precompute.source.prometheus;

import io.weir.precompute.source.LabelsHeap;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.SourceException.Cause;
import io.weir.promql.labels.Labels;
import io.weir.sketch.SampleSketches;
import io.weir.sketch.Sketch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * The parts of a job's window that were read, as sketches of each series: granules of equal length whose ends are multiples of it, so that the windows
 * of successive ticks are made of the same ones. For one thread at a time.
 */
final class JobWindow {
    private static final long SERIES_BYTES = 100;

    private final long granuleMillis;
    private final Supplier<Sketch> empty;
    private final long bytesMax;
    private final TreeMap<Long, Granule> granules = new TreeMap<>();
    private long retainedBytes;

    /** A time to read: (fromMillis, toMillis]. */
    record Read(long fromMillis, long toMillis) {}

    /** A part of a time, by series. */
    private static final class Granule {
        private final Map<Labels, Sketch> sketches = new HashMap<>();
        private long bytes;
    }

    /**
     * A window of which nothing was read.
     *
     * @param empty makes sketches of the job's function and options
     * @param bytesMax heap that its parts may take, and the sketches merged of them
     */
    JobWindow(long granuleMillis, Supplier<Sketch> empty, long bytesMax) {
        this.granuleMillis = granuleMillis;
        this.empty = empty;
        this.bytesMax = bytesMax;
    }

    /** Forgets what is before a window. */
    void forgetThrough(long fromMillis) {
        forget(granules.headMap(fromMillis, true));
    }

    /** Forgets what ended after a moment: what was read of it may not have been all. */
    void forgetAfter(long settledThroughMillis) {
        forget(granules.tailMap(settledThroughMillis, false));
    }

    private void forget(Map<Long, Granule> some) {
        some.values().forEach(it -> retainedBytes -= it.bytes);
        some.clear();
    }

    private void requireRoom(long bytes) throws SourceException {
        if (bytes > bytesMax) {
            throw new SourceException(
                    Cause.LIMIT,
                    "the sketches of the window take more than precompute-sources-prometheus-window-bytes-max="
                            + bytesMax + " bytes; select fewer series, or a shorter window");
        }
    }

    /** What of (fromMillis, toMillis] is to be read, in runs of at most {@code readMillis} where a granule is not longer. */
    List<Read> missing(long fromMillis, long toMillis, long readMillis) {
        List<Read> reads = new ArrayList<>();
        for (long end = fromMillis + granuleMillis; end <= toMillis; end += granuleMillis) {
            if (granules.containsKey(end)) {
                continue;
            }
            long begin = end - granuleMillis;
            Read last = reads.isEmpty() ? null : reads.getLast();
            if (last != null && last.toMillis == begin && end - last.fromMillis <= readMillis) {
                reads.set(reads.size() - 1, new Read(last.fromMillis, end));
            } else {
                reads.add(new Read(begin, end));
            }
        }
        return reads;
    }

    /** The samples of one read, not yet part of the window. */
    final class Reading {
        private final Read read;
        private final Map<Long, Granule> parts = new HashMap<>();
        private long readBytes;

        private Reading(Read read) {
            this.read = read;
            for (long end = read.fromMillis + granuleMillis; end <= read.toMillis; end += granuleMillis) {
                parts.put(end, new Granule());
            }
        }

        /**
         * Records a sample; one outside of the time is passed over: servers differ in which border belongs to a range.
         *
         * @throws SourceException if the window takes too much heap with it
         */
        void sample(Labels labels, long timeMillis, double value) throws SourceException {
            if (timeMillis <= read.fromMillis || timeMillis > read.toMillis) {
                return;
            }
            long end = Math.ceilDiv(timeMillis - read.fromMillis, granuleMillis) * granuleMillis + read.fromMillis;
            Granule part = parts.get(end);
            if (part == null) {
                throw new IllegalStateException("no granule ends at " + end);
            }
            Sketch known = part.sketches.get(labels);
            Sketch sketch = known == null ? empty.get() : known;
            long before = known == null ? -seriesBytes(labels) : known.retainedBytes();
            if (known == null) {
                part.sketches.put(labels, sketch);
            }
            SampleSketches.record(sketch, value);
            long added = sketch.retainedBytes() - before;
            part.bytes += added;
            readBytes += added;
            requireRoom(retainedBytes + readBytes);
        }

        /** Makes it part of the window: only what was read whole is. */
        void done() {
            granules.putAll(parts);
            retainedBytes += readBytes;
        }
    }

    private static long seriesBytes(Labels labels) {
        return SERIES_BYTES + LabelsHeap.bytes(labels);
    }

    Reading reading(Read read) {
        return new Reading(read);
    }

    /**
     * The sketches of (fromMillis, toMillis], by series; new ones.
     *
     * @throws SourceException if they take too much heap
     */
    Map<Labels, Sketch> merged(long fromMillis, long toMillis) throws SourceException {
        Map<Labels, List<Sketch>> bySeries = new TreeMap<>();
        for (Granule granule :
                granules.subMap(fromMillis, false, toMillis, true).values()) {
            granule.sketches.forEach((labels, sketch) ->
                    bySeries.computeIfAbsent(labels, _ -> new ArrayList<>()).add(sketch));
        }
        Map<Labels, Sketch> merged = new TreeMap<>();
        long bytes = 0;
        for (Map.Entry<Labels, List<Sketch>> series : bySeries.entrySet()) {
            Sketch sum = Sketch.merged(series.getValue());
            bytes += SERIES_BYTES + sum.retainedBytes();
            requireRoom(bytes);
            merged.put(series.getKey(), sum);
        }
        return merged;
    }

    /** Heap it takes, estimated, in bytes. */
    long retainedBytes() {
        return retainedBytes;
    }
}
