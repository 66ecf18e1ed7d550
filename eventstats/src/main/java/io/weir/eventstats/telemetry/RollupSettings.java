package io.weir.eventstats.telemetry;

/**
 * Bounds of the job that moves sums of inserted events into hours and days. Summaries are right however late it is; it keeps them quick.
 *
 * @param intervalMillis between two runs
 * @param batchRows sums that one transaction moves
 */
public record RollupSettings(long intervalMillis, int batchRows) {
    public static final RollupSettings DEFAULT = new RollupSettings(30_000, 20_000);

    public RollupSettings {
        if (intervalMillis < 100) {
            throw new IllegalArgumentException("telemetry-rollup-interval-millis must be at least 100");
        }
        if (batchRows < 1 || batchRows > 1_000_000) {
            throw new IllegalArgumentException("telemetry-rollup-batch-rows must be from 1 to 1000000");
        }
    }
}
