package io.weir.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the hypervisor took away is in no figure. */
class AskedQuestionsTest {
    private static double[] numbered(int count) {
        return IntStream.range(0, count).asDoubleStream().toArray();
    }

    @Test
    void questionsAroundAMomentInWhichTimeWasStolenDoNotCount() {
        long[] stolen = new long[40];
        Arrays.fill(stolen, 20, 40, 3);
        double[] quiet = new AskedQuestions(numbered(40), stolen).quietMillis();
        // From the eighth before the first that ended later to the eighth after it.
        assertThat(quiet)
                .containsExactly(IntStream.range(0, 40)
                        .filter(i -> i < 12 || i >= 28)
                        .asDoubleStream()
                        .toArray());
    }

    @Test
    void allCountWhereNothingIsStolenAndNoneWhereSomethingAlwaysIs() {
        long[] steady = new long[20];
        Arrays.fill(steady, 7);
        AskedQuestions undisturbed = new AskedQuestions(numbered(20), steady);
        AskedQuestions disturbed = new AskedQuestions(
                numbered(20), IntStream.range(0, 20).asLongStream().toArray());
        List<AskedQuestions> both = List.of(undisturbed, disturbed);
        assertThat(AskedQuestions.quiet(both).count()).isEqualTo(20);
        assertThat(AskedQuestions.all(both).count()).isEqualTo(40);
        assertThat(AskedQuestions.quiet(List.of(disturbed)).count()).isZero();
        assertThat(AskedQuestions.quiet(both).quantile(1)).isEqualTo(19);
    }
}
