package io.weir.workcoord.sim;

import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.agent.AgentEvent;
import io.weir.workcoord.agent.WorkerAgent;
import io.weir.workcoord.coordinator.CoordinatorLimits;
import io.weir.workcoord.coordinator.HedgeLimits;
import io.weir.workcoord.coordinator.Priority;
import io.weir.workcoord.coordinator.WorkerSnapshot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All that can happen in a very small world: one API, two workers and two pieces of work, with every order of deliveries,
 * ends of executions and fetches, and up to a number of faults at every moment. After the last choice the faults end and
 * everything has to come to its end. States that were seen with at least as many choices left are not entered again.
 */
final class Exhaustive {
    /** Anything under way may arrive before anything else that does not take longer than this. */
    private static final long WINDOW_MILLIS = 50;

    private static final long SHORT_MILLIS = 150;
    private static final long LONG_MILLIS = 3_100;

    private enum Strike {
        CRASH,
        BREAK,
        API_LEARNS,
        WORKER_LEARNS,
        DRAIN,
        DISK_FULL
    }

    /** What was chosen so far, and how many of the choices were faults. */
    private record Path(List<Integer> choices, int faults) {
        Path then(int choice, boolean fault) {
            List<Integer> longer = new ArrayList<>(choices);
            longer.add(choice);
            return new Path(List.copyOf(longer), faults + (fault ? 1 : 0));
        }
    }

    /**
     * What was explored.
     *
     * @param states different ones
     * @param paths sequences of choices that led to them
     */
    record Explored(int states, long paths, long steps) {}

    private final int choicesMax;
    private final int faultsMax;
    private final SimSetting setting;
    /** Per state the most choices and faults that were left in it. */
    private final Map<String, List<int[]>> seen = new HashMap<>();

    private long paths;
    private long steps;

    Exhaustive(int choicesMax, int faultsMax, HedgeLimits hedge) {
        this.choicesMax = choicesMax;
        this.faultsMax = faultsMax;
        CoordinatorLimits limits = new CoordinatorLimits(
                        HeartbeatLimits.DEFAULT, 10, 10, 4, 10, 10, 50, 10, 5_000, 8_000)
                .withHedge(hedge);
        this.setting = new SimSetting(new SimSetting.Size(1, 2, 1, 1, 2), 0, 0, 0, 0, limits, Map.of());
    }

    Explored run() {
        Deque<Path> open = new ArrayDeque<>();
        open.add(new Path(List.of(), 0));
        while (!open.isEmpty()) {
            Path path = open.removeLast();
            try {
                explore(path, open);
            } catch (Violation violation) {
                throw new AssertionError(describe(path), violation);
            }
        }
        return new Explored(seen.size(), paths, steps);
    }

    private void explore(Path path, Deque<Path> open) {
        paths++;
        SimWorld world = begin(null);
        for (int choice : path.choices) {
            choose(world, choice);
        }
        int left = choicesMax - path.choices.size();
        if (isNew(identity(world), left, faultsMax - path.faults)) {
            int deliveries = deliveries(world);
            if (left > 0) {
                for (int choice = 0; choice < deliveries; choice++) {
                    open.add(path.then(choice, false));
                }
                for (int fault = 0; path.faults < faultsMax && fault < faults(world); fault++) {
                    open.add(path.then(deliveries + fault, true));
                }
            }
            world.end();
        }
        steps += world.steps;
    }

    /** Both workers are connected and a query of two pieces has just come. */
    private SimWorld begin(@Nullable Observer observer) {
        Choices first = bound -> 0;
        SimWorld world = new SimWorld(1, setting, observer, first, first, first, first);
        world.apis.forEach(SimApi::start);
        world.runUntil(20);
        world.apis.getFirst().submit("q0", 2, "t0", 3_600_000, Priority.INTERACTIVE);
        return world;
    }

    /** Messages and ends that may be next, and two lengths of time in which nothing of this is chosen. */
    private static int deliveries(SimWorld world) {
        return world.clock.enabled(WINDOW_MILLIS).size() + 2;
    }

    private static int faults(SimWorld world) {
        return world.workers.size() * Strike.values().length;
    }

    private static void choose(SimWorld world, int choice) {
        List<SimClock.Entry> enabled = world.clock.enabled(WINDOW_MILLIS);
        int other = choice - enabled.size();
        if (other < 0) {
            world.clock.run(enabled.get(choice));
        } else if (other < 2) {
            world.runUntil(world.clock.nowMillis() + (other == 0 ? SHORT_MILLIS : LONG_MILLIS));
        } else {
            Strike strike = Strike.values()[(other - 2) / world.workers.size()];
            strike(strike, world.workers.get((other - 2) % world.workers.size()));
        }
        world.clock.runDue();
    }

    private static void strike(Strike strike, SimWorker worker) {
        switch (strike) {
            case CRASH -> worker.crash();
            case BREAK -> worker.breakStreams(true, true);
            case API_LEARNS -> worker.breakStreams(true, false);
            case WORKER_LEARNS -> worker.breakStreams(false, true);
            case DRAIN -> worker.drain();
            case DISK_FULL -> worker.storage(false);
        }
    }

    private boolean isNew(String state, int choicesLeft, int faultsLeft) {
        List<int[]> known = seen.computeIfAbsent(state, unseen -> new ArrayList<>(1));
        for (int[] left : known) {
            if (left[0] >= choicesLeft && left[1] >= faultsLeft) {
                return false;
            }
        }
        known.removeIf(left -> left[0] <= choicesLeft && left[1] <= faultsLeft);
        known.add(new int[] {choicesLeft, faultsLeft});
        return true;
    }

    /** All that decides what happens next, but the time. */
    private static String identity(SimWorld world) {
        StringBuilder identity = new StringBuilder();
        for (SimApi api : world.apis) {
            identity.append(api.coordinator.works()).append(api.coordinator.queued(Priority.INTERACTIVE));
            for (WorkerSnapshot worker : api.coordinator.workers()) {
                identity.append(worker.session())
                        .append(worker.acceptingWork())
                        .append(worker.draining())
                        .append(worker.credits())
                        .append(';');
            }
        }
        for (SimWorker worker : world.workers) {
            identity.append(worker.alive).append(worker.epoch).append(worker.agent.isDraining());
            identity.append(worker.agent.acceptsWork()).append(worker.agent.tasks());
            for (WorkerAgent.SessionSnapshot session : worker.agent.sessions()) {
                identity.append(session);
            }
        }
        for (SimClock.Entry entry : world.clock.pending()) {
            if (entry.lane() != null) {
                Object label = entry.label();
                identity.append(
                        label instanceof AgentEvent.Assigned assigned
                                ? assigned.session() + assigned.workId() + assigned.attempt()
                                : label);
            }
        }
        return identity.toString();
    }

    private String describe(Path path) {
        Trace trace = new Trace(200, false);
        try {
            SimWorld world = begin(trace);
            path.choices.forEach(choice -> choose(world, choice));
            world.end();
            return path + " did not fail the second time";
        } catch (Violation violation) {
            return path + "\n" + trace + violation.getMessage();
        }
    }
}
