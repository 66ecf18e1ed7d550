package io.weir.promql.exec;

import io.weir.promql.labels.Labels;
import java.util.List;

/** Brings a vector's series into the order of their labels, which is the order in which sums are formed and ties decided. */
final class LabelOrder {
    private LabelOrder() {}

    /** The operator itself if its series are in order. */
    static VectorOperator of(VectorOperator operator) {
        List<Labels> series = operator.series();
        for (int i = 1; i < series.size(); i++) {
            if (series.get(i - 1).compareTo(series.get(i)) > 0) {
                return new ElementOperators.Relabel(operator, LabelMapping.sorting(operator));
            }
        }
        return operator;
    }
}
