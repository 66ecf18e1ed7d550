package io.weir.ingest.load;

import java.net.URI;

/**
 * Settings of a {@link RemoteWriteClient}.
 *
 * @param endpoint URL of the receiver, such as {@code http://127.0.0.1:9009/api/v1/write}
 * @param tenant sent as X-Scope-OrgID; empty for none
 * @param inFlightRequestsMax requests (with their buffers) at the same time; one more waits
 * @param attemptsMax how often a request is sent before the client gives up
 * @param backoffInitialMillis wait before the first retry; it doubles with each, and half of it is random
 * @param backoffMillisMax longest wait between retries
 * @param retryAfterMillisMax longest Retry-After that is obeyed; a longer one counts as this
 * @param connectTimeoutMillis for a connection
 * @param requestTimeoutMillis for one attempt
 * @param requestBytesMax largest request before compression
 * @param errorBodyBytesMax part of a refusal's body that is kept for the message
 */
public record RemoteWriteSettings(
        String endpoint,
        String tenant,
        int inFlightRequestsMax,
        int attemptsMax,
        long backoffInitialMillis,
        long backoffMillisMax,
        long retryAfterMillisMax,
        long connectTimeoutMillis,
        long requestTimeoutMillis,
        long requestBytesMax,
        int errorBodyBytesMax) {
    public RemoteWriteSettings {
        uriOf(endpoint);
        for (int i = 0; i < tenant.length(); i++) {
            if (tenant.charAt(i) <= ' ' || tenant.charAt(i) > '~') {
                throw new IllegalArgumentException("the tenant must be of printable ASCII without blanks: " + tenant);
            }
        }
        LoadRanges.require("requests in flight", inFlightRequestsMax, 1, 1_024);
        LoadRanges.require("attempts", attemptsMax, 1, 1_000);
        LoadRanges.require("first backoff (ms)", backoffInitialMillis, 1, 600_000);
        LoadRanges.require("longest backoff (ms)", backoffMillisMax, backoffInitialMillis, 3_600_000);
        LoadRanges.require("longest Retry-After (ms)", retryAfterMillisMax, 0, 3_600_000);
        LoadRanges.require("connect timeout (ms)", connectTimeoutMillis, 1, 600_000);
        LoadRanges.require("request timeout (ms)", requestTimeoutMillis, 1, 3_600_000);
        LoadRanges.require("request size (bytes)", requestBytesMax, 1_024, 1 << 30);
        LoadRanges.require("error text (bytes)", errorBodyBytesMax, 0, 1 << 20);
    }

    /** The defaults for a receiver and a tenant (empty for none). */
    public static RemoteWriteSettings of(String endpoint, String tenant) {
        return new RemoteWriteSettings(
                endpoint, tenant, 4, 10, 100, 10_000, 60_000, 10_000, 60_000, 64L * 1024 * 1024, 4_096);
    }

    URI uri() {
        return uriOf(endpoint);
    }

    private static URI uriOf(String endpoint) {
        URI uri;
        try {
            uri = URI.create(endpoint);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("not a URL: " + endpoint, e);
        }
        String scheme = uri.getScheme();
        if (uri.getHost() == null || scheme == null || !(scheme.equals("http") || scheme.equals("https"))) {
            throw new IllegalArgumentException(
                    "the endpoint must be a URL such as http://HOST:PORT/api/v1/write, but is " + endpoint);
        }
        return uri;
    }
}
