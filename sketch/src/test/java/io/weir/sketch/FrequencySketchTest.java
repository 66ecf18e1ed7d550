package io.weir.sketch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.sketch.hash.ColumnHashing;
import io.weir.sketch.hash.HashProfile;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Count-Min and Count Sketch against exact counts; the heaviest items of a union. */
class FrequencySketchTest {
    private static final int KEYS = 100_000;
    private static final double EXPONENT = 1.1;

    private static final List<Function<FrequencyParameters, FrequencySketch>> KINDS =
            List.of(CountMin::new, CountSketch::new);

    /** The keys of a stream with Zipf's frequencies, as numbers of ranks. */
    private static int[] zipf(SplittableRandom random, int events) {
        double[] cumulative = new double[KEYS];
        double sum = 0;
        for (int i = 0; i < KEYS; i++) {
            sum += Math.pow(i + 1, -EXPONENT);
            cumulative[i] = sum;
        }
        int[] stream = new int[events];
        for (int i = 0; i < events; i++) {
            int found = java.util.Arrays.binarySearch(cumulative, random.nextDouble() * sum);
            stream[i] = Math.min(KEYS - 1, found < 0 ? -found - 1 : found);
        }
        return stream;
    }

    private static double recallAtTen(FrequencySketch sketch, long[] counts) {
        Set<String> exact = new HashSet<>();
        List<Integer> ranks = new ArrayList<>();
        for (int i = 0; i < KEYS; i++) {
            ranks.add(i);
        }
        ranks.sort((a, b) -> Long.compare(counts[b], counts[a]));
        ranks.subList(0, 10).forEach(rank -> exact.add("key-" + rank));
        long hits = sketch.top(10).stream()
                .filter(hitter -> exact.contains(hitter.key().text()))
                .count();
        return hits / 10.0;
    }

    @Test
    void theTopTenOfAMergedZipfStreamIsFound() {
        SplittableRandom random = TestingRandom.of(FrequencySketchTest.class);
        int[] stream = zipf(random, 400_000);
        for (Function<FrequencyParameters, FrequencySketch> kind : KINDS) {
            for (ColumnHashing hashing : ColumnHashing.values()) {
                FrequencyParameters parameters = new FrequencyParameters(5, 2048, hashing, HashProfile.STANDARD, 200);
                FrequencySketch[] parts = new FrequencySketch[8];
                for (int i = 0; i < parts.length; i++) {
                    parts[i] = kind.apply(parameters);
                }
                long[] counts = new long[KEYS];
                for (int i = 0; i < stream.length; i++) {
                    counts[stream[i]]++;
                    parts[i % parts.length].add(SketchKey.of("key-" + stream[i]));
                }
                FrequencySketch merged = parts[0];
                for (int i = 1; i < parts.length; i++) {
                    merged.mergeFrom(parts[i]);
                }
                double recall = recallAtTen(merged, counts);
                System.out.println(merged + " recall@10 " + recall);
                assertThat(recall).as("%s seed=%d", merged, TestingRandom.SEED).isGreaterThanOrEqualTo(0.9);
                List<HeavyHitter> top = merged.top(10);
                assertThat(top).hasSize(10).isSortedAccordingTo(HeavyHitter.HEAVIEST_FIRST);
                for (HeavyHitter hitter : top) {
                    long exact = counts[Integer.parseInt(hitter.key().text().substring(4))];
                    assertThat(hitter.weight()).isBetween(exact * 0.9, exact * 1.1);
                }
            }
        }
    }

    @Test
    void itemsThatAreHeavyOnlyInTheUnionAreFound() {
        // Ten items, each fourth in every part behind three that are heavy in that part only.
        FrequencyParameters parameters = FrequencyParameters.of(5, 1024, 40);
        FrequencySketch merged = new CountSketch(parameters);
        for (int part = 0; part < 10; part++) {
            FrequencySketch sketch = new CountSketch(parameters);
            for (int local = 0; local < 12; local++) {
                sketch.add(SketchKey.of("local-" + part + "-" + local), 1000);
            }
            for (int common = 0; common < 10; common++) {
                sketch.add(SketchKey.of("common-" + common), 300);
            }
            merged.mergeFrom(sketch);
        }
        assertThat(merged.top(10))
                .allSatisfy(hitter -> assertThat(hitter.key().text()).startsWith("common-"));
    }

    @Test
    void countMinNeverEstimatesTooLittleAndSeldomTooMuch() {
        SplittableRandom random = TestingRandom.of(FrequencySketchTest.class);
        int[] stream = zipf(random, 200_000);
        CountMin sketch = new CountMin(FrequencyParameters.of(4, 2048, 0));
        long[] counts = new long[KEYS];
        for (int key : stream) {
            counts[key]++;
            sketch.add(SketchKey.of("key-" + key));
        }
        assertThat(sketch.totalWeight()).isEqualTo(stream.length);
        int beyond = 0;
        for (int key = 0; key < KEYS; key += 10) {
            double error = sketch.estimate(SketchKey.of("key-" + key)) - counts[key];
            assertThat(error).as("key %d seed=%d", key, TestingRandom.SEED).isGreaterThanOrEqualTo(0);
            beyond += error > sketch.errorBound() ? 1 : 0;
        }
        assertThat(beyond / (KEYS / 10.0))
                .as("beyond the bound, seed=%d", TestingRandom.SEED)
                .isLessThan(Math.exp(-4));
    }

    @Test
    void countSketchErrsByItsStandardErrorAndWithoutBias() {
        SplittableRandom random = TestingRandom.of(FrequencySketchTest.class);
        int[] stream = zipf(random, 200_000);
        CountSketch sketch = new CountSketch(FrequencyParameters.of(5, 2048, 0));
        long[] counts = new long[KEYS];
        for (int key : stream) {
            counts[key]++;
            sketch.add(SketchKey.of("key-" + key));
        }
        double sum = 0;
        int beyond = 0;
        int asked = KEYS / 10;
        for (int i = 0; i < asked; i++) {
            double error = sketch.estimate(SketchKey.of("key-" + 10 * i)) - counts[10 * i];
            sum += error;
            beyond += Math.abs(error) > 3 * sketch.standardError() ? 1 : 0;
        }
        assertThat(beyond / (double) asked).as("seed=%d", TestingRandom.SEED).isLessThan(0.02);
        assertThat(Math.abs(sum / asked)).as("seed=%d", TestingRandom.SEED).isLessThan(sketch.standardError() / 4);
    }

    @Test
    void mergingIsAddingInAnyOrder() {
        SplittableRandom random = TestingRandom.of(FrequencySketchTest.class);
        for (Function<FrequencyParameters, FrequencySketch> kind : KINDS) {
            FrequencyParameters parameters = FrequencyParameters.of(3, 64, 1000);
            FrequencySketch all = kind.apply(parameters);
            FrequencySketch[] parts = {kind.apply(parameters), kind.apply(parameters), kind.apply(parameters)};
            for (FrequencySketch part : parts) {
                for (int i = 0; i < 500; i++) {
                    SketchKey key = SketchKey.of("k" + random.nextInt(100));
                    part.add(key);
                    all.add(key);
                }
            }
            FrequencySketch left = parts[0].copy();
            left.mergeFrom(parts[1]);
            left.mergeFrom(parts[2]);
            FrequencySketch right = parts[2].copy();
            right.mergeFrom(parts[0]);
            right.mergeFrom(parts[1]);
            for (int i = 0; i < 100; i++) {
                SketchKey key = SketchKey.of("k" + i);
                assertThat(left.estimate(key)).as("seed=%d", TestingRandom.SEED).isEqualTo(all.estimate(key));
                assertThat(right.estimate(key))
                        .as("seed=%d", TestingRandom.SEED)
                        .isEqualTo(all.estimate(key));
            }
            assertThat(left.top(20)).isEqualTo(right.top(20)).isEqualTo(all.top(20));
        }
    }

    @Test
    void otherParametersDoNotMerge() {
        FrequencySketch sketch = new CountMin(FrequencyParameters.of(3, 64, 5));
        HashProfile other = new HashProfile(List.of(1L, 2L, 3L), 0, 0);
        for (FrequencySketch wrong : new FrequencySketch[] {
            new CountSketch(FrequencyParameters.of(3, 64, 5)),
            new CountMin(FrequencyParameters.of(4, 64, 5)),
            new CountMin(FrequencyParameters.of(3, 65, 5)),
            new CountMin(new FrequencyParameters(3, 64, ColumnHashing.ROW_BY_ROW, HashProfile.STANDARD, 5)),
            new CountMin(new FrequencyParameters(3, 64, ColumnHashing.PACKED, other, 5))
        }) {
            assertThatThrownBy(() -> sketch.mergeFrom(wrong)).isInstanceOf(SketchMismatchException.class);
        }
        assertThatThrownBy(() -> sketch.mergeFrom(sketch)).isInstanceOf(SketchMismatchException.class);
        assertThatThrownBy(() -> FrequencyParameters.of(2, 1 << 24, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void candidatesStayWithinTheirBound() {
        FrequencySketch sketch = new CountMin(FrequencyParameters.of(3, 64, 7));
        for (int i = 0; i < 10_000; i++) {
            sketch.add(SketchKey.of("k" + i % 500));
        }
        assertThat(sketch.candidates()).hasSize(7);
        FrequencySketch other = sketch.copy();
        other.mergeFrom(sketch);
        assertThat(other.candidates()).hasSizeLessThanOrEqualTo(7);
        FrequencySketch none = new CountMin(FrequencyParameters.of(3, 64, 0));
        none.add(SketchKey.of("k"));
        assertThat(none.top(3)).isEmpty();
    }

    @Test
    void aNumberAndItsTextAreTwoItems() {
        FrequencySketch sketch = new CountMin(FrequencyParameters.of(4, 4096, 5));
        sketch.add(SketchKey.of(5), 3);
        sketch.add(SketchKey.of("5"), 2);
        assertThat(sketch.top(5))
                .containsExactly(new HeavyHitter(SketchKey.of(5), 3), new HeavyHitter(SketchKey.of("5"), 2));
    }

    @Test
    void countsAreScaledWhenAskedForAndOnlyEqualSamplesMerge() {
        CountMin counts = new CountMin(FrequencyParameters.of(4, 256, 5));
        counts.add(SketchKey.of("a"), 10);
        SampledSketch sampled = new SampledSketch(counts, new SampleRate(0.25));
        assertThat(sampled.count()).isEqualTo(40);
        assertThat(sampled.top(1)).containsExactly(new HeavyHitter(SketchKey.of("a"), 40));
        HyperLogLog distinct = new HyperLogLog(14, 1, HyperLogLog.Variant.ERTL_MLE);
        distinct.add(new byte[] {1});
        assertThat(new SampledSketch(distinct, new SampleRate(0.5)).distinct()).isBetween(1.99, 2.01);
        DdSketch quantiles = DdSketch.ofAccuracy(0.01);
        quantiles.add(8);
        SampledSketch sampledQuantiles = new SampledSketch(quantiles, new SampleRate(0.5));
        assertThat(sampledQuantiles.quantile(1).orElseThrow()).isBetween(7.9, 8.1);
        assertThat(sampledQuantiles.count()).isEqualTo(2);
        assertThatThrownBy(() -> sampled.mergeFrom(SampledSketch.of(counts.copy())))
                .isInstanceOf(SketchMismatchException.class)
                .hasMessageContaining("0.25");
        assertThatThrownBy(sampled::distinct).isInstanceOf(SketchMismatchException.class);
        for (double probability : new double[] {0, -1, 1.5, Double.NaN}) {
            assertThatThrownBy(() -> new SampleRate(probability)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void sketchesThatRememberNoCandidatesMergeAndAnswerForWhatTheyAreAsked() {
        FrequencyParameters parameters = FrequencyParameters.of(3, 64, 0);
        CountMin one = new CountMin(parameters);
        one.add(SketchKey.of("a"), 2);
        CountMin other = new CountMin(parameters);
        other.add(SketchKey.of("a"), 3);
        one.mergeFrom(List.of(other, other.copy()));
        assertThat(one.estimate(SketchKey.of("a"))).isEqualTo(8);
        assertThat(one.top(5)).isEmpty();
        assertThat(one.candidates()).isEmpty();
    }

    /** Equal weights go by key, in a list as in who stays a candidate, whatever the order in which they came. */
    @Test
    void tiesGoByKey() {
        FrequencyParameters parameters = FrequencyParameters.of(5, 2048, 4);
        CountMin one = new CountMin(parameters);
        CountMin other = new CountMin(parameters);
        for (int i = 9; i >= 0; i--) {
            (i % 2 == 0 ? one : other).add(SketchKey.of("k" + i), i == 7 ? 5 : 2);
        }
        CountMin left = (CountMin) Sketch.merged(List.of(one, other));
        CountMin right = (CountMin) Sketch.merged(List.of(other, one));
        assertThat(left.top(3)).isEqualTo(right.top(3)).first().isEqualTo(new HeavyHitter(SketchKey.of("k7"), 5));
        assertThat(left.candidates()).isEqualTo(right.candidates()).hasSize(4);
        assertThat(left.top(0)).isEmpty();
    }
}
