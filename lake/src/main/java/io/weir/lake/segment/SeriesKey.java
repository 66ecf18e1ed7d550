package io.weir.lake.segment;

import io.weir.lake.Shards;
import io.weir.promql.labels.Labels;

/** A series with what its place in a segment depends on, computed once; compares in the order of {@link SegmentOrder}. */
public record SeriesKey(Labels labels, String metric, int shard) implements Comparable<SeriesKey> {
    public static SeriesKey of(Labels labels) {
        return new SeriesKey(labels, labels.metricName(), Shards.of(labels));
    }

    @Override
    public int compareTo(SeriesKey other) {
        int order = Labels.compareStrings(metric, other.metric);
        if (order == 0) {
            order = Integer.compare(shard, other.shard);
        }
        return order != 0 ? order : labels.compareTo(other.labels);
    }
}
