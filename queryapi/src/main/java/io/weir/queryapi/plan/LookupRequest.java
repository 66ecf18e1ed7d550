package io.weir.queryapi.plan;

import io.weir.promql.labels.LabelMatcher;
import java.util.List;

/**
 * A question about series, not samples.
 *
 * @param label the label whose values are asked for; empty for other kinds
 * @param matcherSets a series must satisfy one of them; empty for all series
 * @param startMillis earliest sample time, inclusive
 * @param endMillis latest sample time, inclusive
 * @param limit most results wanted; 0 for all
 */
public record LookupRequest(
        String queryId,
        String tenant,
        Kind kind,
        String label,
        List<List<LabelMatcher>> matcherSets,
        long startMillis,
        long endMillis,
        int limit,
        long timeoutMillis) {
    /** What is asked for. */
    public enum Kind {
        SERIES,
        LABEL_NAMES,
        LABEL_VALUES
    }

    public LookupRequest {
        matcherSets = matcherSets.stream().map(List::copyOf).toList();
    }

    /** The question in words, for logs and the list of running queries. */
    public String display() {
        return switch (kind) {
            case SERIES -> "series " + matcherSets;
            case LABEL_NAMES -> "label names " + matcherSets;
            case LABEL_VALUES -> "values of " + label + " " + matcherSets;
        };
    }
}
