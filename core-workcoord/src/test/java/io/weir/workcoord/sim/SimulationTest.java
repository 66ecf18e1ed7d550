package io.weir.workcoord.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.workcoord.FailureKind;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Thousands of seeded worlds with crashes, partitions, pauses, drains and failures. A failure prints its seed; run it alone
 * with {@code -Dsim.seed=N}, with all its steps with {@code -Dsim.log=full}. {@code -Dsim.seeds=N} sets how many are run.
 */
final class SimulationTest {
    private static final int TAIL = 40;

    @Test
    void invariantsHoldInEveryWorld() {
        Long only = Long.getLong("sim.seed");
        long first = only == null ? 0 : only;
        long count = only == null ? Long.getLong("sim.seeds", 2_500) : 1;
        TreeMap<String, Integer> outcomes = new TreeMap<>();
        long steps = 0;
        for (long seed = first; seed < first + count; seed++) {
            SimWorld world = run(new SimWorld(seed));
            steps += world.steps;
            for (SimWorld.Outcome outcome : world.outcomes.values()) {
                outcomes.merge(
                        outcome.completed() ? "COMPLETED" : outcome.kind().name(), 1, Integer::sum);
            }
        }
        System.out.println("simulation: " + count + " seeds, " + steps + " steps, " + outcomes);
        if (only == null && count >= 1_000) {
            // A simulator in which some things never happen proves nothing about them.
            assertThat(outcomes)
                    .containsKeys(
                            "COMPLETED", "DEADLINE_EXCEEDED", "RETRIES_EXHAUSTED", "NO_WORKERS", "LIMIT_EXCEEDED");
            assertThat(outcomes.get("COMPLETED")).isGreaterThan((int) count);
        }
    }

    @Test
    void everyQueryCompletesWithoutFaults() {
        for (long seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            SimFaults none = new SimFaults(
                    1 + random.nextInt(3),
                    1 + random.nextInt(5),
                    1 + random.nextInt(4),
                    10,
                    16,
                    5,
                    100,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0);
            SimWorld world = run(new SimWorld(seed, random, none));
            for (String query : world.submitted) {
                SimWorld.Outcome outcome = Objects.requireNonNull(world.outcomes.get(query), query);
                boolean expected = outcome.completed()
                        || outcome.kind() == FailureKind.DEADLINE_EXCEEDED
                        || outcome.kind() == FailureKind.NO_WORKERS
                        || outcome.kind() == FailureKind.QUEUE_FULL;
                assertThat(expected).as("seed=%d %s %s", seed, query, outcome).isTrue();
            }
        }
    }

    private static SimWorld run(SimWorld world) {
        try {
            world.run();
            if (world.seed % 10 == 0) {
                world.apis.forEach(SimApi::replay);
                world.workers.forEach(SimWorker::replay);
            }
            return world;
        } catch (SimWorld.Violation | IllegalStateException | NullPointerException failure) {
            boolean full = "full".equals(System.getProperty("sim.log"));
            List<SimWorld.Line> lines = world.trace;
            List<SimWorld.Line> tail = full ? lines : lines.subList(Math.max(0, lines.size() - TAIL), lines.size());
            StringBuilder text = new StringBuilder();
            tail.forEach(line -> text.append(line).append('\n'));
            throw new AssertionError(
                    "seed=" + world.seed + " at t=" + world.clock.nowMillis() + ": " + failure.getMessage()
                            + "\nreplay: mvn -pl core-workcoord test -Dtest=SimulationTest -Dsim.seed=" + world.seed
                            + "\n" + world.faults + "\n" + text,
                    failure);
        }
    }
}
