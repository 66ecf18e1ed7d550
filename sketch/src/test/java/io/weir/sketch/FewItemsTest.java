package io.weir.sketch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** A frequency sketch of few items against the matrix that it becomes: the same counters, whatever was merged when. */
class FewItemsTest {
    private static final FrequencyParameters PARAMETERS = FrequencyParameters.of(5, 2048, 300);
    private static final List<Function<FrequencyParameters, FrequencySketch>> KINDS =
            List.of(CountMin::new, CountSketch::new);

    private final SplittableRandom random = TestingRandom.of(FewItemsTest.class);

    /** A sketch, and the same as a matrix from its first item on. */
    private static final class Pair {
        private final FrequencySketch sketch;
        private final FrequencySketch matrix;
        private final Map<SketchKey, Double> weights = new HashMap<>();

        Pair(Function<FrequencyParameters, FrequencySketch> kind) {
            sketch = kind.apply(PARAMETERS);
            matrix = kind.apply(PARAMETERS);
            matrix.matrix();
        }

        void add(SketchKey key, double weight) {
            sketch.add(key, weight);
            matrix.add(key, weight);
            weights.merge(key, weight, Double::sum);
        }

        void mergeFrom(Pair other) {
            sketch.mergeFrom(other.sketch);
            matrix.mergeFrom(other.matrix);
            other.weights.forEach((key, weight) -> weights.merge(key, weight, Double::sum));
        }

        void check() {
            if (weights.size() > PARAMETERS.candidatesMax()) {
                assertThat(sketch.exactWeights()).isEmpty();
            }
            if (sketch.exactWeights().isPresent()) {
                assertThat(sketch.exactWeights().get()).isEqualTo(weights);
                weights.forEach(
                        (key, weight) -> assertThat(sketch.estimate(key)).isEqualTo(weight));
                assertThat(sketch.estimate(SketchKey.of("nowhere"))).isZero();
                assertThat(sketch.top(weights.size())).hasSameSizeAs(weights.keySet());
            }
            FrequencySketch spread = sketch.copy();
            for (int row = 0; row < PARAMETERS.rows(); row++) {
                for (int column = 0; column < PARAMETERS.columns(); column++) {
                    assertThat(spread.cell(row, column)).isEqualTo(matrix.cell(row, column));
                }
            }
            assertThat(spread.exactWeights()).isEmpty();
            assertThat(spread.isEmpty()).isEqualTo(weights.isEmpty());
        }
    }

    private Pair pair(Function<FrequencyParameters, FrequencySketch> kind, int itemsMax, int events) {
        Pair pair = new Pair(kind);
        for (int i = 0; i < events; i++) {
            pair.add(SketchKey.of("item-" + random.nextInt(itemsMax)), 1 + random.nextInt(5));
        }
        return pair;
    }

    @Test
    void fewItemsAreTheMatrixTheyBecome() {
        for (Function<FrequencyParameters, FrequencySketch> kind : KINDS) {
            for (int events : new int[] {0, 1, 50, 299, 300, 301, 2_000}) {
                Pair pair = pair(kind, Math.max(1, events), events);
                assertThat(pair.sketch.exactWeights().isPresent()).isEqualTo(pair.weights.size() <= 300);
                pair.check();
            }
        }
    }

    @Test
    void mergesOfFewAndManyAreTheMergeOfTheirMatrices() {
        for (Function<FrequencyParameters, FrequencySketch> kind : KINDS) {
            for (int round = 0; round < 40; round++) {
                Pair sum = pair(kind, 1 + random.nextInt(600), random.nextInt(1_200));
                FrequencySketch before = sum.sketch.copy();
                Pair other = pair(kind, 1 + random.nextInt(600), random.nextInt(1_200));
                boolean wasExact = other.sketch.exactWeights().isPresent();
                sum.mergeFrom(other);
                sum.check();
                assertThat(other.sketch.exactWeights().isPresent()).isEqualTo(wasExact);
                other.check();
                // A copy shares nothing with what it is of.
                before.add(SketchKey.of("other"));
                assertThat(sum.sketch.estimate(SketchKey.of("other")))
                        .isEqualTo(sum.matrix.estimate(SketchKey.of("other")));
            }
        }
    }

    /** Many merged at once against one after the other: the same counters, and at least as many of the heaviest found. */
    @Test
    void mergesOfManyAtOnceAreMergesOneByOne() {
        for (Function<FrequencyParameters, FrequencySketch> kind : KINDS) {
            for (int round = 0; round < 40; round++) {
                List<FrequencySketch> parts = new ArrayList<>();
                Pair sum = pair(kind, 1 + random.nextInt(600), random.nextInt(1_200));
                parts.add(sum.sketch.copy());
                for (int i = random.nextInt(5); i > 0; i--) {
                    Pair part = pair(kind, 1 + random.nextInt(600), random.nextInt(1_200));
                    parts.add(part.sketch);
                    sum.mergeFrom(part);
                }
                FrequencySketch atOnce = (FrequencySketch) Sketch.merged(parts);
                assertThat(atOnce.exactWeights()).isEqualTo(sum.sketch.exactWeights());
                if (atOnce.exactWeights().isEmpty()) {
                    assertThat(atOnce.matrix()).containsExactly(sum.sketch.matrix());
                    assertThat(atOnce.candidates())
                            .hasSizeLessThanOrEqualTo(atOnce.parameters().candidatesMax());
                    // Who dropped out of an early pair may be asked again here: never less weight by rank.
                    List<HeavyHitter> mine = atOnce.top(20);
                    List<HeavyHitter> theirs = sum.sketch.top(20);
                    assertThat(mine).hasSameSizeAs(theirs);
                    for (int i = 0; i < mine.size(); i++) {
                        assertThat(mine.get(i).weight())
                                .isGreaterThanOrEqualTo(theirs.get(i).weight());
                    }
                }
            }
        }
    }

    @Test
    void fewItemsTakeLittleMemoryAndHaveNoError() {
        CountMin few = new CountMin(PARAMETERS);
        CountSketch signed = new CountSketch(PARAMETERS);
        for (int i = 0; i < 10; i++) {
            few.add(SketchKey.of("item-" + i), i + 1);
            signed.add(SketchKey.of("item-" + i), i + 1);
        }
        assertThat(few.retainedBytes()).isLessThan(2_000);
        assertThat(few.errorBound()).isZero();
        assertThat(few.totalWeight()).isEqualTo(55);
        assertThat(signed.standardError()).isZero();
        assertThat(signed.secondNorm()).isEqualTo(Math.sqrt(385));
        assertThat(few.cell(0, 0)).isGreaterThanOrEqualTo(0);
        assertThat(few.errorBound()).isPositive();
        assertThat(few.totalWeight()).isEqualTo(55);
        assertThat(few.retainedBytes()).isGreaterThan(80_000);
    }

    @Test
    void aMatrixThatIsSmallerThanItsItemsIsOneFromTheStart() {
        CountMin small = new CountMin(FrequencyParameters.of(3, 32, 100));
        for (int i = 0; i < 7; i++) {
            small.add(SketchKey.of(i));
        }
        assertThat(small.exactWeights()).isEmpty();
        CountMin withoutCandidates = new CountMin(FrequencyParameters.of(5, 2048, 0));
        withoutCandidates.add(SketchKey.of("a"));
        assertThat(withoutCandidates.exactWeights()).isEmpty();
        assertThat(withoutCandidates.candidates()).isEmpty();
    }
}
