package io.weir.eventstats.retention;

/**
 * How long rows are kept, and how they are removed.
 *
 * @param enabled whether this process removes rows by schedule
 * @param intervalMillis between two runs, of whichever process
 * @param batchRows rows that one transaction removes
 * @param runMillisMax longest run; what is left waits for the next one
 * @param lockMillisMax longest wait for a lock
 * @param eventDays events of time to first signal
 * @param snapshotHours first signals after their job's end; one that has not ended and was not updated for as long is an orphan
 * @param signatureDays signatures of less confidence than the minimum that were not updated for as long are disabled
 * @param signatureConfidenceMin from which on a signature stays enabled for ever
 * @param rollupDays hours and days of events
 * @param historyDays history of queries
 * @param batchKeyHours keys of batches of events
 */
public record RetentionSettings(
        boolean enabled,
        long intervalMillis,
        int batchRows,
        long runMillisMax,
        long lockMillisMax,
        int eventDays,
        int snapshotHours,
        int signatureDays,
        double signatureConfidenceMin,
        int rollupDays,
        int historyDays,
        int batchKeyHours) {
    /** The seed's periods where it names any. */
    public static final RetentionSettings DEFAULT =
            new RetentionSettings(true, 3_600_000, 5_000, 600_000, 500, 90, 24, 30, 0.3, 400, 90, 24);

    public RetentionSettings {
        if (intervalMillis < 100 || runMillisMax < 100) {
            throw new IllegalArgumentException(
                    "telemetry-retention-interval-millis and telemetry-retention-run-millis-max must be at least 100");
        }
        if (lockMillisMax < 1 || lockMillisMax > 60_000) {
            throw new IllegalArgumentException("telemetry-retention-lock-millis-max must be from 1 to 60000");
        }
        if (batchRows < 1 || batchRows > 1_000_000) {
            throw new IllegalArgumentException("telemetry-retention-batch-rows must be from 1 to 1000000");
        }
        if (eventDays < 1
                || snapshotHours < 1
                || signatureDays < 1
                || rollupDays < 1
                || historyDays < 1
                || batchKeyHours < 1) {
            throw new IllegalArgumentException("the periods of telemetry-retention-... must be at least 1");
        }
        if (!(signatureConfidenceMin >= 0 && signatureConfidenceMin <= 1)) {
            throw new IllegalArgumentException("telemetry-retention-signature-confidence-min must be from 0 to 1");
        }
    }
}
