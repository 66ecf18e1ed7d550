package io.weir.lake.segment;

/**
 * A segment to merge.
 *
 * @param id decides whose value wins, and is named in errors
 */
public record SegmentInput(String id, SegmentFiles files) {}
