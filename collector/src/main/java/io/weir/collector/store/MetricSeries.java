package io.weir.collector.store;

import io.weir.promql.labels.Labels;
import java.util.TreeMap;
import java.util.TreeSet;

/** The series of one metric of one tenant, by their attributes, and the intervals of which something is missing. */
final class MetricSeries {
    /** With its key and the place in the map of all. */
    private static final int OBJECT_BYTES = 256;

    /** A node of the tree, and the number that it holds. */
    private static final int DAMAGED_BYTES = 64;

    final TreeMap<Labels, SeriesIntervals> series = new TreeMap<>();
    /** Ends of intervals that lost a sample. At most one for each interval that is kept. */
    private final TreeSet<Long> damaged = new TreeSet<>();

    void damage(long endMillis) {
        damaged.add(endMillis);
    }

    void expire(long untilMillis) {
        damaged.headSet(untilMillis, true).clear();
    }

    /** The end of the last damaged interval within (fromMillis, toMillis], or fromMillis. */
    long completeFrom(long fromMillis, long toMillis) {
        Long last = damaged.floor(toMillis);
        return last == null || last <= fromMillis ? fromMillis : last;
    }

    boolean isEmpty() {
        return series.isEmpty() && damaged.isEmpty();
    }

    /** Heap, estimated, in bytes; that of the series is not among it. */
    long retainedBytes() {
        return OBJECT_BYTES + (long) DAMAGED_BYTES * damaged.size();
    }
}
