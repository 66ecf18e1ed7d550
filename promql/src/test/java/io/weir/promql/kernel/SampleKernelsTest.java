package io.weir.promql.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.Duration;
import io.weir.promql.ast.Expr;
import io.weir.promql.ast.Function;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.error.QueryException;
import io.weir.promql.histogram.CounterResetHint;
import io.weir.promql.histogram.Histogram;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.promql.series.Column;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import io.weir.promql.series.StepGrid;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class SampleKernelsTest {
    private static final Labels METRIC = Labels.of("__name__", "m");
    private static final long MINUTE = 60_000;
    private static final Set<Function> OF_HISTOGRAMS = EnumSet.of(
            Function.RATE,
            Function.INCREASE,
            Function.DELTA,
            Function.IRATE,
            Function.IDELTA,
            Function.CHANGES,
            Function.RESETS,
            Function.SUM_OVER_TIME,
            Function.AVG_OVER_TIME,
            Function.FIRST_OVER_TIME,
            Function.LAST_OVER_TIME,
            Function.COUNT_OVER_TIME,
            Function.PRESENT_OVER_TIME,
            Function.TS_OF_FIRST_OVER_TIME,
            Function.TS_OF_LAST_OVER_TIME);

    /** On a series of floats the kernels for all samples give the same bits as the fast ones. */
    @Test
    void floatsGiveTheSameBitsAsTheFastKernels() {
        long seed = 20261121;
        Random random = new Random(seed);
        for (int round = 0; round < 100; round++) {
            TestingSeries.Shape shape = TestingSeries.Shape.values()[round % TestingSeries.Shape.values().length];
            SampleBuffer samples = TestingSeries.random(random, shape, 0, 1_800_000, false);
            Windows windows = windows(random);
            for (Function function : Function.values()) {
                RangeKernel floats = RangeKernels.of(function).orElse(null);
                if (floats == null) {
                    continue;
                }
                double[][] arguments = arguments(function, windows.count());
                double[] expected = new double[windows.count()];
                floats.compute(samples.timestamps(), samples.values(), samples.size(), windows, arguments, expected);
                Column out = new Column(windows.count());
                RangeKernel fresh = RangeKernels.of(function).orElseThrow();
                SampleKernels.of(function, fresh, RangeExtension.NONE, true)
                        .compute(samples, windows, arguments, SampleKernelsTest::fail, out);
                for (int step = 0; step < expected.length; step++) {
                    assertThat(bits(out.values()[step]))
                            .as("seed=%d round=%d %s %s step %d", seed, round, function, windows, step)
                            .isEqualTo(bits(expected[step]));
                }
            }
        }
    }

    /** Histograms whose counts all are one number give what the number gives as a float. */
    @Test
    void histogramsGiveWhatTheirNumbersGive() {
        long seed = 20261122;
        Random random = new Random(seed);
        int histograms = 0;
        for (int round = 0; round < 100; round++) {
            SampleBuffer floats = counter(random);
            boolean gauge = random.nextBoolean();
            SampleBuffer samples = asHistograms(floats, gauge ? CounterResetHint.GAUGE : CounterResetHint.UNKNOWN);
            Windows windows = windows(random);
            for (Function function : OF_HISTOGRAMS) {
                if (gauge
                        && (function == Function.RATE
                                || function == Function.INCREASE
                                || function == Function.IRATE
                                || function == Function.RESETS)) {
                    continue;
                }
                Column expected = new Column(windows.count());
                kernel(function, RangeExtension.NONE)
                        .compute(floats, windows, new double[0][], SampleKernelsTest::fail, expected);
                Column out = new Column(windows.count());
                kernel(function, RangeExtension.NONE)
                        .compute(samples, windows, new double[0][], SampleKernelsTest::gaugeOnly, out);
                for (int step = 0; step < out.size(); step++) {
                    String place = "seed=" + seed + " round=" + round + " " + function + " step " + step;
                    Histogram histogram = out.histogram(step);
                    double value = histogram == null ? out.values()[step] : histogram.count();
                    assertThat(bits(value)).as(place).isEqualTo(bits(expected.values()[step]));
                    if (histogram != null) {
                        histograms++;
                        assertThat(histogram.sum()).as(place).isEqualTo(histogram.count());
                    }
                }
            }
        }
        assertThat(histograms).isGreaterThan(2_000);
    }

    @Test
    void extendedHistogramsGiveWhatTheirNumbersGive() {
        long seed = 20261123;
        Random random = new Random(seed);
        int histograms = 0;
        for (int round = 0; round < 100; round++) {
            SampleBuffer floats = counter(random);
            SampleBuffer samples = asHistograms(floats, CounterResetHint.UNKNOWN);
            Windows windows = windows(random);
            RangeExtension.Kind kind =
                    random.nextBoolean() ? RangeExtension.Kind.ANCHORED : RangeExtension.Kind.SMOOTHED;
            RangeExtension extension = new RangeExtension(kind, 1 + random.nextInt(300_000));
            for (Function function : List.of(Function.RATE, Function.INCREASE, Function.DELTA)) {
                Column expected = new Column(windows.count());
                kernel(function, extension)
                        .compute(floats, windows, new double[0][], SampleKernelsTest::fail, expected);
                Column out = new Column(windows.count());
                kernel(function, extension)
                        .compute(samples, windows, new double[0][], SampleKernelsTest::gaugeOnly, out);
                for (int step = 0; step < out.size(); step++) {
                    String place = "seed=" + seed + " round=" + round + " " + function + extension + " step " + step;
                    assertThat(out.isPresent(step)).as(place).isEqualTo(expected.isPresent(step));
                    Histogram histogram = out.histogram(step);
                    if (histogram != null) {
                        histograms++;
                        double value = expected.values()[step];
                        assertThat(histogram.count()).as(place).isCloseTo(value, within(1e-6));
                    }
                }
            }
        }
        assertThat(histograms).isGreaterThan(500);
    }

    /** Resets by start timestamps as Prometheus tells them (3.14, functions.go isStartTimestampReset). */
    @Test
    void startTimestampsTellResets() {
        assertThat(isReset(0, 0)).as("no start").isFalse();
        assertThat(isReset(0, 61_000)).as("started between the samples").isTrue();
        assertThat(isReset(0, 120_000)).as("started at itself").isFalse();
        assertThat(isReset(0, 121_000)).as("started after itself").isFalse();
        assertThat(isReset(30_000, 30_000)).as("goes on").isFalse();
        assertThat(isReset(1, 60_000)).as("delta").isTrue();
        assertThat(isReset(0, 60_000)).as("unknown start").isFalse();
        assertThat(isReset(60_000, 60_000)).as("unknown start, said by itself").isFalse();
        assertThat(isReset(61_000, 60_000)).as("wrong start before").isFalse();
    }

    private static boolean isReset(long previousStart, long start) {
        SampleBuffer samples = new SampleBuffer(2);
        samples.add(60_000, 1);
        samples.setStartTimestamp(0, previousStart);
        samples.add(120_000, 2);
        samples.setStartTimestamp(1, start);
        return StartTimestamps.isReset(samples, 1);
    }

    /** A counter known to have started in the range grew from zero there, even if there is one sample only. */
    @Test
    void oneSampleWithItsStartIsEnough() {
        SampleBuffer samples = new SampleBuffer(1);
        samples.add(240_000, 3);
        samples.setStartTimestamp(0, 90_000);
        Windows windows = Windows.moving(StepGrid.instant(360_000), 0, 300_000);
        Column out = new Column(1);
        kernel(Function.INCREASE, RangeExtension.NONE)
                .compute(samples, windows, new double[0][], SampleKernelsTest::fail, out);
        assertThat(out.values()[0]).isEqualTo(3);
        samples.setStartTimestamp(0, 60_000);
        kernel(Function.INCREASE, RangeExtension.NONE)
                .compute(samples, windows, new double[0][], SampleKernelsTest::fail, out);
        assertThat(out.isPresent(0)).as("the range is open at its start").isFalse();
    }

    @Test
    void remarksAreMadeOncePerSeriesWithPrometheusText() {
        SampleBuffer samples = new SampleBuffer(4);
        samples.add(MINUTE, 1);
        samples.addHistogram(2 * MINUTE, histogram(2, CounterResetHint.UNKNOWN));
        samples.addHistogram(3 * MINUTE, histogram(4, CounterResetHint.UNKNOWN));
        samples.add(4 * MINUTE, 4);
        assertThat(told(Function.RATE, samples))
                .containsExactly(
                        "PromQL warning: encountered a mix of histograms and floats for metric name \"m\" (1:6)");
        assertThat(told(Function.MAX_OVER_TIME, samples))
                .containsExactly("PromQL info: ignored histograms in a range containing both floats and histograms for"
                        + " metric name \"m\" (1:6)");
        assertThat(told(Function.COUNT_OVER_TIME, samples)).isEmpty();
        SampleBuffer gauges = asHistograms(counter(new Random(1)), CounterResetHint.GAUGE);
        assertThat(told(Function.RATE, gauges))
                .containsExactly("PromQL warning: this native histogram metric is not a counter: \"m\" (1:6)");
        SampleBuffer counters = asHistograms(counter(new Random(1)), CounterResetHint.UNKNOWN);
        assertThat(told(Function.DELTA, counters))
                .containsExactly("PromQL warning: this native histogram metric is not a gauge: \"m\" (1:6)");
        SampleBuffer colliding = new SampleBuffer(2);
        colliding.addHistogram(MINUTE, histogram(4, CounterResetHint.NOT_RESET));
        colliding.addHistogram(2 * MINUTE, histogram(2, CounterResetHint.RESET));
        assertThat(told(Function.AVG_OVER_TIME, colliding))
                .containsExactly("PromQL warning: conflicting counter resets during histogram aggregation (1:6)");
    }

    @Test
    void anAverageThatWouldOverflowIsARunningMean() {
        SampleBuffer samples = new SampleBuffer(3);
        for (int i = 1; i <= 3; i++) {
            samples.addHistogram(i * MINUTE, histogram(1e308, CounterResetHint.GAUGE));
        }
        Windows windows = Windows.moving(StepGrid.instant(3 * MINUTE), 0, 3 * MINUTE);
        Column out = new Column(1);
        kernel(Function.AVG_OVER_TIME, RangeExtension.NONE)
                .compute(samples, windows, new double[0][], SampleKernelsTest::fail, out);
        Histogram mean = Objects.requireNonNull(out.histogram(0));
        assertThat(mean.count()).isEqualTo(1e308, within(1e294));
        assertThat(mean.positiveBuckets()[0]).isEqualTo(1e308, within(1e294));
    }

    @Test
    void selectorsTakeWholeSamplesTheirTimesOrTheirStarts() {
        SampleBuffer samples = new SampleBuffer(3);
        samples.add(MINUTE, 7);
        samples.setStartTimestamp(0, 1_500);
        samples.addHistogram(2 * MINUTE, histogram(2, CounterResetHint.UNKNOWN));
        samples.add(3 * MINUTE, StaleMarker.VALUE);
        Windows windows = Windows.moving(new StepGrid(MINUTE, 3 * MINUTE, MINUTE), 0, 5 * MINUTE);
        Column out = new Column(3);
        InstantKernel.compute(samples, windows, InstantKernel.Part.SAMPLE, out);
        assertThat(out.values()[0]).isEqualTo(7);
        assertThat(out.histogram(1)).isNotNull();
        assertThat(out.isPresent(2)).isFalse();
        InstantKernel.compute(samples, windows, InstantKernel.Part.TIME, out);
        assertThat(out.values()).startsWith(60, 120);
        assertThat(out.histogram(1)).isNull();
        InstantKernel.compute(samples, windows, InstantKernel.Part.START_TIME, out);
        assertThat(out.values()).startsWith(1.5, 0);
    }

    @Test
    void someFunctionsTakeNoExtendedSelector() {
        RangeExtension smoothed = new RangeExtension(RangeExtension.Kind.SMOOTHED, 1);
        assertThatThrownBy(() -> kernel(Function.CHANGES, smoothed))
                .isInstanceOf(QueryException.Execution.class)
                .hasMessage("smoothed modifier can only be used with: delta, increase, rate - not with changes");
    }

    private static List<String> told(Function function, SampleBuffer samples) {
        Expr.VectorSelector selector = new Expr.VectorSelector(
                "m",
                List.of(LabelMatcher.of(LabelMatcher.Type.EQUAL, "__name__", "m")),
                null,
                null,
                false,
                false,
                new PositionRange(5, 6));
        Expr matrix = new Expr.MatrixSelector(selector, new Duration.Literal(5 * MINUTE), new PositionRange(5, 10));
        Windows windows = Windows.moving(new StepGrid(2 * MINUTE, 6 * MINUTE, MINUTE), 0, 5 * MINUTE);
        List<Annotation> annotations = new ArrayList<>();
        RangeFunction range = new RangeFunction(
                new Expr.Call(function, List.of(matrix), new PositionRange(0, 11)),
                windows,
                new double[0][],
                RangeExtension.NONE,
                RangeOptions.NONE,
                annotations::add,
                Checkpoint.NONE);
        range.eval(METRIC, samples, new Column(windows.count()));
        return annotations.stream()
                .map(annotation -> annotation.render("rate(m[5m])"))
                .filter(text -> !text.contains("might not be a counter"))
                .toList();
    }

    private static SampleKernel kernel(Function function, RangeExtension extension) {
        return SampleKernels.of(function, RangeKernels.of(function).orElseThrow(), extension, true);
    }

    private static void fail(RangeRemark remark) {
        throw new AssertionError(remark);
    }

    private static void gaugeOnly(RangeRemark remark) {
        assertThat(remark).isEqualTo(RangeRemark.NOT_GAUGE);
    }

    private static Windows windows(Random random) {
        StepGrid grid = new StepGrid(random.nextInt(600_000), 1_900_000, 10_000 + random.nextInt(200_000));
        return Windows.moving(
                grid, random.nextInt(3) == 0 ? random.nextInt(400_000) - 200_000 : 0, 1 + random.nextInt(600_000));
    }

    /** A counter of whole numbers, so that all sums are exact, with resets and gaps. */
    private static SampleBuffer counter(Random random) {
        SampleBuffer samples = new SampleBuffer(16);
        long time = random.nextInt(60_000);
        long value = random.nextInt(100);
        while (time < 1_800_000) {
            value = random.nextInt(12) == 0 ? random.nextInt(5) : value + random.nextInt(10);
            samples.add(time, value);
            time += 15_000 + random.nextInt(3000) + (random.nextInt(10) == 0 ? 240_000 : 0);
        }
        return samples;
    }

    private static SampleBuffer asHistograms(SampleBuffer floats, CounterResetHint hint) {
        SampleBuffer samples = new SampleBuffer(floats.size());
        for (int i = 0; i < floats.size(); i++) {
            samples.addHistogram(floats.timestamps()[i], histogram(floats.values()[i], hint));
        }
        return samples;
    }

    private static Histogram histogram(double number, CounterResetHint hint) {
        return new Histogram(
                hint,
                0,
                0,
                0,
                number,
                number,
                new int[] {1, 1},
                new double[] {number},
                new int[0],
                new double[0],
                new double[0]);
    }

    private static double[][] arguments(Function function, int count) {
        int number = switch (function) {
            case QUANTILE_OVER_TIME, PREDICT_LINEAR, TOP_K_OVER_TIME -> 1;
            case DOUBLE_EXPONENTIAL_SMOOTHING -> 2;
            default -> 0;
        };
        double[][] arguments = new double[number][count];
        for (double[] argument : arguments) {
            java.util.Arrays.fill(argument, 0.5);
        }
        return arguments;
    }

    /** All NaNs but the stale marker are equal, and so are the zeros. */
    private static long bits(double value) {
        return StaleMarker.is(value) ? StaleMarker.BITS : Double.doubleToLongBits(value + 0.0);
    }
}
