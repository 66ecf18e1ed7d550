package io.weir.promql.testlang;

import org.jspecify.annotations.Nullable;

/** One position of a value sequence: nothing, a float or a native histogram. */
public sealed interface SequenceValue {
    /** No sample here. */
    record Gap() implements SequenceValue {}

    /** A float with its exact bits; the staleness marker is one. */
    record Number(double value) implements SequenceValue {}

    /**
     * A histogram: {@code base} with {@code increment} added so many times ({@code {{..}}+{{..}}x3}).
     *
     * @param increment null for the base alone
     * @param times number of additions; negative for subtractions
     */
    record Histogram(HistogramLiteral base, @Nullable HistogramLiteral increment, int times) implements SequenceValue {}
}
