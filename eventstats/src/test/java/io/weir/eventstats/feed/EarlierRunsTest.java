package io.weir.eventstats.feed;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.eventstats.feed.EarlierRuns.Outcome;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class EarlierRunsTest {
    private static EarlierRuns runs(Long... durations) {
        return new EarlierRuns(List.of(durations), null);
    }

    private static Outcome outcome(String status, long millis) {
        return new Outcome("id", status, Instant.EPOCH, millis, null, false);
    }

    @Test
    void theMedianIsTheMiddleOne() {
        assertThat(EarlierRuns.NONE.medianMillis()).isEmpty();
        assertThat(runs(9L, 1L, 5L).medianMillis()).hasValue(5);
        assertThat(runs(1L, 9L, 5L, 7L).medianMillis()).hasValue(6);
    }

    @Test
    void theEstimateIsWhatIsLeft() {
        assertThat(EarlierRuns.NONE.etaSeconds(0)).isNull();
        assertThat(runs(2_500L).etaSeconds(0)).isEqualTo(3);
        assertThat(runs(2_500L).etaSeconds(1_500)).isEqualTo(1);
        assertThat(runs(2_500L).etaSeconds(9_000)).isZero();
        assertThat(runs(Long.MAX_VALUE / 2).etaSeconds(0)).isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    void onlyRunsThatSucceededTellHowLongItTakes() {
        EarlierRuns runs = EarlierRuns.NONE
                .with(outcome("succeeded", 10), 2)
                .with(outcome("succeeded", 20), 2)
                .with(outcome("succeeded", 30), 2)
                .with(outcome("failed", 1), 2);
        assertThat(runs.durationsMillis()).containsExactly(30L, 20L);
        assertThat(runs.last()).isEqualTo(outcome("failed", 1));
    }

    @Test
    void anAnswerThatWasThereAlreadyTellsNothingOfHowLongItTakes() {
        Outcome hit = new Outcome("id", "succeeded", Instant.EPOCH, 1, null, true);
        EarlierRuns runs =
                EarlierRuns.NONE.with(outcome("succeeded", 900), 3).with(hit, 3).with(hit, 3);
        assertThat(runs.durationsMillis()).containsExactly(900L);
        assertThat(runs.last()).isEqualTo(hit);
    }
}
