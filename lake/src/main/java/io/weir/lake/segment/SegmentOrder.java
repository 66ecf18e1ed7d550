package io.weir.lake.segment;

import io.weir.promql.labels.Labels;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** The order of series in a segment: (metric name, shard, labels). To sort many, use {@link #sorted}: it computes shards once. */
public final class SegmentOrder implements Comparator<Labels> {
    public static final SegmentOrder INSTANCE = new SegmentOrder();

    private SegmentOrder() {}

    @Override
    public int compare(Labels left, Labels right) {
        return SeriesKey.of(left).compareTo(SeriesKey.of(right));
    }

    public static List<Labels> sorted(Collection<Labels> series) {
        return series.stream()
                .map(SeriesKey::of)
                .sorted()
                .map(SeriesKey::labels)
                .toList();
    }
}
