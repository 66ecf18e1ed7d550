package io.weir.workcoord;

/**
 * How silence is told from life.
 *
 * @param intervalMillis between two heartbeats sent
 * @param missedMax heartbeats that may be missed; the peer is dead after {@code intervalMillis * missedMax} of silence
 */
public record HeartbeatLimits(long intervalMillis, int missedMax) {
    /** One second, three missed. */
    public static final HeartbeatLimits DEFAULT = new HeartbeatLimits(1_000, 3);

    public HeartbeatLimits {
        Check.range("heartbeat interval (ms)", intervalMillis, 10, 60_000);
        Check.range("missed heartbeats", missedMax, 1, 100);
    }

    /** Silence after which the peer is dead. */
    public long silenceMillis() {
        return intervalMillis * missedMax;
    }
}
