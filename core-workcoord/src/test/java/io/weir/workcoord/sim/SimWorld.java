package io.weir.workcoord.sim;

import io.weir.workcoord.FailureKind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** One simulated cluster, its faults, and what must hold in it. The same seed is the same world, step by step. */
final class SimWorld {
    static final long FAULTS_END_MILLIS = 25_000;

    /** A broken invariant. */
    static final class Violation extends AssertionError {
        private static final long serialVersionUID = 1L;

        Violation(String message) {
            super(message);
        }
    }

    record Line(long atMillis, String node, Object event, List<?> effects) {
        @Override
        public String toString() {
            return "t=%08d %-5s %s -> %s".formatted(atMillis, node, event, effects);
        }
    }

    /** What became of a query. */
    record Outcome(boolean completed, FailureKind kind, String message) {}

    final long seed;
    final Random random;
    final SimFaults faults;
    final SimClock clock = new SimClock();
    final List<SimApi> apis = new ArrayList<>();
    final List<SimWorker> workers = new ArrayList<>();
    final List<Line> trace = new ArrayList<>();
    final Map<String, Outcome> outcomes = new HashMap<>();
    final Set<String> submitted = new HashSet<>();
    long sessions;
    long steps;
    private boolean healed;

    SimWorld(long seed) {
        this(seed, new Random(seed * 0x9e3779b97f4a7c15L + 1));
    }

    private SimWorld(long seed, Random random) {
        this(seed, random, SimFaults.draw(random));
    }

    SimWorld(long seed, Random random, SimFaults faults) {
        this.seed = seed;
        this.random = random;
        this.faults = faults;
        for (int i = 0; i < faults.workers(); i++) {
            workers.add(new SimWorker(this, "W" + i));
        }
        for (int i = 0; i < faults.apis(); i++) {
            apis.add(new SimApi(this, "api" + i));
        }
    }

    boolean faulty() {
        return !healed;
    }

    /** A fault of this kind happens now; never after the faults have ended. */
    boolean happens(int perMille) {
        return !healed && perMille > 0 && random.nextInt(1_000) < perMille;
    }

    long latency() {
        return 1 + (long) (-Math.log(1 - random.nextDouble()) * faults.latencyMillis());
    }

    void run() {
        apis.forEach(SimApi::start);
        for (int i = 0; i < faults.queries(); i++) {
            int number = i;
            clock.after(random.nextInt((int) FAULTS_END_MILLIS), () -> {
                apis.get(random.nextInt(apis.size())).submit("q" + number);
            });
        }
        repeat(faults.crashEveryMillis(), () -> anyWorker().crash());
        repeat(faults.drainEveryMillis(), () -> anyWorker().drain());
        repeat(faults.pauseEveryMillis(), () -> {
            SimNode node = random.nextBoolean() ? anyWorker() : apis.get(random.nextInt(apis.size()));
            node.pausedUntilMillis = clock.nowMillis() + random.nextInt(6_000);
        });
        repeat(
                faults.apiCrashEveryMillis(),
                () -> apis.get(random.nextInt(apis.size())).crash());
        repeat(faults.storageEveryMillis(), () -> anyWorker().storage(random.nextBoolean()));
        runUntil(FAULTS_END_MILLIS);
        healed = true;
        workers.forEach(SimWorker::heal);
        apis.forEach(SimApi::heal);
        long budget = 60_000
                + 4L * faults.queries() * faults.unitsMax() * (faults.executionMillis() + 10 * faults.latencyMillis());
        long until = clock.nowMillis() + budget;
        while (!isIdle()) {
            check(clock.nowMillis() < until, "L1 work is not over " + budget + " ms after the faults ended");
            clock.runNext(until);
        }
        // Cancellations and acknowledgements arrive.
        runUntil(clock.nowMillis() + 20_000);
        for (SimApi api : apis) {
            check(
                    api.coordinator.worksTracked() == 0 && api.coordinator.queriesRunning() == 0,
                    "I9 nothing is tracked");
            check(api.coordinator.queued() == 0 && api.coordinator.inFlight() == 0, "I9 nothing is counted");
        }
        for (SimWorker worker : workers) {
            check(worker.agent.tasks().isEmpty(), worker.name + " holds work of queries that are over");
            check(worker.artifacts.isEmpty(), worker.name + " holds artifacts of queries that are over");
        }
    }

    private void runUntil(long untilMillis) {
        while (clock.runNext(untilMillis)) {
            check(steps < 3_000_000, "L2 a storm of messages");
        }
    }

    private boolean isIdle() {
        return clock.nowMillis() > FAULTS_END_MILLIS && apis.stream().allMatch(SimApi::isIdle);
    }

    private SimWorker anyWorker() {
        return workers.get(random.nextInt(workers.size()));
    }

    private void repeat(long everyMillis, Runnable fault) {
        if (everyMillis > 0) {
            clock.after(1 + random.nextInt((int) everyMillis * 2), () -> {
                if (!healed) {
                    fault.run();
                    repeat(everyMillis, fault);
                }
            });
        }
    }

    void check(boolean condition, String message) {
        if (!condition) {
            throw new Violation(message);
        }
    }
}
