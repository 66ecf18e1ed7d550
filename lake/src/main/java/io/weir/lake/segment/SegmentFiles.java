package io.weir.lake.segment;

import java.nio.file.Path;

/**
 * The two local files of a segment.
 *
 * @param blocks Parquet, one row per (series, 2 h block), sorted by (series, t0)
 * @param series Parquet, one row per series, in the order of the series ordinals: (metric name, shard, labels)
 */
public record SegmentFiles(Path blocks, Path series) {}
