package io.weir.queryworker.workmanager;

/**
 * How executions that nobody wants any more are stopped.
 *
 * @param repeatMillis after which an execution that has not stopped is interrupted again: a statement of DuckDB that was about to begin when it
 *     was canceled begins all the same
 * @param slotMillisMax longest an execution holds its slot after it was canceled; then the slot goes to other work, and the execution, which
 *     does not answer, to a thread beyond the slots
 * @param abandonedMax executions without a slot at the same time; one more keeps its slot until it ends
 */
public record CancelSettings(long repeatMillis, long slotMillisMax, int abandonedMax) {
    public static final CancelSettings DEFAULT = new CancelSettings(100, 5_000, 4);

    public CancelSettings {
        if (repeatMillis <= 0 || slotMillisMax < repeatMillis || abandonedMax < 0) {
            throw new IllegalArgumentException(
                    "worker-cancel-repeat-millis must be positive, worker-cancel-slot-millis-max no less than it, and"
                            + " worker-cancel-abandoned-max not negative; got " + repeatMillis + ", " + slotMillisMax
                            + ", " + abandonedMax);
        }
    }
}
