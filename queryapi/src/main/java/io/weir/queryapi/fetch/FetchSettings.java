package io.weir.queryapi.fetch;

import java.nio.file.Path;

/**
 * Settings of artifact downloads.
 *
 * @param spoolDirectory the API's own; whatever an earlier run left in it is deleted at the start
 * @param concurrentMax downloads at the same time; further ones wait
 * @param artifactBytesMax largest artifact that is downloaded
 * @param connectMillisMax longest wait for a connection
 * @param fetchMillisMax longest time for one try of a download, the wait for its turn not counted
 * @param spoolBytesMax bytes of artifacts that are being downloaded or wait to be evaluated; further downloads wait
 * @param spoolWaitMillisMax longest wait of a download for room in the spool; then its query fails
 * @param attemptsMax tries of a download whose worker cannot be reached or answers a status of 500 and above; then its work runs again
 * @param retryMillis wait before the second try; doubles with each, with jitter
 */
public record FetchSettings(
        Path spoolDirectory,
        int concurrentMax,
        long artifactBytesMax,
        long connectMillisMax,
        long fetchMillisMax,
        long spoolBytesMax,
        long spoolWaitMillisMax,
        int attemptsMax,
        long retryMillis) {
    private static final long SPOOL_BYTES = 16L << 30;
    private static final long SPOOL_WAIT_MILLIS = 30_000;
    private static final int ATTEMPTS = 3;
    private static final long RETRY_MILLIS = 100;

    public FetchSettings {
        range("downloads at once", concurrentMax, 1, 100_000);
        range("artifact size (bytes)", artifactBytesMax, 1, Long.MAX_VALUE);
        range("connect limit (ms)", connectMillisMax, 1, 600_000);
        range("download limit (ms)", fetchMillisMax, 1, 3_600_000);
        range("spool size (bytes), at least that of one artifact,", spoolBytesMax, artifactBytesMax, 1L << 42);
        range("wait for room in the spool (ms)", spoolWaitMillisMax, 0, 3_600_000);
        range("tries of a download", attemptsMax, 1, 100);
        range("wait between tries of a download (ms)", retryMillis, 0, 60_000);
    }

    /** With the usual spool and tries: 16 GiB, 30 s, 3 tries 100 ms apart. */
    public FetchSettings(
            Path spoolDirectory, int concurrentMax, long artifactBytesMax, long connectMillisMax, long fetchMillisMax) {
        this(
                spoolDirectory,
                concurrentMax,
                artifactBytesMax,
                connectMillisMax,
                fetchMillisMax,
                SPOOL_BYTES,
                SPOOL_WAIT_MILLIS,
                ATTEMPTS,
                RETRY_MILLIS);
    }

    /** 64 downloads, 4 GiB, 3 s to connect, 60 s in all. */
    public static FetchSettings of(Path spoolDirectory) {
        return new FetchSettings(spoolDirectory, 64, 4L << 30, 3_000, 60_000);
    }

    private static void range(String setting, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(
                    setting + " is " + value + "; set it to a value from " + min + " to " + max);
        }
    }
}
