package io.weir.lake.catalog;

import io.weir.promql.labels.LabelMatcher;
import java.util.List;

/**
 * Which segments may hold samples of a selector.
 *
 * @param matchers all must hold; equality matchers with a value prune by fingerprint
 * @param startMillis earliest sample time of interest, inclusive
 * @param endMillis latest sample time of interest, inclusive
 */
public record SegmentQuery(String tenant, List<LabelMatcher> matchers, long startMillis, long endMillis) {
    public SegmentQuery {
        matchers = List.copyOf(matchers);
    }
}
