package io.weir.workcoord.agent;

import io.weir.workcoord.Check;
import io.weir.workcoord.HeartbeatLimits;

/**
 * Bounds of a {@link WorkerAgent}.
 *
 * @param slotsMax pieces of work that run at the same time
 * @param creditsTotal pieces of work, running and queued, that all APIs together may have here
 * @param sessionsMax APIs connected at the same time; further ones are refused
 * @param drainMillisMax a drain that has not finished by then is forced
 */
public record AgentLimits(
        HeartbeatLimits heartbeat, int slotsMax, int creditsTotal, int sessionsMax, long drainMillisMax) {
    public AgentLimits {
        Check.range("execution slots", slotsMax, 1, 1_024);
        Check.range("credits", creditsTotal, slotsMax, 100_000);
        Check.range("API sessions", sessionsMax, 1, 10_000);
        Check.range("drain limit (ms)", drainMillisMax, 0, 86_400_000);
    }

    /** Four pieces of work per slot, 64 APIs, ten minutes of drain. */
    public static AgentLimits ofSlots(int slots) {
        return new AgentLimits(HeartbeatLimits.DEFAULT, slots, 4 * slots, 64, 600_000);
    }

    /** Pieces of work held at most: every API has at least one credit, also when credits are being moved. */
    public int heldMax() {
        return creditsTotal + sessionsMax;
    }
}
