package io.weir.precompute.source.lake;

import io.weir.promql.labels.Labels;
import io.weir.sketch.Sketch;
import java.util.Map;
import java.util.Set;

/**
 * The sketches of one granule. Nobody changes them: they are merged into others.
 *
 * @param segmentIds of every segment that overlapped the granule when it was read: while these are the same, so are the sketches
 * @param sketches by series
 * @param bytes of heap, estimated
 */
record GranuleSketches(Set<String> segmentIds, Map<Labels, Sketch> sketches, long bytes) {
    /** Labels and the entry of a map, roughly. */
    private static final long SERIES_BYTES = 200;

    GranuleSketches {
        segmentIds = Set.copyOf(segmentIds);
    }

    static GranuleSketches of(Set<String> segmentIds, Map<Labels, Sketch> sketches) {
        long bytes = 100L * (segmentIds.size() + 1);
        for (Sketch sketch : sketches.values()) {
            bytes += sketch.retainedBytes() + SERIES_BYTES;
        }
        return new GranuleSketches(segmentIds, sketches, bytes);
    }
}
