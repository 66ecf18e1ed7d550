package io.weir.queryapi.eval;

import io.weir.queryapi.spi.PrecomputedAnswers;

/**
 * The bounds of one query and of all queries of an API process. Each is a setting whose name the error message gives.
 *
 * @param timeoutMillisMax longest a query may run; a request may ask for less
 * @param lookbackMillis how far back an instant selector looks for a sample, unless the request says otherwise
 * @param pointsPerSeriesMax most steps of a range query (the grid may have one more, as in Prometheus)
 * @param samplesMax most samples read by all work of a query
 * @param seriesMax most series of a leaf or of the result
 * @param resultBytesMax most bytes the result's columns may take in memory
 * @param artifactBytesMax most bytes of one artifact
 * @param segmentsMax most segments one leaf may read
 * @param samplesPerUnitTarget estimated samples of one work unit; more data makes more units
 * @param lengthMax longest query text in characters
 * @param concurrentMax most queries that run at the same time
 * @param concurrentPerTenantMax most queries of one tenant that run at the same time
 * @param queuedMax most queries that wait for a slot
 * @param queueWaitMillisMax longest a query waits for a slot
 * @param runsMax times a query's work is planned: again when the catalog has to be read again, because an object was missing or damaged
 */
public record QueryLimits(
        long timeoutMillisMax,
        long lookbackMillis,
        int pointsPerSeriesMax,
        long samplesMax,
        int seriesMax,
        long resultBytesMax,
        long artifactBytesMax,
        int segmentsMax,
        long samplesPerUnitTarget,
        int lengthMax,
        int concurrentMax,
        int concurrentPerTenantMax,
        int queuedMax,
        long queueWaitMillisMax,
        int runsMax) {
    private static final int RUNS = 3;

    public static final QueryLimits DEFAULT = new QueryLimits(
            120_000,
            300_000,
            11_000,
            500_000_000L,
            500_000,
            512L << 20,
            1L << 30,
            100_000,
            500_000,
            100_000,
            20,
            20,
            200,
            30_000);

    public QueryLimits {
        positive("query-timeout-millis-max", timeoutMillisMax);
        positive("query-lookback-millis", lookbackMillis);
        positive("query-points-per-series-max", pointsPerSeriesMax);
        positive("query-samples-max", samplesMax);
        positive("query-series-max", seriesMax);
        positive("query-result-bytes-max", resultBytesMax);
        positive("query-artifact-bytes-max", artifactBytesMax);
        positive("query-segments-max", segmentsMax);
        positive("query-samples-per-unit-target", samplesPerUnitTarget);
        positive("query-length-max", lengthMax);
        positive("query-concurrent-max", concurrentMax);
        positive("query-concurrent-per-tenant-max", concurrentPerTenantMax);
        positive("query-runs-max", runsMax);
        if (queuedMax < 0 || queueWaitMillisMax < 0) {
            throw new IllegalArgumentException("query-queued-max and query-queue-wait-millis-max must not be negative");
        }
    }

    /** With the usual three runs. */
    public QueryLimits(
            long timeoutMillisMax,
            long lookbackMillis,
            int pointsPerSeriesMax,
            long samplesMax,
            int seriesMax,
            long resultBytesMax,
            long artifactBytesMax,
            int segmentsMax,
            long samplesPerUnitTarget,
            int lengthMax,
            int concurrentMax,
            int concurrentPerTenantMax,
            int queuedMax,
            long queueWaitMillisMax) {
        this(
                timeoutMillisMax,
                lookbackMillis,
                pointsPerSeriesMax,
                samplesMax,
                seriesMax,
                resultBytesMax,
                artifactBytesMax,
                segmentsMax,
                samplesPerUnitTarget,
                lengthMax,
                concurrentMax,
                concurrentPerTenantMax,
                queuedMax,
                queueWaitMillisMax,
                RUNS);
    }

    /** Those of answers that were computed before. */
    public PrecomputedAnswers.Bounds precomputed() {
        return new PrecomputedAnswers.Bounds(samplesMax, seriesMax, resultBytesMax);
    }

    private static void positive(String setting, long value) {
        if (value <= 0) {
            throw new IllegalArgumentException(setting + " must be positive, not " + value);
        }
    }
}
