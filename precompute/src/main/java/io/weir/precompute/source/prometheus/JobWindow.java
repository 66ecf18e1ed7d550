package io.weir.precompute.source.prometheus;

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
    private static final long SERIES_BYTES = 200;

    private final long granuleMillis;
    private final Supplier<Sketch> empty;
    private final TreeMap<Long, Map<Labels, Sketch>> granules = new TreeMap<>();

    /** A time to read: (fromMillis, toMillis]. */
    record Read(long fromMillis, long toMillis) {}

    /** @param empty makes sketches of the job's function and options */
    JobWindow(long granuleMillis, Supplier<Sketch> empty) {
        this.granuleMillis = granuleMillis;
        this.empty = empty;
    }

    /** Forgets what is before a window. */
    void forgetThrough(long fromMillis) {
        granules.headMap(fromMillis, true).clear();
    }

    /** Forgets what ended after a moment: what was read of it may not have been all. */
    void forgetAfter(long settledThroughMillis) {
        granules.tailMap(settledThroughMillis, false).clear();
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
        private final Map<Long, Map<Labels, Sketch>> parts = new HashMap<>();

        private Reading(Read read) {
            this.read = read;
            for (long end = read.fromMillis + granuleMillis; end <= read.toMillis; end += granuleMillis) {
                parts.put(end, new HashMap<>());
            }
        }

        /** Records a sample; one outside of the time is passed over: servers differ in which border belongs to a range. */
        void sample(Labels labels, long timeMillis, double value) {
            if (timeMillis <= read.fromMillis || timeMillis > read.toMillis) {
                return;
            }
            long end = Math.ceilDiv(timeMillis - read.fromMillis, granuleMillis) * granuleMillis + read.fromMillis;
            Map<Labels, Sketch> part = parts.get(end);
            if (part == null) {
                throw new IllegalStateException("no granule ends at " + end);
            }
            SampleSketches.record(part.computeIfAbsent(labels, any -> empty.get()), value);
        }

        /** Makes it part of the window: only what was read whole is. */
        void done() {
            granules.putAll(parts);
        }
    }

    Reading reading(Read read) {
        return new Reading(read);
    }

    /** The sketches of (fromMillis, toMillis], by series; new ones. */
    Map<Labels, Sketch> merged(long fromMillis, long toMillis) {
        Map<Labels, Sketch> merged = new TreeMap<>();
        granules.subMap(fromMillis, false, toMillis, true)
                .values()
                .forEach(part -> part.forEach((labels, sketch) -> {
                    Sketch sum = merged.get(labels);
                    if (sum == null) {
                        merged.put(labels, sketch.copy());
                    } else {
                        sum.mergeFrom(sketch);
                    }
                }));
        return merged;
    }

    /** Heap it takes, estimated, in bytes. */
    long retainedBytes() {
        return granules.values().stream()
                .flatMap(part -> part.values().stream())
                .mapToLong(sketch -> SERIES_BYTES + sketch.retainedBytes())
                .sum();
    }
}
