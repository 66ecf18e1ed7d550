package io.weir.queryapi.background;

/**
 * Bounds of the queries that no user waits for. How much of the workers they may use is a matter of scheduling.
 *
 * @param concurrentMax most of them that run at the same time
 * @param waitingMax most of them that wait for their turn; one more is refused
 * @param yieldMillisMax longest that one waits for a moment in which neither a user's query nor another of them runs; then it runs beside them
 */
public record BackgroundSettings(int concurrentMax, int waitingMax, long yieldMillisMax) {
    /** A thousand jobs may be due at once. */
    public static final BackgroundSettings DEFAULT = new BackgroundSettings(4, 2_000, 100);

    public BackgroundSettings {
        if (concurrentMax < 1 || concurrentMax > 10_000) {
            throw new IllegalArgumentException("background-concurrent-max must be 1 to 10000, not " + concurrentMax);
        }
        if (waitingMax < 0 || waitingMax > 1_000_000) {
            throw new IllegalArgumentException("background-waiting-max must be 0 to 1000000, not " + waitingMax);
        }
        if (yieldMillisMax < 0 || yieldMillisMax > 10_000) {
            throw new IllegalArgumentException("background-yield-millis-max must be 0 to 10000, not " + yieldMillisMax);
        }
    }
}
