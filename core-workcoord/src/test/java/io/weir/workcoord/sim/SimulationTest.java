package io.weir.workcoord.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class SimulationTest {
    @Test
    void invariantsHoldInEveryWorld() {
        long count = Long.getLong("sim.seeds", 5_000);
        Simulate.Summary summary = Simulate.run(number -> number, count, 2, false);
        System.out.println(summary);
        assertThat(summary.seeds()).isEqualTo(count);
    }
}
