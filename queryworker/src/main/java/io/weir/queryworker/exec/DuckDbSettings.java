package io.weir.queryworker.exec;

import java.nio.file.Path;

/**
 * Bounds of the worker's DuckDB.
 *
 * @param connectionsMax scans at a time; each runs on its caller's thread
 * @param acquireTimeoutMillis longest wait for a free connection
 * @param memoryBytesMax DuckDB's own memory, outside of the Java heap
 * @param temporaryFolder where DuckDB spills; it is created when missing
 * @param temporaryBytesMax most bytes it spills
 */
public record DuckDbSettings(
        int connectionsMax,
        long acquireTimeoutMillis,
        long memoryBytesMax,
        Path temporaryFolder,
        long temporaryBytesMax) {
    private static final long MEGABYTE = 1L << 20;

    public DuckDbSettings {
        if (connectionsMax < 1
                || acquireTimeoutMillis < 1
                || memoryBytesMax < 16 * MEGABYTE
                || temporaryBytesMax < MEGABYTE) {
            throw new IllegalArgumentException(
                    "DuckDB needs at least one connection, 16 MiB of memory and 1 MiB on disk,"
                            + " and a positive timeout");
        }
    }

    /** As many connections as processors, 1 GiB of memory, 1 GiB on disk. */
    public static DuckDbSettings of(Path temporaryFolder) {
        return new DuckDbSettings(
                Runtime.getRuntime().availableProcessors(), 30_000, 1024 * MEGABYTE, temporaryFolder, 1024 * MEGABYTE);
    }
}
