package io.weir.workcoord.agent;

import io.weir.workcoord.Heartbeat;
import io.weir.workcoord.HeartbeatLimits;
import java.util.ArrayDeque;
import java.util.Deque;

/** A connected API. */
final class ApiSession {
    final long session;
    final String apiId;
    final long apiSession;
    final Heartbeat heartbeat;
    /** Accepted work that waits for a slot, in order of arrival. */
    final Deque<Task> queued = new ArrayDeque<>();

    /** Credits it was last told. */
    int granted;
    /** Credits it may still use: the largest grant it has not yet been seen to give up, or what it holds if that is more. */
    int believed;
    /** The heartbeat whose reply shows that the last grant has arrived; 0 for none under way. */
    long confirmSequence;
    /** Queued and running work. */
    int held;

    int running;
    long lastServed;

    ApiSession(AgentEvent.SessionOpened opened, HeartbeatLimits limits, long nowMillis) {
        this.session = opened.session();
        this.apiId = opened.apiId();
        this.apiSession = opened.apiSession();
        long slower = Math.max(limits.intervalMillis(), opened.heartbeatIntervalMillis());
        this.heartbeat = new Heartbeat(limits.intervalMillis(), slower * limits.missedMax(), nowMillis);
    }
}
