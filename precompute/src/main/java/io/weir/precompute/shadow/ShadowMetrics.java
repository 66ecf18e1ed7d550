package io.weir.precompute.shadow;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/** What the checks of answers found; all there from the start. Thread-safe. */
final class ShadowMetrics {
    static final String FAILED = "failed";
    static final String DROPPED = "dropped";
    /** All functions but those of sketches. */
    static final String EXPRESSION = "expression";

    private static final List<String> FUNCTIONS =
            List.of("quantile_over_time", "count_distinct_over_time", "top_k_over_time", EXPRESSION);

    private final Map<String, Counter> checks = new HashMap<>();
    private final Map<String, DistributionSummary> errors = new HashMap<>();

    ShadowMetrics(MeterRegistry registry, Supplier<Number> waiting) {
        for (Comparison.Outcome outcome : Comparison.Outcome.values()) {
            check(registry, text(outcome));
        }
        check(registry, FAILED);
        check(registry, DROPPED);
        for (String function : FUNCTIONS) {
            errors.put(
                    function,
                    DistributionSummary.builder("weir.precompute.observed.relative.error")
                            .description("Relative error of values answered from precomputed results, against the exact"
                                    + " ones computed again for a share of the answers")
                            .tag("function", function)
                            .serviceLevelObjectives(1e-9, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1)
                            .register(registry));
        }
        Gauge.builder("weir.precompute.shadow.waiting", waiting)
                .description("Answers from precomputed results that wait for being checked")
                .register(registry);
    }

    private void check(MeterRegistry registry, String outcome) {
        checks.put(
                outcome,
                Counter.builder("weir.precompute.shadow.checks")
                        .description("Answers from precomputed results that were chosen to be computed again: within or"
                                + " beyond their stated error bound, with different series, failed, or dropped because"
                                + " too many waited")
                        .tag("outcome", outcome)
                        .register(registry));
    }

    static String text(Comparison.Outcome outcome) {
        return outcome.name().toLowerCase(Locale.ROOT);
    }

    void count(String outcome) {
        Objects.requireNonNull(checks.get(outcome)).increment();
    }

    void compared(String function, Comparison comparison) {
        count(text(comparison.outcome()));
        DistributionSummary summary = Objects.requireNonNull(errors.get(function));
        comparison.errors().forEach(summary::record);
    }
}
