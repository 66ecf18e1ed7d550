package io.weir.cluster;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** What the tests of one class measured, printed as one line each. */
final class TestingFigures {
    private final Map<String, List<Double>> measured = new LinkedHashMap<>();

    void add(String name, double millis) {
        measured.computeIfAbsent(name, unused -> new CopyOnWriteArrayList<>()).add(millis);
    }

    void print() {
        measured.forEach((name, values) -> {
            double[] sorted =
                    values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
            System.out.println(String.format(
                    Locale.ROOT,
                    "figure: %s: n %d, p50 %.0f ms, p99 %.0f ms, longest %.0f ms",
                    name,
                    sorted.length,
                    rank(sorted, 0.5),
                    rank(sorted, 0.99),
                    Arrays.stream(sorted).max().orElseThrow()));
        });
    }

    /** The nearest rank. */
    private static double rank(double[] sorted, double quantile) {
        return sorted[Math.max(0, (int) Math.ceil(quantile * sorted.length) - 1)];
    }
}
