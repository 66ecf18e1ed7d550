package io.weir.precompute.shadow;

import io.weir.precompute.result.ErrorBound;
import io.weir.promql.labels.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How an answer compares with the exact one.
 *
 * @param errors relative ones, of the elements that both have
 * @param outcome of the whole
 */
record Comparison(List<Double> errors, Outcome outcome) {
    /** Floating-point sums differ so much by the order of their parts. */
    private static final double EXACT_SHARE = 1e-9;
    /** Of an estimate with a standard error, nearly all (99.7 %) lie within three of them. */
    private static final double STANDARD_ERRORS = 3;
    /** An error beyond this is told as this. */
    private static final double ERROR_MAX = 1_000;

    /** What a check says. */
    enum Outcome {
        /** All values lie in the stated bound. */
        WITHIN,
        /** One does not. */
        BEYOND,
        /** There are series in one answer that the other has not. */
        DIFFERENT
    }

    Comparison {
        errors = List.copyOf(errors);
    }

    /**
     * Compares.
     *
     * @param exact the exact answer, or the part of it that was computed
     * @param isPart whether the exact answer is a part only
     * @param isTop whether ties and estimates may choose other elements for the end of a list
     */
    static Comparison of(
            Map<Labels, Double> answered, Map<Labels, Double> exact, ErrorBound bound, boolean isPart, boolean isTop) {
        List<Double> errors = new ArrayList<>();
        boolean beyond = false;
        boolean different = false;
        for (Map.Entry<Labels, Double> entry : exact.entrySet()) {
            Double value = answered.get(entry.getKey());
            if (value == null) {
                different = true;
                continue;
            }
            double error = relative(value, entry.getValue());
            errors.add(error);
            beyond |= !isWithin(value, entry.getValue(), error, bound);
        }
        boolean more = !isPart && !exact.keySet().containsAll(answered.keySet());
        if (!isTop && (different || more)) {
            return new Comparison(errors, Outcome.DIFFERENT);
        }
        return new Comparison(errors, beyond ? Outcome.BEYOND : Outcome.WITHIN);
    }

    private static double relative(double value, double exact) {
        if (Double.compare(value, exact) == 0 || value == exact) {
            return 0;
        }
        if (!Double.isFinite(value) || !Double.isFinite(exact)) {
            return ERROR_MAX;
        }
        return exact == 0 ? 1 : Math.min(ERROR_MAX, Math.abs(value - exact) / Math.abs(exact));
    }

    private static boolean isWithin(double value, double exact, double error, ErrorBound bound) {
        return switch (bound) {
            case ErrorBound.Exact() -> error <= EXACT_SHARE;
            case ErrorBound.Relative(double share) -> error <= share + EXACT_SHARE;
            case ErrorBound.StandardError(double share) -> error <= STANDARD_ERRORS * share + EXACT_SHARE;
            case ErrorBound.Absolute(double amount) -> error == 0 || Math.abs(value - exact) <= amount;
            case ErrorBound.OfSample(double probability, ErrorBound within) -> isWithin(value, exact, error, within);
        };
    }
}
