package io.weir.collector.store;

import io.weir.promql.labels.Labels;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The intervals of one series, by their ends. */
final class SeriesIntervals {
    private static final int OBJECT_BYTES = 256;

    private final Labels attributes;
    private final TreeMap<Long, OpenInterval> open = new TreeMap<>();
    private final TreeMap<Long, ClosedInterval> closed = new TreeMap<>();
    private long retainedBytes = OBJECT_BYTES;

    /** @param attributes labels without the metric's name */
    SeriesIntervals(Labels attributes) {
        this.attributes = attributes;
    }

    Labels attributes() {
        return attributes;
    }

    /** @return whether it was not there */
    boolean add(long endMillis, long timeMillis, double value) {
        OpenInterval interval = open.get(endMillis);
        if (interval == null) {
            interval = new OpenInterval();
            open.put(endMillis, interval);
            retainedBytes += interval.retainedBytes();
        }
        long before = interval.retainedBytes();
        boolean added = interval.add(timeMillis, value);
        retainedBytes += interval.retainedBytes() - before;
        return added;
    }

    /** Closes the intervals that end at the watermark or before. */
    void close(long watermarkMillis, StoreSettings settings, SketchParameters parameters) {
        while (!open.isEmpty() && open.firstKey() <= watermarkMillis) {
            Map.Entry<Long, OpenInterval> oldest = open.pollFirstEntry();
            retainedBytes -= oldest.getValue().retainedBytes();
            ClosedInterval summary =
                    ClosedInterval.of(oldest.getValue().values(), settings.exactValuesMax(), parameters);
            closed.put(oldest.getKey(), summary);
            retainedBytes += summary.retainedBytes();
        }
    }

    /** Forgets the closed intervals that end at this time or before. */
    void expire(long untilMillis) {
        Iterator<ClosedInterval> old =
                closed.headMap(untilMillis, true).values().iterator();
        while (old.hasNext()) {
            retainedBytes -= old.next().retainedBytes();
            old.remove();
        }
    }

    /** The closed intervals within (fromMillis, toMillis]. */
    List<ClosedInterval> within(long fromMillis, long toMillis) {
        return List.copyOf(closed.subMap(fromMillis, false, toMillis, true).values());
    }

    boolean isEmpty() {
        return open.isEmpty() && closed.isEmpty();
    }

    int intervals() {
        return open.size() + closed.size();
    }

    long retainedBytes() {
        return retainedBytes;
    }
}
