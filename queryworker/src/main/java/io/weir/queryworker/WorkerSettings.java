package io.weir.queryworker;

import io.weir.queryworker.artifact.SpoolSettings;
import io.weir.queryworker.cache.CacheSettings;
import io.weir.queryworker.disk.DiskLimits;
import io.weir.queryworker.exec.DuckDbSettings;
import io.weir.queryworker.exec.ExecutorSettings;
import java.nio.file.Path;

/**
 * Everything that can be set on a worker; validated when it is made.
 *
 * @param listenHost address that both ports listen on
 * @param advertisedHost host name or address in artifact URLs, by which API processes reach this worker
 * @param httpPort artifacts, metrics and health; 0 takes a free one
 * @param grpcPort control streams; 0 takes a free one
 * @param dataFolder belongs to this worker alone: identity, segment cache, artifact spool, DuckDB's temporary files
 * @param executionSlots pieces of work executed at the same time
 * @param creditsTotal pieces of work, running and queued, that all APIs together may have here
 * @param drainMillisMax longest orderly end
 */
public record WorkerSettings(
        String listenHost,
        String advertisedHost,
        int httpPort,
        int grpcPort,
        Path dataFolder,
        int executionSlots,
        int creditsTotal,
        long drainMillisMax,
        DiskLimits disk,
        CacheSettings cache,
        SpoolSettings spool,
        ExecutorSettings executor,
        DuckDbSettings duckDb) {
    private static final int PORT_MAX = 65_535;
    private static final long DUCKDB_MEMORY_BYTES = 1L << 30;
    private static final long DUCKDB_TEMPORARY_BYTES = 1L << 30;
    private static final long DUCKDB_ACQUIRE_TIMEOUT_MILLIS = 30_000;
    private static final long DRAIN_MILLIS = 600_000;
    private static final int CREDITS_PER_SLOT = 4;

    public WorkerSettings {
        if (listenHost.isBlank() || advertisedHost.isBlank()) {
            throw new IllegalArgumentException("listen host and advertised host of a worker must not be empty");
        }
        if (httpPort < 0 || httpPort > PORT_MAX || grpcPort < 0 || grpcPort > PORT_MAX) {
            throw new IllegalArgumentException(
                    "ports are 0 to " + PORT_MAX + ", got HTTP " + httpPort + " and gRPC " + grpcPort);
        }
        if (httpPort != 0 && httpPort == grpcPort) {
            throw new IllegalArgumentException("HTTP and gRPC need a port each, both are " + httpPort);
        }
        if (executionSlots <= 0 || creditsTotal < executionSlots || drainMillisMax < 0) {
            throw new IllegalArgumentException(
                    "a worker needs at least one execution slot, a credit for each, and a drain time of at"
                            + " least 0 ms; got " + executionSlots + " slots, " + creditsTotal + " credits, "
                            + drainMillisMax + " ms");
        }
        if (disk.totalBytesMax() / 4 < spool.reserveBytes()) {
            throw new IllegalArgumentException("a quarter of the disk budget (worker-disk-total-bytes-max, "
                    + disk.totalBytesMax() + ") must hold the room for one artifact (worker-spool-reserve-bytes, "
                    + spool.reserveBytes() + ")");
        }
        if (duckDb.connectionsMax() < executionSlots) {
            throw new IllegalArgumentException("every execution slot needs a DuckDB connection: " + executionSlots
                    + " slots, " + duckDb.connectionsMax() + " connections");
        }
    }

    /** The usual settings on free ports of this machine; slots and sizes are to fit the machine. */
    public static WorkerSettings of(Path dataFolder, int executionSlots, long diskBytesMax) {
        return new WorkerSettings(
                "127.0.0.1",
                "127.0.0.1",
                0,
                0,
                dataFolder,
                executionSlots,
                CREDITS_PER_SLOT * executionSlots,
                DRAIN_MILLIS,
                DiskLimits.ofTotal(diskBytesMax),
                CacheSettings.DEFAULT,
                SpoolSettings.DEFAULT,
                ExecutorSettings.DEFAULT,
                new DuckDbSettings(
                        executionSlots,
                        DUCKDB_ACQUIRE_TIMEOUT_MILLIS,
                        DUCKDB_MEMORY_BYTES,
                        dataFolder.resolve("duckdb"),
                        DUCKDB_TEMPORARY_BYTES));
    }

    /** These settings on other addresses. */
    public WorkerSettings withAddress(
            String newListenHost, String newAdvertisedHost, int newHttpPort, int newGrpcPort) {
        return new WorkerSettings(
                newListenHost,
                newAdvertisedHost,
                newHttpPort,
                newGrpcPort,
                dataFolder,
                executionSlots,
                creditsTotal,
                drainMillisMax,
                disk,
                cache,
                spool,
                executor,
                duckDb);
    }

    /** These settings with other bounds of the disk. */
    public WorkerSettings withDisk(DiskLimits changed) {
        return new WorkerSettings(
                listenHost,
                advertisedHost,
                httpPort,
                grpcPort,
                dataFolder,
                executionSlots,
                creditsTotal,
                drainMillisMax,
                changed,
                cache,
                spool,
                executor,
                duckDb);
    }

    /** These settings with another spool. */
    public WorkerSettings withSpool(SpoolSettings changed) {
        return new WorkerSettings(
                listenHost,
                advertisedHost,
                httpPort,
                grpcPort,
                dataFolder,
                executionSlots,
                creditsTotal,
                drainMillisMax,
                disk,
                cache,
                changed,
                executor,
                duckDb);
    }
}
