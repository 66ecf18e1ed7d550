package io.weir.promql.exec;

import io.weir.promql.aggregate.Grouping;
import io.weir.promql.labels.Labels;
import io.weir.promql.plan.ResultOrder;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Puts the elements of an instant vector into the order a query asks for. */
public final class ResultOrdering {
    private ResultOrdering() {}

    /** The ordinals of the elements that are present, in order. */
    public static int[] of(ResultOrder order, List<Labels> series, StepVector vector) {
        double[] values = vector.values();
        Comparator<Integer> byLabels = Comparator.comparing(series::get);
        Comparator<Integer> comparator = switch (order) {
            case ResultOrder.ByLabels labels -> byLabels;
            case ResultOrder.ByValue value ->
                byValue(values, value.descending()).thenComparing(byLabels);
            case ResultOrder.BestFirst best -> {
                Grouping grouping = new Grouping(best.without(), best.grouping());
                Comparator<Integer> byGroup = Comparator.comparing(i -> grouping.groupOf(series.get(i)));
                yield byGroup.thenComparing(byValue(values, best.largest())).thenComparing(byLabels);
            }
            case ResultOrder.ByLabelValues labels -> {
                Comparator<Integer> ascending =
                        byLabelValues(labels.names(), series).thenComparing(byLabels);
                yield labels.descending() ? ascending.reversed() : ascending;
            }
        };
        return IntStream.range(0, vector.size())
                .filter(vector::isPresent)
                .boxed()
                .sorted(comparator)
                .mapToInt(i -> i)
                .toArray();
    }

    private static Comparator<Integer> byValue(double[] values, boolean descending) {
        return (left, right) -> {
            boolean leftNaN = Double.isNaN(values[left]);
            boolean rightNaN = Double.isNaN(values[right]);
            if (leftNaN || rightNaN) {
                return Boolean.compare(leftNaN, rightNaN);
            }
            if (values[left] == values[right]) {
                return 0;
            }
            return (values[left] < values[right]) == descending ? 1 : -1;
        };
    }

    private static Comparator<Integer> byLabelValues(List<String> names, List<Labels> series) {
        return (left, right) -> {
            for (String name : names) {
                int order = NaturalOrder.compare(
                        series.get(left).get(name), series.get(right).get(name));
                if (order != 0) {
                    return order;
                }
            }
            return 0;
        };
    }
}
