package io.weir.queryapi.http;

import io.weir.queryapi.background.BackgroundSettings;
import io.weir.queryapi.eval.QueryLimits;
import java.util.Set;

/**
 * What an API server can be told at its start.
 *
 * @param host address to listen on
 * @param port 0 for any free one
 * @param limits bounds of queries
 * @param features feature flags of PromQL that are on, by Prometheus' names
 * @param corsOrigin value of Access-Control-Allow-Origin; empty for no CORS headers
 * @param requestBytesMax longest request body of the query endpoints
 * @param requestHeaderBytesMax longest request line with its headers, and so the longest query in a URL
 * @param responseBufferBytes size of the buffer between the writer of an answer and the socket
 * @param idleTimeoutMillis after which a silent connection is closed; also the longest the client may take to read one response buffer
 * @param ssePingIntervalMillis after which a silent stream gets a comment
 * @param shutdownMillisMax longest a stop waits for running requests
 * @param cancelGraceMillis between the stop of a query (canceled, over its time or a limit) and the end of its connection, if its client does
 *     not read what it is told
 * @param cancelWaitMillis longest the answer to a request to cancel waits for the query's end; after that it says that it goes on
 * @param version shown by /status/buildinfo
 * @param revision shown by /status/buildinfo
 * @param background bounds of queries that no user waits for
 */
public record ApiSettings(
        String host,
        int port,
        QueryLimits limits,
        Set<String> features,
        String corsOrigin,
        long requestBytesMax,
        int requestHeaderBytesMax,
        int responseBufferBytes,
        long idleTimeoutMillis,
        long ssePingIntervalMillis,
        long shutdownMillisMax,
        long cancelGraceMillis,
        long cancelWaitMillis,
        String version,
        String revision,
        BackgroundSettings background) {
    public ApiSettings {
        features = Set.copyOf(features);
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("http-port must be 0 to 65535, not " + port);
        }
        if (requestBytesMax <= 0
                || requestHeaderBytesMax < 1024
                || responseBufferBytes < 1024
                || idleTimeoutMillis <= 0
                || ssePingIntervalMillis <= 0) {
            throw new IllegalArgumentException(
                    "http-request-bytes-max, http-idle-timeout-millis and http-sse-ping-interval-millis must be"
                            + " positive, http-request-header-bytes-max and http-response-buffer-bytes at least 1024");
        }
        if (cancelGraceMillis < 0 || cancelWaitMillis < 0) {
            throw new IllegalArgumentException(
                    "http-cancel-grace-millis and http-cancel-wait-millis must not be negative");
        }
        if (shutdownMillisMax < 0) {
            throw new IllegalArgumentException("http-shutdown-millis-max must not be negative");
        }
    }

    /** The defaults on a host and port. */
    public static ApiSettings of(String host, int port) {
        return new ApiSettings(
                host,
                port,
                QueryLimits.DEFAULT,
                Set.of(),
                "*",
                10L << 20,
                // As Go's net/http, on which Prometheus runs.
                1 << 20,
                64 << 10,
                300_000,
                15_000,
                5_000,
                1_000,
                250,
                "3.14.0",
                "weir",
                BackgroundSettings.DEFAULT);
    }

    public ApiSettings withLimits(QueryLimits changed) {
        return new ApiSettings(
                host,
                port,
                changed,
                features,
                corsOrigin,
                requestBytesMax,
                requestHeaderBytesMax,
                responseBufferBytes,
                idleTimeoutMillis,
                ssePingIntervalMillis,
                shutdownMillisMax,
                cancelGraceMillis,
                cancelWaitMillis,
                version,
                revision,
                background);
    }

    public ApiSettings withSsePingIntervalMillis(long changed) {
        return new ApiSettings(
                host,
                port,
                limits,
                features,
                corsOrigin,
                requestBytesMax,
                requestHeaderBytesMax,
                responseBufferBytes,
                idleTimeoutMillis,
                changed,
                shutdownMillisMax,
                cancelGraceMillis,
                cancelWaitMillis,
                version,
                revision,
                background);
    }

    public ApiSettings withBackground(BackgroundSettings changed) {
        return new ApiSettings(
                host,
                port,
                limits,
                features,
                corsOrigin,
                requestBytesMax,
                requestHeaderBytesMax,
                responseBufferBytes,
                idleTimeoutMillis,
                ssePingIntervalMillis,
                shutdownMillisMax,
                cancelGraceMillis,
                cancelWaitMillis,
                version,
                revision,
                changed);
    }

    public ApiSettings withFeatures(Set<String> changed) {
        return new ApiSettings(
                host,
                port,
                limits,
                changed,
                corsOrigin,
                requestBytesMax,
                requestHeaderBytesMax,
                responseBufferBytes,
                idleTimeoutMillis,
                ssePingIntervalMillis,
                shutdownMillisMax,
                cancelGraceMillis,
                cancelWaitMillis,
                version,
                revision,
                background);
    }

    public ApiSettings withCancelMillis(long graceMillis, long waitMillis) {
        return new ApiSettings(
                host,
                port,
                limits,
                features,
                corsOrigin,
                requestBytesMax,
                requestHeaderBytesMax,
                responseBufferBytes,
                idleTimeoutMillis,
                ssePingIntervalMillis,
                shutdownMillisMax,
                graceMillis,
                waitMillis,
                version,
                revision,
                background);
    }
}
