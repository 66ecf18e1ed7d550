package io.weir.queryapi.fetch;

import java.nio.file.Path;

/**
 * Settings of artifact downloads.
 *
 * @param spoolDirectory the API's own; whatever an earlier run left in it is deleted at the start
 * @param concurrentMax downloads at the same time; further ones wait
 * @param artifactBytesMax largest artifact that is downloaded
 * @param connectMillisMax longest wait for a connection
 * @param fetchMillisMax longest time for one download, the wait for its turn not counted
 */
public record FetchSettings(
        Path spoolDirectory, int concurrentMax, long artifactBytesMax, long connectMillisMax, long fetchMillisMax) {
    public FetchSettings {
        range("downloads at once", concurrentMax, 1, 100_000);
        range("artifact size (bytes)", artifactBytesMax, 1, Long.MAX_VALUE);
        range("connect limit (ms)", connectMillisMax, 1, 600_000);
        range("download limit (ms)", fetchMillisMax, 1, 3_600_000);
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
