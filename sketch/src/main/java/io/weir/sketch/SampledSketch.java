package io.weir.sketch;

import java.util.List;
import java.util.OptionalDouble;

/**
 * A sketch and the share of samples it has seen. All questions are asked here, so that no count is read without its scale.
 */
public record SampledSketch(Sketch sketch, SampleRate rate) {
    /** An unsampled sketch. */
    public static SampledSketch of(Sketch sketch) {
        return new SampledSketch(sketch, SampleRate.ALL);
    }

    /** Merges {@code other} into the sketch. Only equal rates merge: the sum of unequally scaled counts has no scale. */
    public void mergeFrom(SampledSketch other) {
        mergeFrom(List.of(other));
    }

    /** Merges all of them, as one after the other but faster; on an exception some of them may be in it. */
    public void mergeFrom(List<SampledSketch> others) {
        for (SampledSketch other : others) {
            if (Double.compare(rate.probability(), other.rate.probability()) != 0) {
                throw new SketchMismatchException("sketches sampled at " + rate.probability() + " and "
                        + other.rate.probability() + " do not merge");
            }
        }
        sketch.mergeFrom(others.stream().map(SampledSketch::sketch).toList());
    }

    /** The quantile, not scaled; empty when the sketch is. */
    public OptionalDouble quantile(double q) {
        return switch (sketch) {
            case DdSketch quantiles -> quantiles.quantile(q);
            case HyperLogLog other -> throw notA("quantile", other);
            case FrequencySketch other -> throw notA("quantile", other);
        };
    }

    /** How many values (with weights: how much of them) were recorded, scaled. Values that are not numbers do not count. */
    public double count() {
        return switch (sketch) {
            case DdSketch quantiles -> rate.scaleCount(quantiles.count());
            case CountMin frequencies -> rate.scaleCount(frequencies.totalWeight());
            case CountSketch other -> throw notA("count", other);
            case HyperLogLog other -> throw notA("count", other);
        };
    }

    /** How many different items were recorded, scaled. */
    public double distinct() {
        return switch (sketch) {
            case HyperLogLog distinct -> rate.scaleCount(distinct.estimate());
            case DdSketch other -> throw notA("distinct count", other);
            case FrequencySketch other -> throw notA("distinct count", other);
        };
    }

    /** The heaviest items with their scaled weights, heaviest first, at most {@code k}. */
    public List<HeavyHitter> top(int k) {
        return switch (sketch) {
            case FrequencySketch frequencies ->
                frequencies.top(k).stream()
                        .map(hitter -> new HeavyHitter(hitter.key(), rate.scaleCount(hitter.weight())))
                        .toList();
            case DdSketch other -> throw notA("top list", other);
            case HyperLogLog other -> throw notA("top list", other);
        };
    }

    private static SketchMismatchException notA(String question, Sketch sketch) {
        return new SketchMismatchException("a sketch of kind " + sketch.kind() + " answers no " + question);
    }
}
