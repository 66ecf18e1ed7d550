package io.weir.queryworker;

import io.weir.queryworker.artifact.SpoolSettings;
import io.weir.queryworker.cache.CacheSettings;
import io.weir.queryworker.disk.DiskLimits;
import io.weir.queryworker.exec.DuckDbSettings;
import io.weir.queryworker.exec.ExecutorSettings;
import io.weir.queryworker.workmanager.CancelSettings;
import java.nio.file.Path;

/**
 * Everything that can be set on a worker; validated when it is made.
 *
 * @param listenHost address that both ports listen on
 * @param advertisedHost host name or address in artifact URLs, by which API processes reach this worker
 * @param httpPort artifacts, metrics and health; 0 takes a free one
 * @param advertisedHttpPort port in artifact URLs, when APIs reach the HTTP port by another number (behind NAT or a proxy); 0 is the HTTP port
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
        int advertisedHttpPort,
        int grpcPort,
        Path dataFolder,
        int executionSlots,
        int creditsTotal,
        long drainMillisMax,
        DiskLimits disk,
        CacheSettings cache,
        SpoolSettings spool,
        ExecutorSettings executor,
        CancelSettings cancel,
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
        if (!isPort(httpPort) || !isPort(advertisedHttpPort) || !isPort(grpcPort)) {
            throw new IllegalArgumentException("ports are 0 to " + PORT_MAX + ", got HTTP " + httpPort + ", advertised "
                    + advertisedHttpPort + " and gRPC " + grpcPort);
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
        if (duckDb.connectionsMax() < executionSlots + cancel.abandonedMax()) {
            throw new IllegalArgumentException("every execution, canceled ones without a slot included, needs a DuckDB"
                    + " connection: " + executionSlots + " slots, " + cancel.abandonedMax() + " without a slot, "
                    + duckDb.connectionsMax() + " connections");
        }
    }

    private static boolean isPort(int port) {
        return port >= 0 && port <= PORT_MAX;
    }

    /** The usual settings on free ports of this machine; slots and sizes are to fit the machine. */
    public static WorkerSettings of(Path dataFolder, int executionSlots, long diskBytesMax) {
        return new WorkerSettings(
                "127.0.0.1",
                "127.0.0.1",
                0,
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
                CancelSettings.DEFAULT,
                new DuckDbSettings(
                        executionSlots + CancelSettings.DEFAULT.abandonedMax(),
                        DUCKDB_ACQUIRE_TIMEOUT_MILLIS,
                        DUCKDB_MEMORY_BYTES,
                        dataFolder.resolve("duckdb"),
                        DUCKDB_TEMPORARY_BYTES));
    }

    /** These settings on other addresses, advertised as they are. */
    public WorkerSettings withAddress(
            String newListenHost, String newAdvertisedHost, int newHttpPort, int newGrpcPort) {
        return with(newListenHost, newAdvertisedHost, newHttpPort, 0, newGrpcPort);
    }

    /** These settings with another port in artifact URLs; 0 is the HTTP port. */
    public WorkerSettings withAdvertisedHttpPort(int newAdvertisedHttpPort) {
        return with(listenHost, advertisedHost, httpPort, newAdvertisedHttpPort, grpcPort);
    }

    private WorkerSettings with(
            String newListenHost,
            String newAdvertisedHost,
            int newHttpPort,
            int newAdvertisedHttpPort,
            int newGrpcPort) {
        return new WorkerSettings(
                newListenHost,
                newAdvertisedHost,
                newHttpPort,
                newAdvertisedHttpPort,
                newGrpcPort,
                dataFolder,
                executionSlots,
                creditsTotal,
                drainMillisMax,
                disk,
                cache,
                spool,
                executor,
                cancel,
                duckDb);
    }

    /** These settings with other bounds of the disk. */
    public WorkerSettings withDisk(DiskLimits changed) {
        return new WorkerSettings(
                listenHost,
                advertisedHost,
                httpPort,
                advertisedHttpPort,
                grpcPort,
                dataFolder,
                executionSlots,
                creditsTotal,
                drainMillisMax,
                changed,
                cache,
                spool,
                executor,
                cancel,
                duckDb);
    }

    /** These settings with another spool. */
    public WorkerSettings withSpool(SpoolSettings changed) {
        return new WorkerSettings(
                listenHost,
                advertisedHost,
                httpPort,
                advertisedHttpPort,
                grpcPort,
                dataFolder,
                executionSlots,
                creditsTotal,
                drainMillisMax,
                disk,
                cache,
                changed,
                executor,
                cancel,
                duckDb);
    }
}
