package io.weir.lake.catalog;

/**
 * Current segments that could become one: those of one tenant, UTC day and level.
 *
 * @param dayStartMillis midnight UTC of the day that holds the segments' earliest samples
 * @param sizeBytes of their blocks and series files
 */
public record CompactionGroup(String tenant, long dayStartMillis, int level, long segmentCount, long sizeBytes) {}
