package io.weir.workcoord.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The simulator is tested by mistakes put into the core: every one has to be found. */
@Tag("slow")
final class SeededFaultsTest {
    private static final Path SOURCES = Path.of("src", "main", "java");
    private static final long SEEDS_MAX = Long.getLong("sim.fault.seeds", 5_000);

    /**
     * Worlds that find rare faults, tried before the search, which would take minutes. Where a change of the core or of the worlds makes one miss,
     * the search goes through all seeds as for the others, and prints the new one.
     */
    private static final Map<String, Long> KNOWN_SEEDS = Map.of(
            "work moves from one dead worker to the next: expire and reassign one by one", 1_415L,
            "an older session that finishes its handshake late replaces the live one", 509L,
            "the assignments of a piece of work are not limited", 4_624L,
            "a worker that rejects stays in rotation", 405L,
            "both attempts' artifacts are fetched", 450L,
            "a second attempt that fails for good fails the query", 4_429L,
            "second attempts take the room that queued work waits for", 478L,
            "a drain has no limit", 598L);

    private record Found(SeededFault fault, String[] failure) {}

    @Test
    void everySeededFaultIsFound() throws Exception {
        List<SeededFault> faults = SeededFaults.all();
        List<String> survivors = new ArrayList<>();
        Map<String, Integer> byInvariant = new TreeMap<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Future<Found>> running = new ArrayList<>();
            for (SeededFault fault : faults) {
                running.add(threads.submit(() -> run(fault)));
            }
            for (Future<Found> future : running) {
                Found found = future.get();
                String[] failure = found.failure();
                if (failure.length == 0) {
                    survivors.add(found.fault().why());
                } else {
                    byInvariant.merge(failure[1], 1, Integer::sum);
                    System.out.println("| " + found.fault().why() + " | " + failure[0] + " | " + failure[1] + " |");
                    if (Boolean.getBoolean("sim.fault.messages")) {
                        System.out.println(failure[2]);
                    }
                }
            }
        }
        System.out.println(faults.size() + " seeded faults, found by " + byInvariant);
        assertThat(survivors).isEmpty();
        Set<String> whys = new TreeSet<>();
        faults.forEach(fault -> whys.add(fault.why()));
        assertThat(whys).hasSameSizeAs(faults).hasSizeGreaterThanOrEqualTo(20);
    }

    @Test
    void aFailureNamesItsCommandAndIsShrunk() {
        SeededFault fault = SeededFaults.all().getFirst();
        String report =
                Objects.requireNonNull(MutatedCore.compile(SOURCES, fault).firstReport(0, SEEDS_MAX));
        assertThat(report.lines().toList()).first().asString().matches("seed \\d+: [A-Z]+\\d? .*");
        assertThat(report).containsPattern("replay: dev/simulate --seed \\d+\n");
        String invariant = report.substring(report.indexOf(": ") + 2, report.indexOf(" ("));
        String last = report.stripTrailing().substring(report.stripTrailing().lastIndexOf('\n') + 1);
        assertThat(last).startsWith(invariant + " ");
        assertThat(lineOf(report, "shrunk to: ").length())
                .isLessThan(lineOf(report, "its world: ").length());
        assertThat(report).containsPattern("t=\\d{8} api\\d#\\d+ Submit q\\d");
    }

    private static String lineOf(String report, String beginning) {
        int at = report.indexOf(beginning);
        return report.substring(at, report.indexOf('\n', at));
    }

    @Test
    void aFaultThatNoLongerAppliesIsRefused() {
        SeededFault gone = SeededFault.of("gone", "coordinator/Coordinator.java", "no such text", "");
        assertThatThrownBy(() -> MutatedCore.compile(SOURCES, gone))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("does not apply");
    }

    private static Found run(SeededFault fault) {
        MutatedCore core = MutatedCore.compile(SOURCES, fault);
        Long known = KNOWN_SEEDS.get(fault.why());
        String[] failure = known == null ? null : core.firstFailure(known, 1);
        if (failure == null) {
            failure = core.firstFailure(0, SEEDS_MAX);
        }
        return new Found(fault, failure == null ? new String[0] : failure);
    }
}
