package io.weir.eventstats.auth;

/**
 * Where the public keys of tokens come from, and how often they are read.
 *
 * @param url http, https or file URL, or the path of a file: a key document of EventGate's format or a JWKS; empty for none
 * @param requiredAtStart whether the start fails while the keys cannot be read; else requests are answered with 503 until they can
 * @param refreshIntervalMillis from one successful read to the next
 * @param retryIntervalMillis from a failed read to the next
 * @param forcedIntervalMillisMin least time between two reads because of a token whose key is not known
 * @param connectTimeoutMillis longest wait for a connection
 * @param readTimeoutMillis longest read, the connection included
 * @param documentBytesMax longest document
 * @param countMax most keys in it; each may be tried on a token
 */
public record KeySettings(
        String url,
        boolean requiredAtStart,
        long refreshIntervalMillis,
        long retryIntervalMillis,
        long forcedIntervalMillisMin,
        long connectTimeoutMillis,
        long readTimeoutMillis,
        int documentBytesMax,
        int countMax) {
    /** EventGate's interval and time limit. */
    public static final KeySettings DEFAULT =
            new KeySettings("", false, 1_680_000, 10_000, 30_000, 2_000, 5_000, 1_048_576, 64);

    public KeySettings {
        positive(refreshIntervalMillis, "auth-keys-refresh-interval-millis");
        positive(retryIntervalMillis, "auth-keys-retry-interval-millis");
        positive(forcedIntervalMillisMin, "auth-keys-forced-interval-millis-min");
        positive(connectTimeoutMillis, "auth-keys-connect-timeout-millis");
        positive(readTimeoutMillis, "auth-keys-read-timeout-millis");
        positive(documentBytesMax, "auth-keys-document-bytes-max");
        positive(countMax, "auth-keys-count-max");
        if (documentBytesMax > 1 << 28) {
            throw new IllegalArgumentException("auth-keys-document-bytes-max must be at most " + (1 << 28));
        }
    }

    /** As this, with the keys from somewhere else. */
    public KeySettings withUrl(String otherUrl) {
        return new KeySettings(
                otherUrl,
                requiredAtStart,
                refreshIntervalMillis,
                retryIntervalMillis,
                forcedIntervalMillisMin,
                connectTimeoutMillis,
                readTimeoutMillis,
                documentBytesMax,
                countMax);
    }

    private static void positive(long value, String name) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1");
        }
    }
}
