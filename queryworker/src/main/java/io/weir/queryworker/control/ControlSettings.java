package io.weir.queryworker.control;

import io.weir.workcoord.Check;
import io.weir.workcoord.HeartbeatLimits;
import io.weir.workcoord.agent.AgentLimits;

/**
 * Settings of the worker's end of the control streams.
 *
 * @param host address to listen on
 * @param port 0 for any free one
 * @param workerId identity that survives restarts on the same data directory
 * @param incarnation new with every start of the process
 * @param slots pieces of work that run at the same time
 * @param creditsTotal pieces of work, running and queued, that all APIs together may have here
 * @param sessionsMax APIs connected at the same time
 * @param drainMillisMax longest orderly end
 * @param helloMillisMax an API that has not said hello by then is disconnected
 * @param outboundMessagesMax messages that may wait for an API that reads slowly; one more ends its stream
 * @param inboundMessagesMax messages of one API that may wait to be handled; the transport holds further ones back
 * @param messageBytesMax largest message accepted
 * @param artifactReserveBytes space made in the spool before work starts, at most the work's own limit
 */
public record ControlSettings(
        String host,
        int port,
        String workerId,
        String incarnation,
        int slots,
        int creditsTotal,
        int sessionsMax,
        HeartbeatLimits heartbeat,
        long drainMillisMax,
        long helloMillisMax,
        int outboundMessagesMax,
        int inboundMessagesMax,
        int messageBytesMax,
        long artifactReserveBytes) {
    /** The version of the protocol this release speaks. */
    public static final int PROTOCOL_VERSION = 1;

    public ControlSettings {
        if (host.isBlank() || workerId.isBlank() || incarnation.isBlank()) {
            throw new IllegalArgumentException("host, worker id and incarnation of a worker must not be empty");
        }
        Check.range("control port", port, 0, 65_535);
        Check.range("hello limit (ms)", helloMillisMax, 10, 600_000);
        Check.range("outbound control messages", outboundMessagesMax, 1, 1_000_000);
        Check.range("inbound control messages", inboundMessagesMax, 1, 10_000);
        Check.range("control message size (bytes)", messageBytesMax, 1_024, 1 << 30);
        Check.range("artifact reserve (bytes)", artifactReserveBytes, 0, 1L << 40);
    }

    /** The defaults around what has none. */
    public static ControlSettings of(String host, int port, String workerId, String incarnation, int slots) {
        AgentLimits limits = AgentLimits.ofSlots(slots);
        return new ControlSettings(
                host,
                port,
                workerId,
                incarnation,
                slots,
                limits.creditsTotal(),
                limits.sessionsMax(),
                limits.heartbeat(),
                limits.drainMillisMax(),
                10_000,
                4_096,
                16,
                64 << 20,
                4L << 20);
    }

    AgentLimits agentLimits() {
        return new AgentLimits(heartbeat, slots, creditsTotal, sessionsMax, drainMillisMax);
    }

    /**
     * Messages that the agent's mailbox takes: as many as all transports, executions and the spool together can have on
     * their way, so that no thread of a transport ever waits for room.
     */
    int mailboxMessagesMax() {
        // Streams that have not said hello count as well; beside its messages each posts its coming and its end.
        long ofStreams = 2L * sessionsMax * (inboundMessagesMax + 4L);
        return (int) Math.min(16_000_000, ofStreams + 4L * agentLimits().heldMax() + 1_024);
    }
}
