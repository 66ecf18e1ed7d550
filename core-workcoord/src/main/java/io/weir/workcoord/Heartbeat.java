package io.weir.workcoord;

/** Liveness of one session: when to send the next heartbeat and when the peer has been silent for too long. */
public final class Heartbeat {
    private final long intervalMillis;
    private final long silenceMillis;
    private long lastHeardMillis;
    private long nextSendMillis;
    private long sequence;

    public Heartbeat(long intervalMillis, long silenceMillis, long nowMillis) {
        this.intervalMillis = intervalMillis;
        this.silenceMillis = silenceMillis;
        this.lastHeardMillis = nowMillis;
        this.nextSendMillis = nowMillis + intervalMillis;
    }

    /** Any message of the peer proves its life, not only heartbeats. */
    public void heard(long nowMillis) {
        lastHeardMillis = Math.max(lastHeardMillis, nowMillis);
    }

    /** We did not run for this long and could not hear the peer: its silence is not held against it. */
    public void forgive(long stalledMillis) {
        lastHeardMillis += stalledMillis;
    }

    public boolean isSilent(long nowMillis) {
        return nowMillis - lastHeardMillis >= silenceMillis;
    }

    public boolean isDue(long nowMillis) {
        return nowMillis >= nextSendMillis;
    }

    /** Sequence number of the heartbeat that is sent now; they start at 1. */
    public long send(long nowMillis) {
        nextSendMillis = nowMillis + intervalMillis;
        sequence++;
        return sequence;
    }

    public long lastHeardMillis() {
        return lastHeardMillis;
    }

    /** When this session needs attention next. */
    public long nextTimerMillis() {
        return Math.min(nextSendMillis, lastHeardMillis + silenceMillis);
    }
}
