package io.weir.queryapi.workmanager;

import io.weir.queryapi.autoscale.AutoscaleSettings;
import io.weir.workcoord.Check;
import io.weir.workcoord.coordinator.CoordinatorLimits;
import io.weir.workcoord.link.LinkLimits;

/**
 * Settings of the API's end of the control streams.
 *
 * @param apiId identity of this API process, new with every start
 * @param limits of scheduling
 * @param dialBackoffMillisMin wait before the second attempt to reach a worker; doubles up to the maximum, with jitter
 * @param helloMillisMax a worker that has not said hello by then is dialled again
 * @param outboundMessagesMax messages that may wait for a worker that reads slowly; one more ends its stream
 * @param inboundMessagesMax messages of one worker that may wait to be handled; the transport holds further ones back
 * @param messageBytesMax largest message accepted
 * @param commandsMax submissions, cancellations and questions that may wait for the coordinator; further submissions are refused
 * @param answerMillisMax longest wait of a caller for the coordinator's answer
 * @param addressesMax addresses that are dialled; further ones are ignored with a log line
 * @param autoscale how many workers are asked for
 */
public record WorkManagerSettings(
        String apiId,
        CoordinatorLimits limits,
        long dialBackoffMillisMin,
        long dialBackoffMillisMax,
        long helloMillisMax,
        int outboundMessagesMax,
        int inboundMessagesMax,
        int messageBytesMax,
        int commandsMax,
        long answerMillisMax,
        int addressesMax,
        AutoscaleSettings autoscale) {
    /** The version of the protocol this release speaks. */
    public static final int PROTOCOL_VERSION = 1;

    public WorkManagerSettings {
        if (apiId.isBlank()) {
            throw new IllegalArgumentException("the API's id must not be empty");
        }
        // Its constructor checks them.
        new LinkLimits(dialBackoffMillisMin, dialBackoffMillisMax, helloMillisMax);
        Check.range("inbound control messages", inboundMessagesMax, 1, 10_000);
        Check.range("outbound control messages", outboundMessagesMax, 1, 1_000_000);
        Check.range("control message size (bytes)", messageBytesMax, 1_024, 1 << 30);
        Check.range("waiting commands", commandsMax, 1, 1_000_000);
        Check.range("answer limit (ms)", answerMillisMax, 1, 600_000);
        Check.range("worker addresses", addressesMax, 1, 100_000);
    }

    public static WorkManagerSettings of(String apiId) {
        return new WorkManagerSettings(
                apiId,
                CoordinatorLimits.DEFAULT,
                100,
                5_000,
                5_000,
                16_384,
                32,
                64 << 20,
                4_096,
                5_000,
                2_000,
                AutoscaleSettings.DEFAULT);
    }

    /** Times of a link. */
    LinkLimits linkLimits() {
        return new LinkLimits(dialBackoffMillisMin, dialBackoffMillisMax, helloMillisMax);
    }

    /**
     * The credits of a worker that are used: for each there may be an assignment, a cancellation and an acknowledgement on
     * the way, so a worker that reads never meets the bound on outbound messages, however many it grants.
     */
    int usableCredits(int granted) {
        return Math.min(granted, Math.max(1, (outboundMessagesMax - 16) / 3));
    }

    /**
     * Messages that the coordinator's mailbox takes: as many as all transports and callers together can have on their way,
     * so that no thread of a transport ever waits for room.
     */
    int mailboxMessagesMax() {
        // Beside its messages a stream posts its end, a lookup's answer and the overflow of its writer.
        long ofStreams = (long) addressesMax * (inboundMessagesMax + 4L);
        return (int) Math.min(16_000_000, 2L * commandsMax + 4_096 + ofStreams);
    }
}
