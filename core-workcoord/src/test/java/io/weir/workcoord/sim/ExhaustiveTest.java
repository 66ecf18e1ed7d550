package io.weir.workcoord.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.workcoord.coordinator.HedgeLimits;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Everything that can happen to two pieces of work on two workers. */
final class ExhaustiveTest {
    private static final int FAULTS_MAX = 2;

    @Test
    void everyOrderOfSixChoices() {
        assertThat(explore(6, HedgeLimits.OFF).states()).isGreaterThan(5_000);
    }

    @Test
    @Tag("slow")
    void everyOrderOfEightChoices() {
        assertThat(explore(8, HedgeLimits.OFF).states()).isGreaterThan(20_000);
    }

    @Test
    @Tag("slow")
    void everyOrderOfEightChoicesWithSecondAttempts() {
        assertThat(explore(8, new HedgeLimits(100, 1, 100)).states()).isGreaterThan(20_000);
    }

    private static Exhaustive.Explored explore(int choicesMax, HedgeLimits hedge) {
        Exhaustive.Explored explored = new Exhaustive(choicesMax, FAULTS_MAX, hedge).run();
        System.out.println(choicesMax + " choices, " + FAULTS_MAX + " faults at most, " + hedge + ": " + explored);
        return explored;
    }
}
