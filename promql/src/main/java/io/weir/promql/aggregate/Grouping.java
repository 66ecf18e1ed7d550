package io.weir.promql.aggregate;

import io.weir.promql.labels.Labels;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The {@code by} or {@code without} clause of an aggregation: from a label set to the label set of its group. */
public final class Grouping {
    private final boolean without;
    private final Set<String> names;

    /**
     * A clause; no clause at all is {@code by ()}.
     *
     * @param without whether the names are the labels to drop (else those to keep); the metric name is then dropped, too
     */
    public Grouping(boolean without, List<String> names) {
        this.without = without;
        this.names = new HashSet<>(names);
        if (without) {
            this.names.add(Labels.METRIC_NAME);
        }
    }

    public static Grouping of(PartialAggregate aggregate) {
        return new Grouping(aggregate.without(), aggregate.grouping());
    }

    public Labels groupOf(Labels labels) {
        return without ? labels.without(names) : labels.keep(names);
    }

    /** The group of a series in count_values, where the value is a label of its own. */
    public Labels groupOf(Labels labels, String valueLabel, String value) {
        if (without) {
            return names.contains(valueLabel)
                    ? labels.without(names)
                    : labels.without(names).with(valueLabel, value);
        }
        return labels.keep(names).with(valueLabel, value);
    }

    /** The groups of a list of series, in order of first appearance, and which group each series belongs to. */
    public record Assignment(List<Labels> groups, int[] groupOfSeries) {}

    public Assignment assign(List<Labels> series) {
        Map<Labels, Integer> ordinals = new HashMap<>();
        List<Labels> groups = new ArrayList<>();
        int[] groupOfSeries = new int[series.size()];
        for (int i = 0; i < groupOfSeries.length; i++) {
            Labels group = groupOf(series.get(i));
            Integer ordinal = ordinals.putIfAbsent(group, groups.size());
            if (ordinal == null) {
                groupOfSeries[i] = groups.size();
                groups.add(group);
            } else {
                groupOfSeries[i] = ordinal;
            }
        }
        return new Assignment(groups, groupOfSeries);
    }
}
