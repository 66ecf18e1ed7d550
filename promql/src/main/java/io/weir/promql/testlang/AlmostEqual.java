package io.weir.promql.testlang;

import io.weir.promql.series.StaleMarker;

/** Equality of floats with a relative tolerance (Prometheus 3.14, util/almost/almost.go). */
public final class AlmostEqual {
    private AlmostEqual() {}

    /** Whether two values are equal within {@code epsilon}; NaN equals NaN, a staleness marker only another one. */
    public static boolean test(double a, double b, double epsilon) {
        if (StaleMarker.is(a) || StaleMarker.is(b)) {
            return StaleMarker.is(a) && StaleMarker.is(b);
        }
        if ((Double.isNaN(a) && Double.isNaN(b)) || a == b) {
            return true;
        }
        double sum = Math.abs(a) + Math.abs(b);
        double difference = Math.abs(a - b);
        if (a == 0 || b == 0 || sum < Double.MIN_NORMAL) {
            return difference < epsilon * Double.MIN_NORMAL;
        }
        return difference / Math.min(sum, Double.MAX_VALUE) < epsilon;
    }
}
