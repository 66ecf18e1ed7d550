package io.weir.promql.plan;

import java.util.List;

/** The order of the elements of an instant vector; range results are always in the order of their labels. */
public sealed interface ResultOrder {
    /** By label set. */
    record ByLabels() implements ResultOrder {}

    /** sort and sort_desc: by value, NaN last in both; ties by label set. */
    record ByValue(boolean descending) implements ResultOrder {}

    /** topk and bottomk: group by group (in the order of the groups' labels), the best first, NaN last; ties by label set. */
    record BestFirst(boolean largest, boolean without, List<String> grouping) implements ResultOrder {
        public BestFirst {
            grouping = List.copyOf(grouping);
        }
    }

    /** sort_by_label and sort_by_label_desc: by the named labels in natural order; ties by label set. */
    record ByLabelValues(List<String> names, boolean descending) implements ResultOrder {
        public ByLabelValues {
            names = List.copyOf(names);
        }
    }
}
