package io.weir.eventstats.feed;

/**
 * Bounds of what is written about Weir's own queries, beside their path: first signals, events, history.
 *
 * @param enabled whether a row of history is written for each query that ended
 * @param jobsMax queries with something unwritten; more are dropped, those that still run first
 * @param bytesMax estimated memory of these
 * @param batchJobsMax queries written together
 * @param batchMillis how long something waits to be written together with what comes after it
 * @param retryMillisMin wait before the first retry after the database failed; each further one waits twice as long
 * @param retryMillisMax longest wait before a retry
 * @param closeMillisMax longest time in which a stopping process writes what is left
 * @param textCharactersMax characters of a query's text that are kept
 * @param earlierRunsMax earlier runs of a query from which the duration of the next one is estimated
 * @param knownQueriesMax queries whose earlier runs are kept in memory
 * @param knownMillis how long these are used before they are read again, since other processes run queries, too
 * @param docsUrl where the documentation is published, for links in next actions
 */
public record HistorySettings(
        boolean enabled,
        int jobsMax,
        long bytesMax,
        int batchJobsMax,
        long batchMillis,
        long retryMillisMin,
        long retryMillisMax,
        long closeMillisMax,
        int textCharactersMax,
        int earlierRunsMax,
        int knownQueriesMax,
        long knownMillis,
        String docsUrl) {
    public static final HistorySettings DEFAULT = new HistorySettings(
            true, 10_000, 16L << 20, 500, 100, 100, 5_000, 3_000, 16_384, 20, 10_000, 60_000, "/docs");

    public HistorySettings {
        positive("jobs-max", jobsMax);
        positive("bytes-max", bytesMax);
        positive("batch-jobs-max", batchJobsMax);
        positive("batch-millis", batchMillis);
        positive("retry-millis-min", retryMillisMin);
        positive("close-millis-max", closeMillisMax);
        positive("text-characters-max", textCharactersMax);
        positive("earlier-runs-max", earlierRunsMax);
        positive("known-queries-max", knownQueriesMax);
        positive("known-millis", knownMillis);
        if (retryMillisMax < retryMillisMin) {
            throw new IllegalArgumentException("history-retry-millis-max must not be less than the minimum");
        }
    }

    private static void positive(String name, long value) {
        if (value < 1) {
            throw new IllegalArgumentException("history-" + name + " must be at least 1");
        }
    }
}
