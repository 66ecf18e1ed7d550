package io.weir.precompute.source.pushed;

/**
 * How much of what is pushed is kept.
 *
 * @param keptMillis how long: longer than the longest window of a job and the wait of its ticks; a window that begins before fails
 * @param aheadMillisMax how far a push may lie in the future, by this process' clock
 * @param straddleMillisMax how much time before a window its first sketch may contain: a sketch counts where it ends
 * @param streamsMax metrics times label sets times senders
 * @param refusedTimesMax separate times of which something was refused, for each metric and sender; more are joined
 * @param bytesMax heap of the sketches and of what is known of their senders, estimated; more is refused, nothing is thrown away for it
 */
public record PushedSettings(
        long keptMillis,
        long aheadMillisMax,
        long straddleMillisMax,
        int streamsMax,
        int refusedTimesMax,
        long bytesMax) {
    public static final PushedSettings DEFAULT = new PushedSettings(3_900_000, 60_000, 60_000, 100_000, 64, 256L << 20);

    public PushedSettings {
        if (keptMillis < 1
                || aheadMillisMax < 0
                || straddleMillisMax < 0
                || streamsMax < 1
                || refusedTimesMax < 1
                || bytesMax < 1) {
            throw new IllegalArgumentException("a limit of precompute-receiver-pushed is negative or zero");
        }
    }
}
