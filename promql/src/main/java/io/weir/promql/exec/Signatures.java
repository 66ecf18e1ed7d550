package io.weir.promql.exec;

import io.weir.promql.ast.VectorMatching;
import io.weir.promql.labels.Labels;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The match groups of two vectors, numbered.
 *
 * @param left for each left series its group
 * @param right for each right series its group
 * @param labels the labels of each group
 */
record Signatures(int[] left, int[] right, List<Labels> labels) {
    static Signatures of(List<Labels> left, List<Labels> right, VectorMatching matching) {
        Map<Labels, Integer> numbers = new HashMap<>();
        List<Labels> labels = new ArrayList<>();
        int[] leftGroups = number(left, matching, numbers, labels);
        int[] rightGroups = number(right, matching, numbers, labels);
        return new Signatures(leftGroups, rightGroups, labels);
    }

    private static int[] number(
            List<Labels> series, VectorMatching matching, Map<Labels, Integer> numbers, List<Labels> labels) {
        int[] groups = new int[series.size()];
        for (int i = 0; i < groups.length; i++) {
            Labels signature = NameRules.signature(series.get(i), matching.on(), matching.labels());
            Integer known = numbers.putIfAbsent(signature, labels.size());
            groups[i] = known == null ? labels.size() : known;
            if (known == null) {
                labels.add(signature);
            }
        }
        return groups;
    }

    int count() {
        return labels.size();
    }
}
