package io.weir.sketch;

import io.weir.sketch.hash.MatrixHasher;
import java.util.Arrays;

/**
 * A frequency sketch whose errors go both ways and cancel: the median of an item's rows, each with the item's sign.
 *
 * <p>The error is of the order of {@code sqrt(sum of squared weights / columns)}, which on skewed weights is far below that of
 * {@link CountMin}. It keeps no total weight: signs cancel. Source: Charikar, Chen, Farach-Colton, "Finding frequent items in data streams" (2002).
 */
public final class CountSketch extends FrequencySketch {
    public CountSketch(FrequencyParameters parameters) {
        super(parameters);
    }

    /** The root of the mean over rows of the sum of squared counters: an estimate of the root of the sum of squared weights. */
    public double secondNorm() {
        return exactWeights()
                .map(items -> Math.sqrt(items.values().stream()
                        .mapToDouble(weight -> weight * weight)
                        .sum()))
                .orElseGet(() -> Math.sqrt(
                        Arrays.stream(matrix()).map(cell -> cell * cell).sum() / parameters.rows()));
    }

    /** One standard error of a row's estimate, in the unit of weights; 0 while weights are exact. */
    public double standardError() {
        return exactWeights().isPresent() ? 0 : secondNorm() / Math.sqrt(parameters.columns());
    }

    @Override
    public SketchKind kind() {
        return SketchKind.COUNT_SKETCH;
    }

    @Override
    double estimateOf(double[] values) {
        Arrays.sort(values);
        int middle = values.length / 2;
        return values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }

    @Override
    double signed(int cell, double weight) {
        return MatrixHasher.sign(cell) * weight;
    }

    @Override
    CountSketch newLikeThis() {
        return new CountSketch(parameters);
    }
}
