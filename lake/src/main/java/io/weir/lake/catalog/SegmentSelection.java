package io.weir.lake.catalog;

import io.weir.lake.segment.SegmentMeta;
import java.util.List;

/**
 * The answer to a {@link SegmentQuery}, one consistent version of the tenant's segments.
 *
 * @param segments in the order (min time, id)
 * @param consideredCount segments of the tenant that overlap in time, before pruning by fingerprints
 */
public record SegmentSelection(List<SegmentMeta> segments, int consideredCount) {
    public SegmentSelection {
        segments = List.copyOf(segments);
    }
}
