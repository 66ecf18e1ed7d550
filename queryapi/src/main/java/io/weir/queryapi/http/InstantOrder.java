package io.weir.queryapi.http;

import io.weir.promql.labels.Labels;
import io.weir.promql.plan.ResultOrder;
import io.weir.queryapi.eval.MatrixResult.Row;
import java.util.Comparator;
import java.util.List;

/** Orders the elements of an instant vector as the plan says (promql.md section 2.6). */
final class InstantOrder {
    private InstantOrder() {}

    /** @param rows in the order of their labels, which also settles ties */
    static List<Row> sorted(List<Row> rows, ResultOrder order) {
        return switch (order) {
            case ResultOrder.ByLabels byLabels -> rows;
            case ResultOrder.ByValue byValue ->
                rows.stream().sorted(byValue(byValue.descending())).toList();
            case ResultOrder.BestFirst best ->
                rows.stream()
                        .sorted(Comparator.comparing((Row row) -> group(best, row.labels()))
                                .thenComparing(byValue(best.largest())))
                        .toList();
            case ResultOrder.ByLabelValues byLabel -> {
                Comparator<Row> comparator = byLabelValues(byLabel.names());
                yield rows.stream()
                        .sorted(byLabel.descending() ? comparator.reversed() : comparator)
                        .toList();
            }
        };
    }

    private static Labels group(ResultOrder.BestFirst best, Labels labels) {
        return best.without()
                ? labels.without(best.grouping()).withoutMetricName()
                : labels.keep(best.grouping());
    }

    /** By value, NaN last in both directions; the sort is stable, so ties stay in the order of labels. */
    private static Comparator<Row> byValue(boolean descending) {
        return (left, right) -> {
            double a = left.values()[0];
            double b = right.values()[0];
            if (Double.isNaN(a) || Double.isNaN(b)) {
                return Boolean.compare(Double.isNaN(a), Double.isNaN(b));
            }
            int order = a < b ? -1 : a > b ? 1 : 0;
            return descending ? -order : order;
        };
    }

    private static Comparator<Row> byLabelValues(List<String> names) {
        return (left, right) -> {
            for (String name : names) {
                int order = natural(left.labels().get(name), right.labels().get(name));
                if (order != 0) {
                    return order;
                }
            }
            return left.labels().compareTo(right.labels());
        };
    }

    /** Compares strings with runs of digits as numbers: "2" before "10". */
    static int natural(String left, String right) {
        int i = 0;
        int j = 0;
        while (i < left.length() && j < right.length()) {
            char a = left.charAt(i);
            char b = right.charAt(j);
            if (isDigit(a) && isDigit(b)) {
                int endLeft = digitsEnd(left, i);
                int endRight = digitsEnd(right, j);
                int order = compareNumbers(left.substring(i, endLeft), right.substring(j, endRight));
                if (order != 0) {
                    return order;
                }
                i = endLeft;
                j = endRight;
            } else if (a != b) {
                return Labels.compareStrings(left.substring(i), right.substring(j));
            } else {
                i++;
                j++;
            }
        }
        return Integer.compare(left.length() - i, right.length() - j);
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static int digitsEnd(String text, int start) {
        int end = start;
        while (end < text.length() && isDigit(text.charAt(end))) {
            end++;
        }
        return end;
    }

    private static int compareNumbers(String left, String right) {
        String a = left.replaceFirst("^0+(?=.)", "");
        String b = right.replaceFirst("^0+(?=.)", "");
        int order = Integer.compare(a.length(), b.length());
        return order != 0 ? order : a.compareTo(b);
    }
}
