package io.weir.promql.exec;

import io.weir.promql.labels.Labels;
import java.util.ArrayList;
import java.util.List;

/** How operators change label sets (Prometheus 3.14, promql/engine.go). */
final class NameRules {
    /** What goes together with the metric name (model/labels, IsMetadataLabel). */
    private static final List<String> METADATA = List.of(Labels.METRIC_NAME, "__type__", "__unit__");

    private NameRules() {}

    /** The labels of a value that is no longer what the metric's name says. */
    static Labels dropName(Labels labels) {
        return labels.without(METADATA);
    }

    /** The labels of an aggregation's group. */
    static Labels group(Labels labels, boolean without, List<String> grouping) {
        if (!without) {
            return grouping.isEmpty() ? Labels.EMPTY : labels.keep(grouping);
        }
        return labels.without(plusMetricName(grouping));
    }

    /** The labels on which two vectors are matched. */
    static Labels signature(Labels labels, boolean on, List<String> names) {
        return on ? labels.keep(names) : labels.without(plusMetricName(names));
    }

    private static List<String> plusMetricName(List<String> names) {
        List<String> all = new ArrayList<>(names);
        all.add(Labels.METRIC_NAME);
        return all;
    }
}
