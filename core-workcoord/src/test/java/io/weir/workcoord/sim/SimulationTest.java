package io.weir.workcoord.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.agent.AgentEffect;
import io.weir.workcoord.agent.AgentEvent;
import io.weir.workcoord.coordinator.CoordinatorEffect;
import io.weir.workcoord.coordinator.CoordinatorEvent;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Thousands of seeded worlds with every kind of fault. A failure prints the command that replays it, {@code dev/simulate
 * --seed N}, and goes into {@code seeds.txt}. {@code -Dsim.seeds=N} sets how many fresh seeds are run and {@code
 * -Dsim.first=N} which is the first: CI takes it from the commit, so that every commit is tried with others.
 */
final class SimulationTest {
    private static final int THREADS = 2;

    @Test
    void invariantsHoldInEveryWorld() {
        long first = Long.getLong("sim.first", 0);
        long count = Long.getLong("sim.seeds", 5_000);
        Simulate.Summary summary = Simulate.run(number -> first + number, count, THREADS);
        System.out.println("simulation, seeds from " + first + ": " + summary);
        assertThat(summary.seeds()).isEqualTo(count);
    }

    @Test
    void invariantsHoldInTheWorldsOfThePast() throws IOException {
        List<Long> seeds = new ArrayList<>();
        try (InputStream lines = Objects.requireNonNull(SimulationTest.class.getResourceAsStream("seeds.txt"))) {
            for (String line : new String(lines.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                String seed = line.replaceFirst("#.*", "").strip();
                if (!seed.isEmpty()) {
                    seeds.add(Long.parseLong(seed));
                }
            }
        }
        assertThat(seeds).isNotEmpty().doesNotHaveDuplicates();
        Simulate.Summary summary = Simulate.run(number -> seeds.get((int) number), seeds.size(), THREADS);
        assertThat(summary.seeds()).isEqualTo(seeds.size());
    }

    /** A simulator in which something never happens proves nothing about it. */
    @Test
    void everythingHappens() {
        Set<Fault> faults = EnumSet.noneOf(Fault.class);
        Set<String> outcomes = new TreeSet<>();
        Happenings happenings = new Happenings();
        int worksMax = 0;
        for (long seed = 0; seed < 700; seed++) {
            SimSetting setting = SimSetting.draw(new SeededChoices(seed, "setting"));
            faults.addAll(setting.rates().keySet());
            SimWorld world = new SimWorld(seed, setting, happenings);
            world.run();
            outcomes.addAll(world.outcomes.keySet());
            worksMax = Math.max(worksMax, world.worksMax);
        }
        assertThat(faults).containsExactlyInAnyOrder(Fault.values());
        assertThat(happenings.kinds)
                .containsAll(namesOf(CoordinatorEvent.class.getPermittedSubclasses()))
                .containsAll(namesOf(CoordinatorEvent.OfSession.class.getPermittedSubclasses()))
                .containsAll(namesOf(CoordinatorEffect.class.getPermittedSubclasses()))
                .containsAll(namesOf(CoordinatorEffect.Send.class.getPermittedSubclasses()))
                .containsAll(namesOf(AgentEvent.class.getPermittedSubclasses()))
                .containsAll(namesOf(AgentEvent.OfSession.class.getPermittedSubclasses()))
                .containsAll(namesOf(AgentEffect.class.getPermittedSubclasses()))
                .containsAll(namesOf(AgentEffect.Send.class.getPermittedSubclasses()));
        // A worker announces that it accepts no work before it rejects any; by then the API has taken the work back.
        assertThat(happenings.counters)
                .containsExactlyInAnyOrderElementsOf(
                        EnumSet.complementOf(EnumSet.of(CoordinatorEffect.Counter.REJECTED)));
        assertThat(happenings.closedByApi).containsExactlyInAnyOrder(CoordinatorEffect.CloseReason.values());
        // No world has more APIs than a worker takes.
        assertThat(happenings.closedByWorker)
                .containsExactlyInAnyOrderElementsOf(
                        EnumSet.complementOf(EnumSet.of(AgentEffect.CloseReason.TOO_MANY_SESSIONS)));
        assertThat(happenings.forcedDrain).isTrue();
        assertThat(outcomes)
                .containsExactlyInAnyOrder(
                        "COMPLETED",
                        FailureKind.CANCELED.name(),
                        FailureKind.DEADLINE_EXCEEDED.name(),
                        FailureKind.LIMIT_EXCEEDED.name(),
                        FailureKind.NO_WORKERS.name(),
                        FailureKind.QUEUE_FULL.name(),
                        FailureKind.RETRIES_EXHAUSTED.name());
        assertThat(worksMax).isGreaterThan(1_000);
    }

    private static Set<String> namesOf(Class<?>[] permitted) {
        Set<String> names = new TreeSet<>();
        for (Class<?> type : permitted) {
            if (type.isRecord()) {
                names.add(type.getName());
            }
        }
        return names;
    }

    private static final class Happenings implements Observer {
        final Set<String> kinds = new TreeSet<>();
        final Set<CoordinatorEffect.Counter> counters = EnumSet.noneOf(CoordinatorEffect.Counter.class);
        final Set<CoordinatorEffect.CloseReason> closedByApi = EnumSet.noneOf(CoordinatorEffect.CloseReason.class);
        final Set<AgentEffect.CloseReason> closedByWorker = EnumSet.noneOf(AgentEffect.CloseReason.class);
        boolean forcedDrain;

        @Override
        public void stepped(SimWorld world, SimNode node, Object event, List<?> effects) {
            kinds.add(event.getClass().getName());
            for (Object effect : effects) {
                kinds.add(effect.getClass().getName());
                if (effect instanceof CoordinatorEffect.Count count) {
                    counters.add(count.counter());
                } else if (effect instanceof CoordinatorEffect.CloseSession close) {
                    closedByApi.add(close.reason());
                } else if (effect instanceof AgentEffect.CloseSession close) {
                    closedByWorker.add(close.reason());
                } else if (effect instanceof AgentEffect.Drained drained) {
                    forcedDrain |= drained.forced();
                }
            }
        }
    }

    @Test
    void everyQueryCompletesWithoutFaults() {
        for (long seed = 0; seed < 200; seed++) {
            SimSetting setting = SimSetting.draw(new SeededChoices(seed, "setting"));
            SimWorld world = new SimWorld(seed, setting.withoutFaults(), null);
            world.run();
            // Too early, before the first worker is there, or too many.
            assertThat(Set.of("COMPLETED", "NO_WORKERS", "QUEUE_FULL"))
                    .as("seed=%d", seed)
                    .containsAll(world.outcomes.keySet());
            assertThat(world.submitted).isEmpty();
        }
    }

    @Test
    void theSameSeedIsTheSameWorldOnEveryMachine() {
        Simulate.Summary once = Simulate.run(number -> number, 20, 1);
        assertThat(Simulate.run(number -> number, 20, THREADS)).isEqualTo(once);
        assertThat(Simulate.run(number -> number + 20, 20, 1).fingerprint()).isNotEqualTo(once.fingerprint());
    }
}
