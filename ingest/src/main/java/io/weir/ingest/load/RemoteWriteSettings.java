package io.weir.ingest.load;

import java.net.URI;

/**
 * Where and how to send remote write requests.
 *
 * @param url the full URL, usually ending in {@code /api/v1/write}
 * @param tenant value of the tenant header
 * @param requestTimeoutMillis longest wait for one answer
 * @param retryMillisMin first wait before a request is repeated; doubles with each
 * @param retryMillisMax longest wait before a request is repeated
 * @param retryTotalMillisMax a request that has not succeeded after this time has failed
 */
public record RemoteWriteSettings(
        URI url,
        String tenant,
        long requestTimeoutMillis,
        long retryMillisMin,
        long retryMillisMax,
        long retryTotalMillisMax) {
    public RemoteWriteSettings {
        if (requestTimeoutMillis <= 0
                || retryMillisMin <= 0
                || retryMillisMax < retryMillisMin
                || retryTotalMillisMax < 0) {
            throw new IllegalArgumentException(
                    "remote write times must be positive, retryMillisMax at least retryMillisMin");
        }
    }

    public static RemoteWriteSettings of(URI url, String tenant) {
        return new RemoteWriteSettings(url, tenant, 30_000, 100, 5_000, 120_000);
    }
}
