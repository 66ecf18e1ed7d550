package io.weir.eventstats.signal;

/**
 * Bounds of first signals.
 *
 * @param enabled whether snapshots are written and the routes are served
 * @param connectionsMax connections of the pool that first signals, their events and signatures use
 * @param cacheSeconds how long a client may show the signal of an ended job without asking again; any other is asked for every time
 * @param streamsMax streams at a time, those that wait for their job included; more are refused
 * @param streamMillisMax longest life of a stream; its client opens another one with {@code Last-Event-ID}
 * @param streamWaitMillisMax how long a stream of an unknown job or run waits for it to appear
 * @param streamPingIntervalMillis after which a silent stream gets a comment
 * @param streamRunLingerMillis how long all jobs of a run must have ended before its stream ends, as more may start
 * @param listenReconnectMillisMax longest pause between two attempts to get a lost connection for notifications again
 * @param listenCheckIntervalMillis how often that connection is asked whether it is alive
 */
public record SignalSettings(
        boolean enabled,
        int connectionsMax,
        int cacheSeconds,
        int streamsMax,
        long streamMillisMax,
        long streamWaitMillisMax,
        long streamPingIntervalMillis,
        long streamRunLingerMillis,
        long listenReconnectMillisMax,
        long listenCheckIntervalMillis) {
    public static final SignalSettings DEFAULT =
            new SignalSettings(true, 4, 60, 1_000, 3_600_000, 10_000, 15_000, 2_000, 1_000, 5_000);

    public SignalSettings {
        if (connectionsMax < 1) {
            throw new IllegalArgumentException("signal-connections-max must be at least 1");
        }
        if (cacheSeconds < 0 || streamsMax < 0 || streamWaitMillisMax < 0 || streamRunLingerMillis < 0) {
            throw new IllegalArgumentException("signal-cache-seconds, signal-streams-max, signal-stream-wait-millis-max"
                    + " and signal-stream-run-linger-millis must not be negative");
        }
        if (streamMillisMax < 1
                || streamPingIntervalMillis < 1
                || listenReconnectMillisMax < 1
                || listenCheckIntervalMillis < 1) {
            throw new IllegalArgumentException("signal-stream-millis-max, signal-stream-ping-interval-millis,"
                    + " signal-listen-reconnect-millis-max and signal-listen-check-interval-millis must be positive");
        }
    }
}
