package io.weir.workcoord.sim;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.coordinator.Priority;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One simulated cluster, its faults, and what must hold in it. The same seed is the same world, step by step. */
final class SimWorld {
    private static final long STEPS_MAX = 3_000_000;
    private static final long SETTLE_MILLIS = 30_000;

    final long seed;
    final SimSetting setting;
    final SimClock clock = new SimClock();
    final Choices workload;
    final Choices faults;
    final Choices execution;
    final SimNetwork network;
    final List<SimApi> apis = new ArrayList<>();
    final List<SimWorker> workers = new ArrayList<>();
    final Set<String> submitted = new LinkedHashSet<>();
    /** How queries ended, and how often. */
    final Map<String, Integer> outcomes = new TreeMap<>();
    /** Every so many steps all work is compared, not only counted; every step in a small world. */
    final int sweepEvery;
    /** Whether events are kept, to be given to fresh state machines at the end. */
    final boolean replays;

    /** Most pieces of work an API had at once. */
    int worksMax;

    long sessions;
    long steps;
    /** Hash of all events and effects so far. */
    long hash;

    private final Choices priorities;
    private final @Nullable Observer observer;
    private boolean healed;

    SimWorld(long seed) {
        this(seed, SimSetting.draw(new SeededChoices(seed, "setting")), null);
    }

    SimWorld(long seed, SimSetting setting, @Nullable Observer observer) {
        this(
                seed,
                setting,
                observer,
                new SeededChoices(seed, "workload"),
                new SeededChoices(seed, "faults"),
                new SeededChoices(seed, "execution"),
                new SeededChoices(seed, "network"));
    }

    SimWorld(
            long seed,
            SimSetting setting,
            @Nullable Observer observer,
            Choices workload,
            Choices faults,
            Choices execution,
            Choices networking) {
        this.seed = seed;
        this.setting = setting;
        this.observer = observer;
        this.workload = workload;
        this.faults = faults;
        this.execution = execution;
        this.network = new SimNetwork(this, networking);
        this.priorities = new SeededChoices(seed, "priorities");
        boolean large = setting.size().queries() * setting.size().unitsMax() > 300;
        this.sweepEvery = large ? 512 : 4;
        this.replays = !large && seed % 8 == 0;
        for (int i = 0; i < setting.size().workers(); i++) {
            workers.add(new SimWorker(this, "W" + i));
        }
        for (int i = 0; i < setting.size().apis(); i++) {
            apis.add(new SimApi(this, "api" + i));
        }
    }

    boolean faulty() {
        return !healed;
    }

    /** Whether a fault of this kind happens on this occasion; never after the faults have ended. */
    boolean happens(Fault fault, Choices choices) {
        int rate = setting.rate(fault);
        return rate > 0 && !healed && choices.perMille(rate);
    }

    /** Runs the core; its own assertions are invariants too. */
    <T> T guard(Supplier<T> step) {
        try {
            return step.get();
        } catch (IllegalStateException | NullPointerException | IndexOutOfBoundsException failure) {
            Violation violation = new Violation(Invariant.CORE, String.valueOf(failure.getMessage()));
            violation.initCause(failure);
            throw violation;
        }
    }

    /** Notes a step and returns its number. */
    long stepped(SimNode node, Object event, List<?> effects) {
        steps++;
        if (steps > STEPS_MAX) {
            throw new Violation(Invariant.L2, "more than " + STEPS_MAX + " steps");
        }
        long mixed = hash * 31 + node.now();
        mixed = mixed * 31 + node.name.hashCode();
        mixed = mixed * 31 + event.getClass().getName().hashCode();
        for (Object effect : effects) {
            mixed = mixed * 31 + effect.getClass().getName().hashCode();
        }
        hash = mixed ^ (mixed >>> 29);
        if (observer != null) {
            observer.stepped(this, node, event, effects);
        }
        return steps;
    }

    void completed(String queryId) {
        outcomes.merge("COMPLETED", 1, Integer::sum);
        over(queryId);
    }

    void ended(String queryId, FailureKind kind) {
        outcomes.merge(kind.name(), 1, Integer::sum);
        over(queryId);
    }

    private void over(String queryId) {
        if (!submitted.remove(queryId)) {
            throw new Violation(Invariant.I2, "ended twice: " + queryId);
        }
    }

    void run() {
        begin();
        runUntil(setting.eventsMillis());
        end();
    }

    void begin() {
        apis.forEach(SimApi::start);
        for (int i = 0; i < setting.size().queries(); i++) {
            submitLater("q" + i);
        }
        repeat(Fault.WORKER_CRASH, () -> anyWorker().crash());
        repeat(Fault.DRAIN, () -> anyWorker().drain());
        repeat(Fault.WORKER_PAUSE, () -> anyWorker().pause(faults.upTo(6_000)));
        repeat(Fault.API_PAUSE, () -> anyApi().pause(faults.upTo(6_000)));
        repeat(Fault.API_CRASH, () -> anyApi().crash());
        repeat(Fault.DISK_FULL, () -> {
            SimWorker worker = anyWorker();
            worker.storage(false);
            clock.after(faults.upTo(4_000), () -> worker.storage(true));
        });
        repeat(Fault.PARTITION, () -> network.divide(faults));
        repeat(Fault.CLOCK_JUMP, () -> (faults.half() ? anyWorker() : anyApi()).jump(faults.upTo(8_000)));
    }

    private void submitLater(String queryId) {
        SimApi api = apis.get(workload.below(apis.size()));
        int units = workload.upTo(setting.size().unitsMax());
        String tenant = "t" + workload.below(3);
        long at = workload.below((int) setting.faultsMillis());
        boolean isShort = happens(Fault.DEADLINE, workload);
        // Drawn apart, so that the rest of a world is what it was before there were priorities.
        Priority priority = priorities.perMille(300) ? Priority.BACKGROUND : Priority.INTERACTIVE;
        long timeout = isShort ? 1 + workload.below((int) setting.executionMillis() * 4 + 2_000) : 3_600_000;
        if (at > setting.eventsMillis()) {
            return;
        }
        clock.after(at, () -> api.submit(queryId, units, tenant, timeout, priority));
        if (happens(Fault.CANCEL, workload)) {
            clock.after(at + workload.below((int) setting.executionMillis() * 4 + 500), () -> api.cancel(queryId));
        }
    }

    /** The faults end; everything has to come to its end within a bound. */
    void end() {
        healed = true;
        network.heal();
        workers.forEach(SimWorker::heal);
        apis.forEach(SimApi::heal);
        long perWork = setting.executionMillis() * 20 + 10 * setting.latencyMillis();
        long budget = 60_000
                + 4L
                        * setting.size().queries()
                        * setting.size().unitsMax()
                        * perWork
                        / setting.size().workers();
        long until = clock.nowMillis() + budget;
        while (!apis.stream().allMatch(SimApi::isIdle)) {
            if (clock.nowMillis() >= until) {
                throw new Violation(Invariant.L1, "not over " + budget + " ms after the faults: " + submitted);
            }
            clock.runNext(until);
        }
        // Cancellations and acknowledgements arrive, executions that were stopped end, everybody is connected.
        until = clock.nowMillis() + SETTLE_MILLIS + setting.executionMillis() * 20;
        while (!isSettled()) {
            if (clock.nowMillis() >= until) {
                throw new Violation(
                        Invariant.L1,
                        "not settled: " + apis.stream().map(SimApi::describe).toList()
                                + workers.stream().map(SimWorker::describe).toList());
            }
            clock.runNext(until);
        }
        apis.forEach(SimApi::sweep);
        if (replays) {
            apis.forEach(SimApi::replay);
            workers.forEach(SimWorker::replay);
        }
    }

    private boolean isSettled() {
        for (SimWorker worker : workers) {
            if (!worker.isIdle()) {
                return false;
            }
        }
        for (SimApi api : apis) {
            if (!api.isConnected() || api.coordinator.inFlight() > 0 || queued(api) > 0) {
                return false;
            }
        }
        return true;
    }

    void runUntil(long untilMillis) {
        while (clock.runNext(untilMillis)) {
            // Until it is that time.
        }
    }

    private SimWorker anyWorker() {
        return workers.get(faults.below(workers.size()));
    }

    private SimApi anyApi() {
        return apis.get(faults.below(apis.size()));
    }

    private void repeat(Fault fault, Runnable action) {
        int every = setting.rate(fault);
        if (every > 0) {
            clock.after(faults.upTo(every * 2), () -> {
                if (!healed) {
                    action.run();
                    repeat(fault, action);
                }
            });
        }
    }

    private static int queued(SimApi api) {
        return api.coordinator.queued(Priority.INTERACTIVE) + api.coordinator.queued(Priority.BACKGROUND);
    }
}
