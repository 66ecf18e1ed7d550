package io.weir.queryapi.workmanager;

import io.weir.queryapi.autoscale.AutoscaleSettings;
import io.weir.workcoord.Check;
import io.weir.workcoord.coordinator.CoordinatorLimits;

/**
 * Settings of the API's end of the control streams.
 *
 * @param apiId identity of this API process, new with every start
 * @param limits of scheduling
 * @param dialBackoffMillisMin wait before the second attempt to reach a worker; doubles up to the maximum, with jitter
 * @param helloMillisMax a worker that has not said hello by then is dialled again
 * @param outboundMessagesMax messages that may wait for a worker that reads slowly; one more ends its stream
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
        Check.range("shortest dial back-off (ms)", dialBackoffMillisMin, 1, 600_000);
        Check.range("longest dial back-off (ms)", dialBackoffMillisMax, dialBackoffMillisMin, 3_600_000);
        Check.range("hello limit (ms)", helloMillisMax, 10, 600_000);
        Check.range("outbound control messages", outboundMessagesMax, 1, 1_000_000);
        Check.range("control message size (bytes)", messageBytesMax, 1_024, 1 << 30);
        Check.range("waiting commands", commandsMax, 1, 1_000_000);
        Check.range("answer limit (ms)", answerMillisMax, 1, 600_000);
        Check.range("worker addresses", addressesMax, 1, 100_000);
    }

    /** With the usual autoscaling. */
    public WorkManagerSettings(
            String apiId,
            CoordinatorLimits limits,
            long dialBackoffMillisMin,
            long dialBackoffMillisMax,
            long helloMillisMax,
            int outboundMessagesMax,
            int messageBytesMax,
            int commandsMax,
            long answerMillisMax,
            int addressesMax) {
        this(
                apiId,
                limits,
                dialBackoffMillisMin,
                dialBackoffMillisMax,
                helloMillisMax,
                outboundMessagesMax,
                messageBytesMax,
                commandsMax,
                answerMillisMax,
                addressesMax,
                AutoscaleSettings.DEFAULT);
    }

    public static WorkManagerSettings of(String apiId) {
        return new WorkManagerSettings(
                apiId, CoordinatorLimits.DEFAULT, 100, 5_000, 5_000, 16_384, 64 << 20, 4_096, 5_000, 2_000);
    }
}
