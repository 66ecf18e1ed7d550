package io.weir.precompute.source.otlp;

import io.weir.precompute.source.pushed.PushedSettings;

/**
 * How sketches are received over OTLP.
 *
 * @param enabled whether they are at all
 * @param host address to listen on
 * @param grpcPort 0 for any free one; the services of OTLP metrics and of {@code weir.sketch.v1.SketchSource}
 * @param httpPort 0 for any free one; POST /v1/metrics
 * @param requestBytesMax longest request, unpacked
 * @param requestsMax requests, and windows that are merged for a fetch, that are worked on at a time
 * @param requestWaitMillis how long one more waits for its turn
 * @param bodiesBytesMax heap of the bodies over HTTP that are read, wait or are worked on; one more is told to come again
 * @param bodyMillisMax how long a body over HTTP may take to come
 * @param fetchesMax answers to fetches that are held at a time, while they are made and read
 * @param fetchMillisMax how long a fetch may take, until all of its answer is read
 * @param pushed what is kept of them
 */
public record ReceiverSettings(
        boolean enabled,
        String host,
        int grpcPort,
        int httpPort,
        int requestBytesMax,
        int requestsMax,
        long requestWaitMillis,
        long bodiesBytesMax,
        long bodyMillisMax,
        int fetchesMax,
        long fetchMillisMax,
        PushedSettings pushed) {
    public static final ReceiverSettings DEFAULT = new ReceiverSettings(
            false, "127.0.0.1", 4317, 4318, 64 << 20, 4, 5_000, 256L << 20, 30_000, 16, 30_000, PushedSettings.DEFAULT);

    /** With other ports of an address, listening. */
    public ReceiverSettings listening(String otherHost, int otherGrpcPort, int otherHttpPort) {
        return new ReceiverSettings(
                true,
                otherHost,
                otherGrpcPort,
                otherHttpPort,
                requestBytesMax,
                requestsMax,
                requestWaitMillis,
                bodiesBytesMax,
                bodyMillisMax,
                fetchesMax,
                fetchMillisMax,
                pushed);
    }

    public ReceiverSettings {
        if (requestBytesMax < 1
                || requestsMax < 1
                || requestWaitMillis < 0
                || bodyMillisMax < 1
                || fetchesMax < 1
                || fetchMillisMax < 1) {
            throw new IllegalArgumentException("a limit of precompute-receiver is negative or zero");
        }
        if (bodiesBytesMax < requestBytesMax) {
            throw new IllegalArgumentException(
                    "precompute-receiver-bodies-bytes-max is less than precompute-receiver-request-bytes-max");
        }
        if (grpcPort < 0 || grpcPort > 65_535 || httpPort < 0 || httpPort > 65_535) {
            throw new IllegalArgumentException("a port of precompute-receiver is none from 0 to 65535");
        }
    }
}
