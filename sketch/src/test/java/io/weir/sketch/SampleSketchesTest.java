package io.weir.sketch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SampleSketchesTest {
    private static final double STALE = Double.longBitsToDouble(0x7ff0000000000002L);

    @Test
    void aValuesTextIsThatOfPrometheus() {
        assertThat(SampleSketches.text(0.1)).isEqualTo("0.1");
        assertThat(SampleSketches.text(-0.0)).isEqualTo("0");
        assertThat(SampleSketches.text(-3)).isEqualTo("-3");
        assertThat(SampleSketches.text(1e15)).isEqualTo("1000000000000000");
        assertThat(SampleSketches.text(1e20)).isEqualTo("100000000000000000000");
        assertThat(SampleSketches.text(1e21)).isEqualTo("1e+21");
        assertThat(SampleSketches.text(-1.5e300)).isEqualTo("-1.5e+300");
        assertThat(SampleSketches.text(0.000001)).isEqualTo("0.000001");
        assertThat(SampleSketches.text(0.0000001)).isEqualTo("1e-07");
        assertThat(SampleSketches.text(Double.MIN_VALUE)).isEqualTo("5e-324");
        assertThat(SampleSketches.text(2e-323)).isEqualTo("2e-323");
        assertThat(SampleSketches.text(Double.NaN)).isEqualTo("NaN");
        assertThat(SampleSketches.text(Double.NEGATIVE_INFINITY)).isEqualTo("-Inf");
        assertThat(SampleSketches.text(Double.POSITIVE_INFINITY)).isEqualTo("+Inf");
    }

    @Test
    void manySamplesAtOnceAreTheSameAsOneByOne() {
        SplittableRandom random = TestingRandom.of(SampleSketchesTest.class);
        for (int round = 0; round < 20; round++) {
            double[] values = new double[random.nextInt(2_000)];
            for (int i = 0; i < values.length; i++) {
                values[i] = switch (random.nextInt(10)) {
                    case 0 -> STALE;
                    case 1 -> Double.NaN;
                    case 2 -> -0.0;
                    case 3 -> Double.NEGATIVE_INFINITY;
                    case 4 -> random.nextInt(-5, 5);
                    default -> random.nextDouble() * random.nextInt(1, 100);
                };
            }
            HyperLogLog distinct = SampleSketches.distinct(12);
            CountMin frequencies = SampleSketches.frequencies(2_000);
            DdSketch quantiles = SampleSketches.quantiles(0.01);
            for (double value : values) {
                SampleSketches.record(distinct, value);
                SampleSketches.record(frequencies, value);
                SampleSketches.record(quantiles, value);
            }
            HyperLogLog distinctAtOnce = distinct.emptyCopy();
            FrequencySketch frequenciesAtOnce = frequencies.emptyCopy();
            DdSketch quantilesAtOnce = quantiles.emptyCopy();
            SampleSketches.recordAll(distinctAtOnce, values.clone(), values.length);
            SampleSketches.recordAll(frequenciesAtOnce, values.clone(), values.length);
            SampleSketches.recordAll(quantilesAtOnce, values.clone(), values.length);

            assertThat(distinctAtOnce.denseRegisters()).isEqualTo(distinct.denseRegisters());
            assertThat(frequenciesAtOnce.top(2_000)).isEqualTo(frequencies.top(2_000));
            assertThat(frequenciesAtOnce.exactWeights()).isEqualTo(frequencies.exactWeights());
            assertThat(quantilesAtOnce.sameContents(quantiles)).isTrue();
        }
    }

    @Test
    void bothZerosAreOneValueAllNaNsAreOneAndAStalenessMarkerIsNone() {
        HyperLogLog distinct = SampleSketches.distinct(14);
        CountMin frequencies = SampleSketches.frequencies(10);
        DdSketch quantiles = SampleSketches.quantiles(0.01);
        double otherNaN = Double.longBitsToDouble(0x7ff8000000000001L);
        for (double value : new double[] {0.0, -0.0, Double.NaN, otherNaN, STALE}) {
            SampleSketches.record(distinct, value);
            SampleSketches.record(frequencies, value);
            SampleSketches.record(quantiles, value);
        }

        assertThat(Math.round(distinct.estimate())).isEqualTo(2);
        assertThat(frequencies.top(10))
                .containsExactly(new HeavyHitter(SketchKey.of("0"), 2), new HeavyHitter(SketchKey.of("NaN"), 2));
        assertThat(quantiles.count()).isEqualTo(2);
        assertThat(quantiles.nanWeight()).isEqualTo(2);
    }
}
