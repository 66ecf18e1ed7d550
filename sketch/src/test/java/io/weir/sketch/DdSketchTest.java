package io.weir.sketch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/** DDSketch against exact ranks and against DataDog's implementation. */
class DdSketchTest {
    private static final double[] QUANTILES = {0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1};
    /** Rounding of logarithms at the border of a bin. */
    private static final double ROUNDING = 1e-9;

    private static double exact(double[] sorted, double q) {
        return sorted[(int) Math.max(0, Math.ceil(q * sorted.length) - 1)];
    }

    private static void assertWithin(double alpha, double exact, double estimate, String context) {
        assertThat(Math.abs(estimate - exact))
                .as("%s: %s for %s", context, estimate, exact)
                .isLessThanOrEqualTo((alpha + ROUNDING) * Math.abs(exact));
    }

    @Test
    void everyQuantileIsWithinTheAccuracyOfTheExactOne() {
        SplittableRandom random = TestingRandom.of(DdSketchTest.class);
        DoubleUnaryOperator[] shapes = {
            normal -> Math.exp(normal),
            normal -> Math.exp(10 * normal),
            normal -> normal * 1e6,
            normal -> Math.rint(normal),
            normal -> Math.pow(10, 290 * Math.tanh(normal)) * Math.signum(normal)
        };
        for (double alpha : new double[] {0.001, 0.01, 0.05, 0.3}) {
            for (int shape = 0; shape < shapes.length; shape++) {
                double[] values = new double[5000];
                DdSketch sketch = new DdSketch(LogarithmicMapping.ofAccuracy(alpha), new DdSketchLimits(1 << 21));
                for (int i = 0; i < values.length; i++) {
                    values[i] = shapes[shape].applyAsDouble(TestingRandom.normal(random));
                    sketch.add(values[i]);
                }
                Arrays.sort(values);
                for (double q : QUANTILES) {
                    assertWithin(
                            alpha,
                            exact(values, q) + 0.0,
                            sketch.quantile(q).orElseThrow(),
                            "seed=" + TestingRandom.SEED + " alpha " + alpha + " shape " + shape + " q " + q);
                }
            }
        }
    }

    @Test
    void theWholeRangeOfDoublesFits() {
        DdSketch sketch = new DdSketch(LogarithmicMapping.ofAccuracy(0.01), new DdSketchLimits(1 << 17));
        double[] values = {Double.MIN_NORMAL, 1e-300, 1e-9, 1, Math.nextUp(1.0), 1e9, 1e300, Double.MAX_VALUE};
        for (double value : values) {
            sketch.add(value);
            sketch.add(-value);
        }
        for (int i = 0; i < values.length; i++) {
            double above = sketch.quantile((values.length + i + 1) / (2.0 * values.length))
                    .orElseThrow();
            double below =
                    sketch.quantile((values.length - i) / (2.0 * values.length)).orElseThrow();
            assertWithin(0.01, values[i], above, "positive");
            assertWithin(0.01, -values[i], below, "negative");
        }
        assertThat(sketch.quantile(1).orElseThrow()).isFinite();
    }

    @Test
    void whatIsNoNumberIsCountedApartAndNeverAsZero() {
        DdSketch sketch = DdSketch.ofAccuracy(0.01);
        sketch.add(Double.NaN);
        assertThat(sketch.quantile(0.5)).isEmpty();
        assertThat(sketch.isEmpty()).isFalse();
        sketch.add(5);
        sketch.add(Double.POSITIVE_INFINITY);
        sketch.add(Double.NEGATIVE_INFINITY);
        sketch.add(Double.longBitsToDouble(0x7ff0000000000002L));
        assertThat(sketch.nanWeight()).isEqualTo(1);
        assertThat(sketch.zeroWeight()).isZero();
        assertThat(sketch.count()).isEqualTo(3);
        assertThat(sketch.quantile(0).orElseThrow()).isEqualTo(Double.NEGATIVE_INFINITY);
        assertWithin(0.01, 5, sketch.quantile(0.5).orElseThrow(), "the number between");
        assertThat(sketch.quantile(1).orElseThrow()).isEqualTo(Double.POSITIVE_INFINITY);
    }

    @Test
    void aStalenessMarkerIsNoSample() {
        DdSketch sketch = DdSketch.ofAccuracy(0.01);
        sketch.add(Double.longBitsToDouble(0x7ff0000000000002L));
        assertThat(sketch.isEmpty()).isTrue();
    }

    @Test
    void zerosAndSubnormalsAreZeros() {
        DdSketch sketch = DdSketch.ofAccuracy(0.01);
        for (double value : new double[] {0.0, -0.0, Double.MIN_VALUE, -1e-310}) {
            sketch.add(value);
        }
        sketch.add(3);
        assertThat(sketch.zeroWeight()).isEqualTo(4);
        assertThat(sketch.quantile(0.8).orElseThrow()).isZero();
        assertWithin(0.01, 3, sketch.quantile(0.81).orElseThrow(), "above the zeros");
    }

    @Test
    void weightsCountAsOftenAsTheySay() {
        DdSketch sketch = DdSketch.ofAccuracy(0.01);
        sketch.add(1, 2.5);
        sketch.add(100, 7.5);
        assertThat(sketch.count()).isEqualTo(10);
        assertWithin(0.01, 1, sketch.quantile(0.2).orElseThrow(), "rank 2 of 10");
        assertWithin(0.01, 100, sketch.quantile(0.3).orElseThrow(), "rank 3 of 10");
        DdSketch light = DdSketch.ofAccuracy(0.01);
        light.add(7, 0.25);
        assertWithin(0.01, 7, light.quantile(1).orElseThrow(), "less than one");
        for (double weight : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> sketch.add(1, weight)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void quantilesOutsideOfTheirRangeAreRefused() {
        DdSketch sketch = DdSketch.ofAccuracy(0.01);
        for (double q : new double[] {-0.1, 1.1, Double.NaN}) {
            assertThatThrownBy(() -> sketch.quantile(q)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void mergingIsAddingInAnyOrder() {
        SplittableRandom random = TestingRandom.of(DdSketchTest.class);
        for (int run = 0; run < 50; run++) {
            DdSketch all = DdSketch.ofAccuracy(0.02);
            DdSketch[] parts = new DdSketch[3];
            for (int part = 0; part < parts.length; part++) {
                parts[part] = DdSketch.ofAccuracy(0.02);
                for (int i = random.nextInt(200); i > 0; i--) {
                    double value = random.nextInt(20) == 0
                            ? new double[] {0, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}
                                    [random.nextInt(4)]
                            : Math.exp(20 * TestingRandom.normal(random)) * (random.nextBoolean() ? 1 : -1);
                    parts[part].add(value);
                    all.add(value);
                }
            }
            DdSketch left = parts[0].copy();
            left.mergeFrom(parts[1]);
            left.mergeFrom(parts[2]);
            DdSketch inner = parts[2].copy();
            inner.mergeFrom(parts[1]);
            DdSketch right = inner.copy();
            right.mergeFrom(parts[0]);
            assertThat(left.sameContents(right))
                    .as("seed=%d run %d", TestingRandom.SEED, run)
                    .isTrue();
            assertThat(left.sameContents(all))
                    .as("seed=%d run %d", TestingRandom.SEED, run)
                    .isTrue();
        }
    }

    @Test
    void otherAccuraciesDoNotMerge() {
        DdSketch sketch = DdSketch.ofAccuracy(0.01);
        sketch.add(1);
        assertThatThrownBy(() -> sketch.mergeFrom(DdSketch.ofAccuracy(0.02)))
                .isInstanceOf(SketchMismatchException.class)
                .hasMessageContaining("0.02");
        assertThatThrownBy(() -> sketch.mergeFrom(new HyperLogLog(10, 1, HyperLogLog.Variant.ERTL_MLE)))
                .isInstanceOf(SketchMismatchException.class);
        // sketchlib-go derives the accuracy from gamma again before it sends it, which moves it by some ulps.
        double gamma = 1.01 / 0.99;
        DdSketch same = DdSketch.ofAccuracy((gamma - 1) / (gamma + 1));
        same.add(1);
        sketch.mergeFrom(same);
        assertThat(sketch.count()).isEqualTo(2);
    }

    @Test
    void aValueBeyondTheBinsIsRefusedAndChangesNothing() {
        DdSketch sketch = new DdSketch(LogarithmicMapping.ofAccuracy(0.01), new DdSketchLimits(100));
        sketch.add(1);
        sketch.add(2);
        DdSketch before = sketch.copy();
        for (double value : new double[] {1e6, 1e-6}) {
            assertThatThrownBy(() -> sketch.add(value)).isInstanceOf(SketchCapacityException.class);
        }
        DdSketch far = new DdSketch(sketch.mapping(), sketch.limits());
        far.add(-1);
        far.add(1e6);
        assertThatThrownBy(() -> sketch.mergeFrom(far)).isInstanceOf(SketchCapacityException.class);
        assertThat(sketch.sameContents(before)).isTrue();
    }

    @Test
    void binsAndQuantilesEqualThoseOfDataDogsSketch() {
        SplittableRandom random = TestingRandom.of(DdSketchTest.class);
        com.datadoghq.sketch.ddsketch.DDSketch oracle =
                com.datadoghq.sketch.ddsketch.DDSketches.logarithmicUnboundedDense(0.01);
        DdSketch sketch = DdSketch.ofAccuracy(0.01);
        int differing = 0;
        for (int i = 0; i < 100_000; i++) {
            double value = Math.exp(5 * TestingRandom.normal(random)) * (i % 3 == 0 ? -1 : 1);
            sketch.add(value);
            oracle.accept(value);
            differing += oracle.getIndexMapping().index(Math.abs(value))
                            == sketch.mapping().index(Math.abs(value))
                    ? 0
                    : 1;
        }
        assertThat(differing)
                .as("bins that differ, seed=%d", TestingRandom.SEED)
                .isZero();
        for (double q : new double[] {0.01, 0.3, 0.5, 0.9, 0.99, 0.999}) {
            // Its rank is q * (count - 1), ours ceil(q * count): one value apart at most.
            double theirs = oracle.getValueAtQuantile(q);
            assertThat(sketch.quantile(q).orElseThrow())
                    .isBetween(theirs - 0.05 * Math.abs(theirs), theirs + 0.05 * Math.abs(theirs));
        }
    }

    @Test
    void accuraciesThatMakeNoBinsAreRefused() {
        for (double accuracy : new double[] {0, 1, -0.1, 1e-7, Double.NaN}) {
            assertThatThrownBy(() -> LogarithmicMapping.ofAccuracy(accuracy))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> LogarithmicMapping.ofGamma(1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> LogarithmicMapping.ofGamma(1.02, 1e10)).isInstanceOf(IllegalArgumentException.class);
    }
}
