package io.weir.lake.segment;

/**
 * A segment as the catalog knows it. Immutable, of one tenant and one UTC day.
 *
 * @param id unique, sortable by creation
 * @param blocksKey object key of the blocks file, below the lake's prefix
 * @param seriesKey object key of the series file
 * @param blocksChecksum lower-case hexadecimal SHA-256
 * @param seriesChecksum lower-case hexadecimal SHA-256
 * @param minTimeMillis time of the earliest sample
 * @param maxTimeMillis time of the latest sample
 * @param level 0 for a flushed segment, higher after each compaction
 */
public record SegmentMeta(
        String tenant,
        String id,
        String blocksKey,
        String seriesKey,
        long blocksSizeBytes,
        long seriesSizeBytes,
        String blocksChecksum,
        String seriesChecksum,
        long minTimeMillis,
        long maxTimeMillis,
        long seriesCount,
        long sampleCount,
        int level) {}
