package io.weir.lake.segment;

import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import java.util.BitSet;
import java.util.List;

/**
 * The series of one segment, held in memory. Ordinals run in the order of (metric name, shard, labels), so that one metric's
 * series, and one shard of a metric, are runs of ordinals.
 */
public interface SeriesIndex {
    /** Number of series. */
    int size();

    Labels labels(int ordinal);

    /** Shard of a series, see {@link io.weir.lake.Shards}. */
    int shard(int ordinal);

    /** Time of the first sample of a series in this segment, ms. */
    long minTimeMillis(int ordinal);

    /** Time of the last sample of a series in this segment, ms. */
    long maxTimeMillis(int ordinal);

    /** Ordinals of the series in shards [shardFrom, shardTo) that satisfy every matcher. */
    BitSet select(List<LabelMatcher> matchers, int shardFrom, int shardTo);

    /** Approximate heap bytes, for the cache that holds indexes. */
    long sizeBytes();
}
