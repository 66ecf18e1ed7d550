package io.weir.promql.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.weir.promql.ast.Function;
import io.weir.promql.error.QueryException;
import io.weir.promql.function.NeumaierSum;
import io.weir.promql.series.SampleBuffer;
import io.weir.promql.series.StaleMarker;
import io.weir.promql.series.StepGrid;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class RangeKernelsTest {
    private static final StepGrid MINUTES = new StepGrid(0, 600_000, 60_000);

    /** Every kernel equals, bit for bit, a rescan of each window by the formulas as Prometheus writes them. */
    @Test
    void kernelsEqualTheRescanOfEveryWindow() {
        long seed = 20260822;
        Random random = new Random(seed);
        int withResult = 0;
        for (int round = 0; round < 600; round++) {
            TestingSeries.Shape shape = TestingSeries.Shape.values()[round % TestingSeries.Shape.values().length];
            SampleBuffer samples = TestingSeries.random(random, shape, 0, 3_600_000, false);
            long step = 1 + random.nextInt(300_000);
            StepGrid grid = random.nextInt(10) == 0
                    ? StepGrid.instant(random.nextInt(3_600_000))
                    : new StepGrid(random.nextInt(600_000), 3_700_000, random.nextInt(3) == 0 ? 15_000 : step);
            long range = random.nextInt(4) == 0 ? 1 + random.nextInt(2_000_000) : 60_000L * (1 + random.nextInt(10));
            Windows windows = random.nextInt(6) == 0
                    ? Windows.pinned(grid, random.nextInt(3_600_000), range)
                    : Windows.moving(grid, random.nextInt(3) == 0 ? random.nextInt(400_000) - 200_000 : 0, range);
            for (Function function : Function.values()) {
                RangeKernel kernel = RangeKernels.of(function).orElse(null);
                if (kernel == null) {
                    continue;
                }
                double[][] arguments = arguments(function, grid.count(), random);
                double[] out = new double[grid.count()];
                // twice: a kernel must not remember the series before
                kernel.compute(new long[] {1, 2, 3}, new double[] {3, 2, 1}, 3, windows, arguments, out);
                kernel.compute(samples.timestamps(), samples.values(), samples.size(), windows, arguments, out);
                for (int i = 0; i < out.length; i++) {
                    double expected = Rescan.value(function, samples, windows, i, arguments);
                    if (!StaleMarker.is(expected)) {
                        withResult++;
                    }
                    assertThat(bits(out[i]))
                            .as(
                                    "seed=%d round=%d %s %s step %d: %s, expected %s",
                                    seed, round, function, windows, i, out[i], expected)
                            .isEqualTo(bits(expected));
                }
            }
        }
        assertThat(withResult).isGreaterThan(100_000);
    }

    /** All NaNs but the stale marker are equal. */
    private static long bits(double value) {
        return StaleMarker.is(value) ? StaleMarker.BITS : Double.doubleToLongBits(value);
    }

    private static double[][] arguments(Function function, int count, Random random) {
        int number = switch (function) {
            case QUANTILE_OVER_TIME, PREDICT_LINEAR, TOP_K_OVER_TIME -> 1;
            case DOUBLE_EXPONENTIAL_SMOOTHING -> 2;
            default -> 0;
        };
        double[][] arguments = new double[number][count];
        for (double[] argument : arguments) {
            for (int i = 0; i < count; i++) {
                argument[i] = switch (function) {
                    case QUANTILE_OVER_TIME -> random.nextInt(20) == 0 ? Double.NaN : random.nextDouble() * 1.2 - 0.1;
                    case PREDICT_LINEAR -> random.nextInt(7200);
                    case TOP_K_OVER_TIME -> random.nextInt(6) - 1;
                    default -> 0.01 + 0.98 * random.nextDouble();
                };
            }
        }
        return arguments;
    }

    @Test
    void windowsAreOpenOnTheLeft() {
        double[] out = run(Function.COUNT_OVER_TIME, 60_000, new double[] {1, 1, 1, 1, 1, 1, 1, 1, 1}, 15_000);
        // samples at 0, 15, ... 120 s; (0, 60] holds 15, 30, 45, 60
        assertThat(out[0]).isEqualTo(1);
        assertThat(out[1]).isEqualTo(4);
        assertThat(out[2]).isEqualTo(4);
        assertThat(StaleMarker.is(out[3])).isTrue();
    }

    @Test
    void sumsSurviveCancellation() {
        double[] values = {1, 1e100, 1, -1e100};
        assertThat(run(Function.SUM_OVER_TIME, 60_000, values, 10_000)[1]).isEqualTo(1);
        assertThat(run(Function.SUM_OVER_TIME, 61_000, values, 10_000)[1]).isEqualTo(2);
        assertThat(run(Function.AVG_OVER_TIME, 61_000, values, 10_000)[1]).isEqualTo(0.5);
    }

    @Test
    void averageSurvivesOverflow() {
        double[] values = {Double.MAX_VALUE, Double.MAX_VALUE, Double.MAX_VALUE};
        assertThat(run(Function.AVG_OVER_TIME, 61_000, values, 10_000)[1])
                .isCloseTo(Double.MAX_VALUE, withinPercentage(1e-13));
        assertThat(run(Function.SUM_OVER_TIME, 61_000, values, 10_000)[1]).isEqualTo(Double.POSITIVE_INFINITY);
    }

    @Test
    void rateExtrapolatesToTheEdgesButNotBelowZero() {
        // a counter scraped every 15 s that grows by 1 per second
        double[] values = new double[9];
        Arrays.setAll(values, i -> 15 * i);
        assertThat(run(Function.INCREASE, 60_000, values, 15_000)[2]).isEqualTo(60);
        assertThat(run(Function.RATE, 60_000, values, 15_000)[2]).isEqualTo(45 * (60.0 / 45 / 60));
        // a window that reaches back to before the counter's birth at zero is not extrapolated there
        assertThat(run(Function.INCREASE, 600_000, values, 15_000)[2]).isEqualTo(120);
        Arrays.setAll(values, i -> 15 * i + 5);
        assertThat(run(Function.INCREASE, 600_000, values, 15_000)[2]).isCloseTo(125, withinPercentage(1e-12));
        assertThat(run(Function.DELTA, 600_000, values, 15_000)[2]).isEqualTo(120 * (127.5 / 120));
    }

    @Test
    void irateTakesTheLastValueAfterAReset() {
        assertThat(run(Function.IRATE, 60_000, new double[] {10, 20, 4}, 10_000)[1])
                .isEqualTo(0.4);
        assertThat(run(Function.IDELTA, 60_000, new double[] {10, 20, 4}, 10_000)[1])
                .isEqualTo(-16);
    }

    @Test
    void smoothingFactorsAreChecked() {
        RangeKernel kernel =
                RangeKernels.of(Function.DOUBLE_EXPONENTIAL_SMOOTHING).orElseThrow();
        double[] out = new double[1];
        Windows windows = Windows.moving(StepGrid.instant(10), 0, 10);
        double[][] arguments = {{1.5}, {0.5}};
        assertThatThrownBy(() -> kernel.compute(new long[] {5}, new double[] {1}, 1, windows, arguments, out))
                .isInstanceOf(QueryException.Execution.class)
                .hasMessage("invalid smoothing factor. Expected: 0 < sf < 1, got: 1.500000");
    }

    @Test
    void instantSelectorTakesTheNewestSampleAndStopsAtStaleMarkers() {
        long[] timestamps = {0, 60_000, 120_000, 180_000};
        double[] values = {1, 2, StaleMarker.VALUE, 4};
        double[] out = new double[11];
        InstantKernel.compute(timestamps, values, 4, Windows.moving(MINUTES, 0, 300_000), false, out);
        assertThat(out[0]).isEqualTo(1);
        assertThat(out[1]).isEqualTo(2);
        assertThat(StaleMarker.is(out[2])).isTrue();
        assertThat(out[3]).isEqualTo(4);
        assertThat(out[7]).isEqualTo(4);
        assertThat(StaleMarker.is(out[8]))
                .as("(180 s, 480 s] is open on the left")
                .isTrue();
        InstantKernel.compute(timestamps, values, 4, Windows.moving(MINUTES, 30_000, 300_000), true, out);
        assertThat(StaleMarker.is(out[0])).isTrue();
        assertThat(out[1]).isEqualTo(0);
        assertThat(out[2]).isEqualTo(60);
        assertThat(StaleMarker.is(out[3])).isTrue();
        assertThat(out[8]).isEqualTo(180);
    }

    private static double[] run(Function function, long range, double[] values, long distance) {
        long[] timestamps = new long[values.length];
        Arrays.setAll(timestamps, i -> i * distance);
        double[] out = new double[MINUTES.count()];
        RangeKernels.of(function)
                .orElseThrow()
                .compute(timestamps, values, values.length, Windows.moving(MINUTES, 0, range), new double[0][], out);
        return out;
    }

    /** The oracle: collects each window and computes it in the plainest way. */
    private static final class Rescan {
        static double value(Function function, SampleBuffer samples, Windows windows, int step, double[][] arguments) {
            long end = windows.end(step);
            List<Long> times = new ArrayList<>();
            List<Double> values = new ArrayList<>();
            for (int i = 0; i < samples.size(); i++) {
                if (samples.timestamps()[i] > end - windows.rangeMillis() && samples.timestamps()[i] <= end) {
                    times.add(samples.timestamps()[i]);
                    values.add(samples.values()[i]);
                }
            }
            if (times.isEmpty()) {
                return StaleMarker.VALUE;
            }
            long[] t = times.stream().mapToLong(Long::longValue).toArray();
            double[] v = values.stream().mapToDouble(Double::doubleValue).toArray();
            int n = t.length;
            return switch (function) {
                case RATE -> extrapolated(t, v, end, windows.rangeMillis(), true, true);
                case INCREASE -> extrapolated(t, v, end, windows.rangeMillis(), true, false);
                case DELTA -> extrapolated(t, v, end, windows.rangeMillis(), false, false);
                case IRATE, IDELTA -> lastTwo(t, v, function == Function.IRATE);
                case CHANGES -> changes(v);
                case RESETS -> resets(v).size();
                case DERIV -> n < 2 ? StaleMarker.VALUE : line(t, v, t[0])[0];
                case PREDICT_LINEAR -> {
                    double[] line = line(t, v, windows.evaluation().at(step));
                    yield n < 2 ? StaleMarker.VALUE : line[0] * arguments[0][step] + line[1];
                }
                case DOUBLE_EXPONENTIAL_SMOOTHING -> smooth(v, arguments[0][step], arguments[1][step]);
                case SUM_OVER_TIME -> sum(v);
                case AVG_OVER_TIME -> average(v);
                case STDVAR_OVER_TIME -> variance(v);
                case STDDEV_OVER_TIME -> Math.sqrt(variance(v));
                case MIN_OVER_TIME -> v[extreme(v, -1, false)];
                case MAX_OVER_TIME -> v[extreme(v, 1, false)];
                case TS_OF_MIN_OVER_TIME -> t[extreme(v, -1, true)] / 1000.0;
                case TS_OF_MAX_OVER_TIME -> t[extreme(v, 1, true)] / 1000.0;
                case COUNT_OVER_TIME -> n;
                case PRESENT_OVER_TIME -> 1;
                case FIRST_OVER_TIME -> v[0];
                case LAST_OVER_TIME -> v[n - 1];
                case TS_OF_FIRST_OVER_TIME -> t[0] / 1000.0;
                case TS_OF_LAST_OVER_TIME -> t[n - 1] / 1000.0;
                case QUANTILE_OVER_TIME -> quantile(arguments[0][step], v);
                case COUNT_DISTINCT_OVER_TIME -> distinct(v);
                case TOP_K_OVER_TIME -> {
                    int k = (int) arguments[0][step];
                    yield k < 1 ? StaleMarker.VALUE : Math.min(k, distinct(v));
                }
                case MAD_OVER_TIME -> {
                    if (Arrays.stream(v).anyMatch(Double::isNaN)) {
                        yield Double.NaN;
                    }
                    double median = quantile(0.5, v);
                    yield quantile(
                            0.5, Arrays.stream(v).map(x -> Math.abs(x - median)).toArray());
                }
                default -> throw new IllegalArgumentException("no oracle for " + function);
            };
        }

        private static long distinct(double[] v) {
            // a boxed double keeps the zeros apart
            return Arrays.stream(v).map(x -> x + 0.0).boxed().distinct().count();
        }

        private static List<Integer> resets(double[] v) {
            List<Integer> resets = new ArrayList<>();
            for (int i = 1; i < v.length; i++) {
                if (v[i] < v[i - 1]) {
                    resets.add(i);
                }
            }
            return resets;
        }

        private static int changes(double[] v) {
            int changes = 0;
            for (int i = 1; i < v.length; i++) {
                if (v[i] != v[i - 1] && !(Double.isNaN(v[i]) && Double.isNaN(v[i - 1]))) {
                    changes++;
                }
            }
            return changes;
        }

        private static double extrapolated(
                long[] t, double[] v, long end, long range, boolean counter, boolean perSecond) {
            int n = t.length;
            if (n < 2) {
                return StaleMarker.VALUE;
            }
            double result = v[n - 1] - v[0];
            if (counter) {
                for (int reset : resets(v)) {
                    result += v[reset - 1];
                }
            }
            double toStart = (t[0] - (end - range)) / 1000.0;
            double toEnd = (end - t[n - 1]) / 1000.0;
            double sampled = (t[n - 1] - t[0]) / 1000.0;
            double average = sampled / (n - 1);
            double threshold = average * 1.1;
            if (toStart >= threshold) {
                toStart = average / 2;
            }
            if (counter) {
                double toZero = toStart;
                if (result > 0 && v[0] >= 0) {
                    toZero = sampled * (v[0] / result);
                }
                if (toZero < toStart) {
                    toStart = toZero;
                }
            }
            if (toEnd >= threshold) {
                toEnd = average / 2;
            }
            double factor = (sampled + toStart + toEnd) / sampled;
            if (perSecond) {
                factor /= range / 1000 + range % 1000 * 1_000_000 / 1e9;
            }
            return result * factor;
        }

        private static double lastTwo(long[] t, double[] v, boolean rate) {
            int n = t.length;
            if (n < 2) {
                return StaleMarker.VALUE;
            }
            double result = v[n - 1];
            if (!rate || !(v[n - 1] < v[n - 2])) {
                result = v[n - 1] - v[n - 2];
            }
            return rate ? result / ((t[n - 1] - t[n - 2]) / 1000.0) : result;
        }

        private static double sum(double[] v) {
            NeumaierSum sum = new NeumaierSum();
            Arrays.stream(v).forEach(sum::add);
            return sum.total();
        }

        private static double average(double[] v) {
            double sum = v[0];
            double c = 0;
            double mean = 0;
            boolean incremental = false;
            for (int i = 1; i < v.length; i++) {
                double count = i + 1;
                if (!incremental) {
                    NeumaierSum next = new NeumaierSum();
                    next.reset(sum, c);
                    next.add(v[i]);
                    if (!Double.isInfinite(next.sum())) {
                        sum = next.sum();
                        c = next.compensation();
                        continue;
                    }
                    incremental = true;
                    mean = sum / (count - 1);
                    c /= count - 1;
                }
                double q = (count - 1) / count;
                NeumaierSum next = new NeumaierSum();
                next.reset(q * mean, q * c);
                next.add(v[i] / count);
                mean = next.sum();
                c = next.compensation();
            }
            return incremental ? mean + c : sum / v.length + c / v.length;
        }

        private static double variance(double[] v) {
            double count = 0;
            NeumaierSum mean = new NeumaierSum();
            NeumaierSum moment = new NeumaierSum();
            for (double value : v) {
                count++;
                double delta = value - (mean.sum() + mean.compensation());
                mean.add(delta / count);
                moment.add(delta * (value - (mean.sum() + mean.compensation())));
            }
            return (moment.sum() + moment.compensation()) / count;
        }

        private static int extreme(double[] v, int sign, boolean last) {
            int best = 0;
            for (int i = 0; i < v.length; i++) {
                double difference = sign * v[i] - sign * v[best];
                boolean better = sign > 0 ? v[i] > v[best] : v[i] < v[best];
                if (better || (last && v[i] == v[best]) || (last && difference == 0) || Double.isNaN(v[best])) {
                    best = i;
                }
            }
            return best;
        }

        private static double[] line(long[] t, double[] v, long origin) {
            if (Arrays.stream(v).allMatch(value -> value == v[0]) || v.length == 1) {
                return Double.isInfinite(v[0]) ? new double[] {Double.NaN, Double.NaN} : new double[] {0, v[0]};
            }
            NeumaierSum[] sums = {new NeumaierSum(), new NeumaierSum(), new NeumaierSum(), new NeumaierSum()};
            for (int i = 0; i < v.length; i++) {
                double x = (t[i] - origin) / 1e3;
                sums[0].add(x);
                sums[1].add(v[i]);
                sums[2].add(x * v[i]);
                sums[3].add(x * x);
            }
            double[] s = Arrays.stream(sums)
                    .mapToDouble(sum -> sum.sum() + sum.compensation())
                    .toArray();
            double n = v.length;
            double slope = (s[2] - s[0] * s[1] / n) / (s[3] - s[0] * s[0] / n);
            return new double[] {slope, s[1] / n - slope * s[0] / n};
        }

        private static double smooth(double[] v, double sf, double tf) {
            if (v.length < 2) {
                return StaleMarker.VALUE;
            }
            double s0 = 0;
            double s1 = v[0];
            double b = v[1] - v[0];
            for (int i = 1; i < v.length; i++) {
                double x = sf * v[i];
                b = i == 1 ? b : tf * (s1 - s0) + (1 - tf) * b;
                double y = (1 - sf) * (s1 + b);
                s0 = s1;
                s1 = x + y;
            }
            return s1;
        }

        private static double quantile(double q, double[] v) {
            if (Double.isNaN(q)) {
                return Double.NaN;
            }
            if (q < 0 || q > 1) {
                return q < 0 ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
            }
            List<Double> sorted = new ArrayList<>(Arrays.stream(v).boxed().toList());
            sorted.sort(Comparator.comparing((Double x) -> !Double.isNaN(x)).thenComparing(Comparator.naturalOrder()));
            double rank = q * (v.length - 1);
            int lower = (int) Math.floor(rank);
            int upper = Math.min(v.length - 1, lower + 1);
            double weight = rank - Math.floor(rank);
            return sorted.get(lower) * (1 - weight) + sorted.get(upper) * weight;
        }
    }
}
