package io.weir.workcoord.sim;

import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.coordinator.CoordinatorLimits;
import io.weir.workcoord.coordinator.HedgeLimits;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * The size of a world and which faults it has, all drawn from its seed.
 *
 * @param faultsMillis the time over which queries come and faults happen
 * @param eventsMillis what would come later than this does not; less than {@code faultsMillis} only in a shrunk world
 * @param rates per fault: per mille, or mean milliseconds between two; absent for never
 */
record SimSetting(
        Size size,
        long latencyMillis,
        long executionMillis,
        long faultsMillis,
        long eventsMillis,
        CoordinatorLimits limits,
        Map<Fault, Integer> rates) {
    /**
     * How much of everything there is.
     *
     * @param slots executions at once per worker
     * @param unitsMax pieces of work of a query at most
     */
    record Size(int apis, int workers, int slots, int queries, int unitsMax) {}

    SimSetting {
        rates = Collections.unmodifiableMap(rates);
    }

    /** Mostly small worlds; one in seven is larger, one in some hundreds has thousands of pieces of work. */
    static SimSetting draw(Choices choices) {
        int kind = choices.below(1_000);
        int apis = 1 + choices.below(3);
        int slots = 1 + choices.below(4);
        if (kind < 4) {
            Size size = new Size(apis, choices.upTo(8), slots, choices.upTo(6), 400 + choices.below(1_600));
            return draw(choices, size, 8_000, 50, 20);
        }
        if (kind < 150) {
            Size size = new Size(apis, choices.upTo(8), slots, choices.upTo(12), choices.upTo(20));
            return draw(choices, size, 14_000, 3_000, 1);
        }
        Size size = new Size(apis, choices.upTo(4), slots, choices.upTo(5), choices.upTo(8));
        return draw(choices, size, 6_000, 1_000, 1);
    }

    private static SimSetting draw(
            Choices choices, Size size, int faultsMillisMax, int executionMillisMax, int messagesShare) {
        // Without any latency everything happens in step, and much of it at the same time.
        long latencyMillis = choices.perMille(150) ? 0 : choices.upTo(choices.half() ? 5 : 150);
        long executionMillis = choices.upTo(choices.half() ? 50 : executionMillisMax);
        long faultsMillis = faultsMillisMax / 4 + choices.below(faultsMillisMax);
        Map<Fault, Integer> rates = new EnumMap<>(Fault.class);
        for (Fault fault : Fault.values()) {
            int rate = fault.draw(choices, messagesShare);
            if (rate > 0) {
                rates.put(fault, rate);
            }
        }
        return new SimSetting(
                size,
                latencyMillis,
                executionMillis,
                faultsMillis,
                faultsMillis,
                limits(choices, size.unitsMax(), size.workers()),
                rates);
    }

    private static CoordinatorLimits limits(Choices choices, int unitsMax, int workers) {
        int attemptsMax = 2 + choices.below(5);
        return new CoordinatorLimits(
                HeartbeatLimits.DEFAULT,
                Math.max(10, unitsMax / 2) + choices.below(Math.max(60, 3 * unitsMax)),
                2 + choices.below(20),
                attemptsMax,
                attemptsMax + choices.below(20),
                choices.below(3 + unitsMax * 2),
                choices.below(200),
                choices.perMille(900) ? 100 : choices.upTo(workers),
                choices.below(5_000),
                500 + choices.below(8_000),
                choices.half()
                        ? HedgeLimits.OFF
                        : new HedgeLimits(choices.upTo(100), choices.upTo(500), 100 + choices.below(200)),
                choices.upTo(100));
    }

    int rate(Fault fault) {
        return rates.getOrDefault(fault, 0);
    }

    SimSetting without(Fault fault) {
        Map<Fault, Integer> fewer = new EnumMap<>(Fault.class);
        fewer.putAll(rates);
        fewer.remove(fault);
        return with(size, eventsMillis, fewer);
    }

    SimSetting withoutFaults() {
        return with(size, eventsMillis, Map.of());
    }

    SimSetting with(Size other) {
        return with(other, eventsMillis, rates);
    }

    SimSetting until(long millis) {
        return with(size, millis, rates);
    }

    private SimSetting with(Size other, long millis, Map<Fault, Integer> others) {
        return new SimSetting(other, latencyMillis, executionMillis, faultsMillis, millis, limits, others);
    }
}
