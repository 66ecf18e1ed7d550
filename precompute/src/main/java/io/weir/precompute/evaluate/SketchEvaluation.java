package io.weir.precompute.evaluate;

import io.weir.precompute.job.SketchFunction;
import io.weir.precompute.result.ErrorBound;
import io.weir.precompute.result.ResultVector;
import io.weir.precompute.source.SketchPoint;
import io.weir.promql.function.SampleItems;
import io.weir.promql.labels.Labels;
import io.weir.sketch.CountMin;
import io.weir.sketch.CountSketch;
import io.weir.sketch.DdSketch;
import io.weir.sketch.FrequencySketch;
import io.weir.sketch.HeavyHitter;
import io.weir.sketch.HyperLogLog;
import io.weir.sketch.SampledSketch;
import io.weir.sketch.SketchMismatchException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a function says of the sketches of a window: an element for each attribute set, in the order of labels, and how far its values may be off.
 *
 * <p>A sketch that recorded nothing gives no element, never a zero.
 */
public record SketchEvaluation(ResultVector vector, ErrorBound bound) {
    /** Of the errors of a row of a Count Sketch, this many standard errors bound the median of the rows with high probability. */
    private static final double STANDARD_ERRORS = 3;

    /**
     * Points merged over all labels but some: one point for each set of these. Changes the sketches of the points.
     *
     * @throws SketchMismatchException if sketches of one set were built with different parameters, or one counts items that it does not name
     * @throws io.weir.sketch.SketchCapacityException if their union is beyond what one may hold
     */
    public static List<SketchPoint> grouped(List<SketchPoint> points, List<String> labels) {
        return merged(points.stream()
                .map(point -> new SketchPoint(point.labels().keep(labels), point.sketch()))
                .toList());
    }

    /** Points of equal labels merged; as {@link #grouped}. */
    public static List<SketchPoint> merged(List<SketchPoint> points) {
        Map<Labels, List<SampledSketch>> byLabels = new LinkedHashMap<>();
        for (SketchPoint point : points) {
            // Merged with one that names its own, the items of this one would be missing without a trace.
            requireKeys(point.sketch());
            byLabels.computeIfAbsent(point.labels(), _ -> new ArrayList<>()).add(point.sketch());
        }
        List<SketchPoint> merged = new ArrayList<>(byLabels.size());
        byLabels.forEach((labels, sketches) -> {
            SampledSketch first = sketches.getFirst();
            first.mergeFrom(sketches.subList(1, sketches.size()));
            merged.add(new SketchPoint(labels, first));
        });
        return merged;
    }

    /**
     * Evaluates a function. Does not change the sketches.
     *
     * @param points one for each attribute set
     * @throws SketchMismatchException if a sketch cannot answer the function
     */
    public static SketchEvaluation of(SketchFunction function, List<SketchPoint> points) {
        Map<Labels, SampledSketch> sorted = new TreeMap<>();
        for (SketchPoint point : points) {
            if (sorted.put(point.labels(), point.sketch()) != null) {
                throw new SketchMismatchException("two sketches of the labels " + point.labels());
            }
        }
        List<ResultVector.Element> elements = new ArrayList<>(sorted.size());
        sorted.forEach((labels, sketch) -> {
            switch (function) {
                case SketchFunction.Quantile quantile ->
                    quantile(sketch, quantile.rank())
                            .ifPresent(value -> elements.add(new ResultVector.Element(labels, value)));
                case SketchFunction.CountDistinct distinct -> {
                    if (!sketch.sketch().isEmpty()) {
                        elements.add(new ResultVector.Element(labels, Math.rint(sketch.distinct())));
                    }
                }
                case SketchFunction.Top top -> {
                    requireKeys(sketch);
                    addTop(elements, labels, sketch.top(top.count()));
                }
            }
        });
        if (function instanceof SketchFunction.Top) {
            requireDifferent(elements);
        }
        return new SketchEvaluation(new ResultVector(elements), boundOf(function, sorted.values()));
    }

    /**
     * The quantile by nearest rank among all samples, where what is not a number ranks below everything, as in Prometheus.
     *
     * @param rank 0 to 1
     */
    private static OptionalDouble quantile(SampledSketch sampled, double rank) {
        if (!(sampled.sketch() instanceof DdSketch sketch)) {
            return sampled.quantile(rank);
        }
        double among = rank;
        double notNumbers = sketch.nanWeight();
        if (notNumbers > 0) {
            double all = sketch.count() + notNumbers;
            double position = Math.max(1, Math.ceil(rank * all));
            if (position <= notNumbers) {
                return OptionalDouble.of(Double.NaN);
            }
            // Half a rank below, so that rounding never leads to the next one.
            among = Math.min(1, (position - notNumbers - 0.5) / sketch.count());
        }
        return sampled.quantile(among);
    }

    /** Some producers send counters only: which items are the heaviest cannot be told from them. */
    private static void requireKeys(SampledSketch sampled) {
        if (sampled.sketch() instanceof FrequencySketch frequencies
                && frequencies.exactWeights().isEmpty()
                && frequencies.candidates().isEmpty()
                && !frequencies.isEmpty()) {
            throw new SketchMismatchException("the source's sketch of kind " + frequencies.kind()
                    + " counts items but names no keys: let the source send the keys of its heaviest items, too");
        }
    }

    private static void addTop(List<ResultVector.Element> elements, Labels labels, List<HeavyHitter> hitters) {
        for (HeavyHitter hitter : hitters) {
            // A Count Sketch errs both ways: what it estimates at nothing was not seen.
            if (hitter.weight() > 0) {
                elements.add(new ResultVector.Element(
                        SampleItems.labels(labels, hitter.key().text()), hitter.weight()));
            }
        }
    }

    private static void requireDifferent(List<ResultVector.Element> elements) {
        Set<Labels> seen = HashSet.newHashSet(elements.size());
        for (ResultVector.Element element : elements) {
            if (!seen.add(element.labels())) {
                throw new SketchMismatchException("two elements of the result have the labels " + element.labels()
                        + ": the source's series have a label " + SampleItems.LABEL
                        + " of their own, or items of the same name");
            }
        }
    }

    /** The widest of the bounds of all sketches; exact if there are none. */
    private static ErrorBound boundOf(SketchFunction function, Iterable<SampledSketch> sketches) {
        double widest = 0;
        double probability = 1;
        for (SampledSketch sampled : sketches) {
            widest = Math.max(widest, errorOf(sampled));
            probability = Math.min(probability, sampled.rate().probability());
        }
        if (widest == 0) {
            return new ErrorBound.Exact();
        }
        ErrorBound within = switch (function) {
            case SketchFunction.Quantile quantile -> new ErrorBound.Relative(widest);
            case SketchFunction.CountDistinct distinct -> new ErrorBound.StandardError(widest);
            case SketchFunction.Top top -> new ErrorBound.Absolute(widest);
        };
        return probability < 1 ? new ErrorBound.OfSample(probability, within) : within;
    }

    private static double errorOf(SampledSketch sampled) {
        return switch (sampled.sketch()) {
            case DdSketch quantiles -> quantiles.mapping().relativeAccuracy();
            case HyperLogLog distinct -> distinct.relativeStandardError();
            // With a probability of 1 - e^-rows; Cormode and Muthukrishnan, "An improved data stream summary" (2005).
            case CountMin frequencies -> sampled.rate().scaleCount(frequencies.errorBound());
            case CountSketch frequencies -> sampled.rate().scaleCount(STANDARD_ERRORS * frequencies.standardError());
        };
    }
}
