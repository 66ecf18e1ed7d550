package io.weir.workcoord.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.workcoord.coordinator.HedgeLimits;
import org.junit.jupiter.api.Test;

/** Everything that can happen to two pieces of work on two workers. */
final class ExhaustiveTest {
    private static final int CHOICES_MAX = Integer.getInteger("sim.exhaustive.choices", 8);
    private static final int FAULTS_MAX = Integer.getInteger("sim.exhaustive.faults", 2);

    @Test
    void everyOrderOfEightChoices() {
        Exhaustive.Explored explored = new Exhaustive(CHOICES_MAX, FAULTS_MAX, HedgeLimits.OFF).run();
        System.out.println("without hedging: " + explored);
        assertThat(explored.states()).isGreaterThan(1_000);
    }

    @Test
    void everyOrderOfEightChoicesWithSecondAttempts() {
        Exhaustive.Explored explored = new Exhaustive(CHOICES_MAX, FAULTS_MAX, new HedgeLimits(100, 1, 100)).run();
        System.out.println("with hedging: " + explored);
        assertThat(explored.states()).isGreaterThan(1_000);
    }
}
