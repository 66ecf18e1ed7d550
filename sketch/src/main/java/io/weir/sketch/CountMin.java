package io.weir.sketch;

import java.util.Arrays;

/**
 * A frequency sketch that never estimates too little: the smallest counter of an item's rows.
 *
 * <p>The estimate exceeds the weight by at most {@code e / columns} of the total weight with probability
 * {@code 1 - exp(-rows)}. Source: Cormode, Muthukrishnan, "An improved data stream summary: the Count-Min sketch" (2005).
 */
public final class CountMin extends FrequencySketch {
    public CountMin(FrequencyParameters parameters) {
        super(parameters);
    }

    /** By how much an estimate may exceed the weight, in the unit of weights, with probability 1 - exp(-rows); 0 while weights are exact. */
    public double errorBound() {
        return exactWeights().isPresent() ? 0 : Math.E / parameters.columns() * totalWeight();
    }

    @Override
    public SketchKind kind() {
        return SketchKind.COUNT_MIN;
    }

    /** The weight of all that was recorded. Every weight went into each row once: it is the sum of any row. */
    public double totalWeight() {
        return exactWeights()
                .map(items ->
                        items.values().stream().mapToDouble(Double::doubleValue).sum())
                .orElseGet(
                        () -> Arrays.stream(matrix(), 0, parameters.columns()).sum());
    }

    @Override
    double estimateOf(double[] values) {
        double smallest = values[0];
        for (double value : values) {
            smallest = Math.min(smallest, value);
        }
        return smallest;
    }

    @Override
    double signed(int cell, double weight) {
        return weight;
    }

    @Override
    CountMin newLikeThis() {
        return new CountMin(parameters);
    }
}
