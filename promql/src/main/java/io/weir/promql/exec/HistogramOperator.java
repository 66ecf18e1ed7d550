package io.weir.promql.exec;

import io.weir.promql.ast.PositionRange;
import io.weir.promql.error.QueryException;
import io.weir.promql.function.GoFormat;
import io.weir.promql.function.Quantiles;
import io.weir.promql.labels.Labels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/** histogram_quantile, histogram_quantiles and histogram_fraction over classic histograms (Prometheus 3.14, promql/functions.go). */
final class HistogramOperator extends VectorOperator {
    private static final String BUCKET_LABEL = "le";

    /** What is computed from each histogram. */
    enum Measure {
        QUANTILES,
        FRACTION
    }

    /** The histograms of a vector: which series are their buckets. */
    private record Histograms(
            List<Labels> labels, BitSet dropsName, int[][] members, double[] bounds, int[] malformed) {
        static Histograms of(VectorOperator vector) {
            Map<Labels, Integer> ordinals = new HashMap<>();
            List<Labels> labels = new ArrayList<>();
            List<List<Integer>> members = new ArrayList<>();
            BitSet drops = new BitSet();
            double[] bounds = new double[vector.series().size()];
            IntStream.Builder malformed = IntStream.builder();
            for (int i = 0; i < bounds.length; i++) {
                Labels bucket = vector.series().get(i);
                OptionalDouble bound = BucketBounds.parse(bucket.get(BUCKET_LABEL));
                if (bound.isEmpty()) {
                    malformed.add(i);
                    continue;
                }
                bounds[i] = bound.getAsDouble();
                Labels histogram = bucket.without(List.of(BUCKET_LABEL));
                int ordinal = ordinals.computeIfAbsent(histogram, key -> labels.size());
                if (ordinal == labels.size()) {
                    labels.add(histogram);
                    members.add(new ArrayList<>());
                }
                members.get(ordinal).add(i);
                drops.set(ordinal, drops.get(ordinal) || vector.dropsName().get(i));
            }
            int[][] sorted = members.stream()
                    .map(list -> list.stream()
                            .sorted(Comparator.comparingDouble(i -> bounds[i]))
                            .mapToInt(i -> i)
                            .toArray())
                    .toArray(int[][]::new);
            return new Histograms(
                    labels, drops, sorted, bounds, malformed.build().toArray());
        }
    }

    private final VectorOperator child;
    private final Histograms histograms;
    private final Measure measure;
    private final List<ScalarOperator> parameters;
    private final List<PositionRange> parameterPositions;
    private final PositionRange vectorPosition;
    private final LabelMapping mapping;
    private final boolean delayed;
    private final EvalContext context;
    private final StepVector input = new StepVector(0);
    private final StepVector results = new StepVector(0);
    private final double[] numbers;
    private final ClassicBuckets buckets = new ClassicBuckets();
    /** Series with a malformed bucket label, and histograms that were not monotonic, about which was spoken. */
    private final BitSet warned = new BitSet();

    private final BitSet informed = new BitSet();

    /** histogram_quantile. */
    static HistogramOperator quantile(
            VectorOperator child,
            ScalarOperator quantile,
            PositionRange quantilePosition,
            PositionRange vectorPosition,
            boolean delayed,
            EvalContext context) {
        return new HistogramOperator(
                child,
                Histograms.of(child),
                Measure.QUANTILES,
                List.of(quantile),
                List.of(quantilePosition),
                List.of(),
                "",
                vectorPosition,
                delayed,
                context);
    }

    /** histogram_quantiles: each quantile becomes the value of a label, so it must be a constant. */
    static HistogramOperator quantiles(
            VectorOperator child,
            List<ScalarOperator> quantiles,
            List<PositionRange> quantilePositions,
            String label,
            PositionRange vectorPosition,
            boolean delayed,
            EvalContext context) {
        if (!Labels.isValidName(label)) {
            throw new QueryException.Execution("invalid label name in histogram_quantiles(): " + label);
        }
        List<String> texts = new ArrayList<>();
        for (ScalarOperator quantile : quantiles) {
            if (!(quantile instanceof ScalarOperator.Constant) && !(quantile instanceof ScalarOperator.Negation)) {
                throw new QueryException.Unsupported(
                        "histogram_quantiles with a quantile that is not a number is not supported yet");
            }
            texts.add(BucketBounds.format(quantile.value(0)));
        }
        return new HistogramOperator(
                child,
                Histograms.of(child),
                Measure.QUANTILES,
                quantiles,
                quantilePositions,
                texts,
                label,
                vectorPosition,
                delayed,
                context);
    }

    /** histogram_fraction. */
    static HistogramOperator fraction(
            VectorOperator child,
            ScalarOperator lower,
            ScalarOperator upper,
            PositionRange vectorPosition,
            boolean delayed,
            EvalContext context) {
        return new HistogramOperator(
                child,
                Histograms.of(child),
                Measure.FRACTION,
                List.of(lower, upper),
                List.of(),
                List.of(),
                "",
                vectorPosition,
                delayed,
                context);
    }

    private HistogramOperator(
            VectorOperator child,
            Histograms histograms,
            Measure measure,
            List<ScalarOperator> parameters,
            List<PositionRange> parameterPositions,
            List<String> texts,
            String label,
            PositionRange vectorPosition,
            boolean delayed,
            EvalContext context) {
        this(
                child,
                histograms,
                measure,
                parameters,
                parameterPositions,
                vectorPosition,
                resultLabels(histograms, texts, label, delayed),
                delayed,
                context);
    }

    private HistogramOperator(
            VectorOperator child,
            Histograms histograms,
            Measure measure,
            List<ScalarOperator> parameters,
            List<PositionRange> parameterPositions,
            PositionRange vectorPosition,
            LabelMapping mapping,
            boolean delayed,
            EvalContext context) {
        super(mapping.output(), mapping.dropsName());
        this.child = child;
        this.histograms = histograms;
        this.measure = measure;
        this.parameters = parameters;
        this.parameterPositions = parameterPositions;
        this.vectorPosition = vectorPosition;
        this.mapping = mapping;
        this.delayed = delayed;
        this.context = context;
        this.numbers = new double[parameters.size()];
    }

    /** Histogram by histogram, and for each its quantiles if they are labelled. */
    private static LabelMapping resultLabels(Histograms histograms, List<String> texts, String label, boolean delayed) {
        List<Labels> results = new ArrayList<>();
        BitSet drops = new BitSet();
        for (Labels histogram : histograms.labels()) {
            Labels base = delayed ? histogram : NameRules.dropName(histogram);
            if (texts.isEmpty()) {
                results.add(base);
            }
            for (String text : texts) {
                results.add(base.with(label, text));
            }
        }
        drops.set(0, delayed ? results.size() : 0);
        return LabelMapping.of(results, drops);
    }

    @Override
    public void eval(int step, StepVector out) {
        for (int p = 0; p < numbers.length; p++) {
            numbers[p] = parameters.get(p).value(step);
            if (measure == Measure.QUANTILES && Quantiles.isInvalid(numbers[p])) {
                context.warn(
                        "quantile value should be between 0 and 1, got " + GoFormat.general(numbers[p]),
                        parameterPositions.get(p));
            }
        }
        child.eval(step, input);
        for (int i : histograms.malformed()) {
            if (input.isPresent(i) && !warned.get(i)) {
                warned.set(i);
                warnMalformed(child.series().get(i));
            }
        }
        int resultsPerHistogram = measure == Measure.FRACTION ? 1 : numbers.length;
        results.reset(histograms.labels().size() * resultsPerHistogram);
        double[] values = results.values();
        for (int histogram = 0; histogram < histograms.members().length; histogram++) {
            collect(histogram);
            if (buckets.isEmpty()) {
                continue;
            }
            int at = histogram * resultsPerHistogram;
            if (measure == Measure.FRACTION) {
                values[at] = buckets.fraction(numbers[0], numbers[1]);
                continue;
            }
            buckets.prepareQuantiles();
            if (buckets.wasForcedMonotonic() && !informed.get(histogram) && hasValidQuantile()) {
                informed.set(histogram);
                informForced(histograms.labels().get(histogram));
            }
            for (int p = 0; p < numbers.length; p++) {
                values[at + p] = buckets.quantile(numbers[p]);
            }
        }
        mapping.scatter(results, out);
    }

    private boolean hasValidQuantile() {
        return Arrays.stream(numbers).anyMatch(number -> !Quantiles.isInvalid(number));
    }

    private void collect(int histogram) {
        buckets.clear();
        for (int i : histograms.members()[histogram]) {
            if (input.isPresent(i)) {
                buckets.add(histograms.bounds()[i], input.values()[i]);
            }
        }
    }

    private void warnMalformed(Labels bucket) {
        context.warn(
                "bucket label \"le\" is missing or has a malformed value of \"" + bucket.get(BUCKET_LABEL) + "\""
                        + forMetric(bucket),
                vectorPosition);
    }

    private void informForced(Labels histogram) {
        context.inform(
                "input to histogram_quantile needed to be fixed for monotonicity (see"
                        + " https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)"
                        + (delayed ? forMetric(histogram) : ""),
                vectorPosition);
    }

    private static String forMetric(Labels labels) {
        return labels.has(Labels.METRIC_NAME) ? " for metric name \"" + labels.metricName() + "\"" : "";
    }

    @Override
    public void close() {
        child.close();
        parameters.forEach(ScalarOperator::close);
    }
}
