package io.weir.promql.parser;

import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** The feature flags of Prometheus 3.14 that change the language (cmd/prometheus/main.go, --enable-feature). */
public enum Feature {
    PROMQL_EXPERIMENTAL_FUNCTIONS,
    PROMQL_DURATION_EXPR,
    PROMQL_EXTENDED_RANGE_SELECTORS,
    PROMQL_BINOP_FILL_MODIFIERS,
    PROMQL_DELAYED_NAME_REMOVAL,
    TYPE_AND_UNIT_LABELS,
    USE_START_TIMESTAMPS;

    /** Prometheus' default: every flag is off. */
    public static final Set<Feature> NONE = Set.of();

    /** Every flag is on. */
    public static final Set<Feature> ALL = Collections.unmodifiableSet(EnumSet.allOf(Feature.class));

    /** The flag's name in Prometheus, as in {@code promql-duration-expr}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    public static Optional<Feature> byName(String name) {
        return Arrays.stream(values())
                .filter(feature -> feature.text().equals(name))
                .findFirst();
    }
}
