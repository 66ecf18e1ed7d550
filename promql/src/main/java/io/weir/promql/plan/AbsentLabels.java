package io.weir.promql.plan;

import io.weir.promql.ast.Expr;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The labels of the element that absent and absent_over_time yield: those of equality matchers, as long as the selector names
 * the label once (Prometheus 3.14, promql/functions.go, createLabelsForAbsentFunction).
 */
final class AbsentLabels {
    private AbsentLabels() {}

    static Labels of(Expr argument) {
        return switch (argument) {
            case Expr.VectorSelector selector -> of(selector.matchers());
            case Expr.MatrixSelector selector -> of(selector.selector().matchers());
            case Expr other -> Labels.EMPTY;
        };
    }

    private static Labels of(List<LabelMatcher> matchers) {
        Map<String, String> labels = new HashMap<>();
        Set<String> seen = new HashSet<>();
        for (LabelMatcher matcher : matchers) {
            if (matcher.name().equals(Labels.METRIC_NAME)) {
                continue;
            }
            if (matcher.type() == LabelMatcher.Type.EQUAL && seen.add(matcher.name())) {
                labels.put(matcher.name(), matcher.value());
            } else {
                labels.remove(matcher.name());
            }
        }
        return Labels.of(labels);
    }
}
