package io.weir.ingest.flush;

/**
 * When and how memory becomes segments.
 *
 * @param intervalMillis time between flushes; samples can be queried after this time at the latest
 * @param retryMillis wait after a failed flush; doubles with each failure
 * @param retryMillisMax longest wait after failed flushes
 * @param requestTimeoutMillis how long a caller waits for a flush it asked for
 * @param waitingRequestsMax callers that wait for a flush at one time
 * @param uploadsMax objects uploaded at one time
 * @param metadataEntriesMax metadata entries that wait for the catalog
 */
public record FlushSettings(
        long intervalMillis,
        long retryMillis,
        long retryMillisMax,
        long requestTimeoutMillis,
        int waitingRequestsMax,
        int uploadsMax,
        int metadataEntriesMax) {
    public FlushSettings {
        if (intervalMillis <= 0 || retryMillis <= 0 || retryMillisMax < retryMillis || requestTimeoutMillis <= 0) {
            throw new IllegalArgumentException("flush times must be positive, retryMillisMax at least retryMillis");
        }
        if (waitingRequestsMax <= 0 || uploadsMax <= 0 || metadataEntriesMax <= 0) {
            throw new IllegalArgumentException("flush limits must be positive");
        }
    }

    public static FlushSettings defaults() {
        return new FlushSettings(10_000, 500, 30_000, 60_000, 256, 4, 100_000);
    }

    public FlushSettings withIntervalMillis(long millis) {
        return new FlushSettings(
                millis,
                retryMillis,
                retryMillisMax,
                requestTimeoutMillis,
                waitingRequestsMax,
                uploadsMax,
                metadataEntriesMax);
    }
}
