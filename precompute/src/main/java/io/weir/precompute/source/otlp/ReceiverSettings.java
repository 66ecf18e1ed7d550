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
 * @param requestsMax requests that are worked on at a time
 * @param requestWaitMillis how long one more waits for its turn
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
        PushedSettings pushed) {
    public static final ReceiverSettings DEFAULT =
            new ReceiverSettings(false, "127.0.0.1", 4317, 4318, 64 << 20, 4, 5_000, PushedSettings.DEFAULT);

    public ReceiverSettings {
        if (requestBytesMax < 1 || requestsMax < 1 || requestWaitMillis < 0) {
            throw new IllegalArgumentException("a limit of precompute-receiver is negative or zero");
        }
        if (grpcPort < 0 || grpcPort > 65_535 || httpPort < 0 || httpPort > 65_535) {
            throw new IllegalArgumentException("a port of precompute-receiver is none from 0 to 65535");
        }
    }
}
