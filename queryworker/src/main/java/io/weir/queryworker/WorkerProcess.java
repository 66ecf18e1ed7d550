package io.weir.queryworker;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.lake.segment.ParquetSeriesIndex;
import io.weir.lake.store.ObjectStore;
import io.weir.proto.shutdown.BoundedClose;
import io.weir.proto.shutdown.ShutdownSettings;
import io.weir.proto.trace.Tracing;
import io.weir.queryworker.artifact.ArtifactServer;
import io.weir.queryworker.artifact.ArtifactServer.Health;
import io.weir.queryworker.artifact.ArtifactSigner;
import io.weir.queryworker.artifact.FileArtifactSpool;
import io.weir.queryworker.cache.SegmentCache;
import io.weir.queryworker.control.ControlSettings;
import io.weir.queryworker.control.ControlStatus;
import io.weir.queryworker.control.StorageUsage;
import io.weir.queryworker.control.WorkerControlServer;
import io.weir.queryworker.disk.DiskBudget;
import io.weir.queryworker.disk.DiskLimits;
import io.weir.queryworker.disk.DiskWatch;
import io.weir.queryworker.disk.Folders;
import io.weir.queryworker.drain.DataFolder;
import io.weir.queryworker.exec.BlockReaders;
import io.weir.queryworker.exec.DuckDbPool;
import io.weir.queryworker.exec.ExecutorSettings;
import io.weir.queryworker.exec.LeafExecutor;
import io.weir.queryworker.exec.MappedBlockReaders;
import io.weir.queryworker.exec.WarmUp;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running worker: control streams, executions, artifact server, cache and spool, wired together. Thread-safe.
 *
 * <p>{@link #drain} ends it in order, {@link #close} at once; both leave the segment cache for the next start and nothing else.
 */
public final class WorkerProcess implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(WorkerProcess.class);
    private static final int SIGNING_KEY_BYTES = 32;

    private final WorkerSettings settings;
    private final BoundedClose parts = new BoundedClose();

    private volatile @Nullable WorkerControlServer control;
    private volatile @Nullable DiskWatch diskWatch;
    private int httpPort;
    private String workerId = "";

    private WorkerProcess(WorkerSettings settings) {
        this.settings = settings;
    }

    /**
     * Starts a worker; it accepts work when this returns.
     *
     * @param store where the segments are; not closed with the worker
     * @throws IOException if the data folder or a port cannot be had; nothing is left running
     */
    public static WorkerProcess start(WorkerSettings settings, ObjectStore store, MeterRegistry registry)
            throws IOException {
        return start(settings, store, registry, Tracing.OFF);
    }

    /** As {@link #start(WorkerSettings, ObjectStore, MeterRegistry)}, and traced. */
    public static WorkerProcess start(
            WorkerSettings settings, ObjectStore store, MeterRegistry registry, Tracing tracing) throws IOException {
        WorkerProcess worker = new WorkerProcess(settings);
        boolean started = false;
        try {
            worker.startParts(store, registry, tracing);
            started = true;
            return worker;
        } finally {
            if (!started) {
                worker.close();
            }
        }
    }

    private <T extends AutoCloseable> T started(T part) {
        return parts.add(part);
    }

    private void startParts(ObjectStore store, MeterRegistry registry, Tracing tracing) throws IOException {
        DataFolder folder = started(
                DataFolder.open(settings.dataFolder(), () -> UUID.randomUUID().toString()));
        workerId = folder.workerId();
        Folders.empty(folder.resolve("duckdb"));
        DiskBudget budget = new DiskBudget(settings.disk(), System::currentTimeMillis, folder::usableBytes, registry);
        DiskWatch disk = started(new DiskWatch(budget, settings.spool().reserveBytes(), registry));
        diskWatch = disk;
        Gauge.builder("weir_disk_free_bytes", () -> Math.min(budget.freeBytes(), folder.usableBytes()))
                .description(
                        "Room left for segments and artifacts: of the budget, or of the file system if that is less")
                .register(registry);
        Gauge.builder("weir_disk_limit_bytes", settings.disk(), DiskLimits::totalBytesMax)
                .description("Bytes that segments and artifacts may take together")
                .register(registry);
        byte[] signingKey = new byte[SIGNING_KEY_BYTES];
        new SecureRandom().nextBytes(signingKey);
        FileArtifactSpool spool = started(new FileArtifactSpool(
                folder.resolve("spool"),
                budget,
                new ArtifactSigner(signingKey),
                settings.spool(),
                System::currentTimeMillis,
                registry));
        SegmentCache cache = started(new SegmentCache(
                folder.resolve("cache"),
                store,
                budget,
                (segment, file) -> ParquetSeriesIndex.load(file, segment.getId()),
                settings.cache(),
                System::currentTimeMillis,
                registry));
        DuckDbPool duckDb = started(DuckDbPool.open(settings.duckDb()));
        WarmUp.run(duckDb::open, folder.resolve("warm-up"));
        LeafExecutor executor =
                new LeafExecutor(cache, readers(cache, duckDb, registry), settings.executor(), registry);
        ArtifactServer server = started(ArtifactServer.start(
                spool, settings.spool(), registry, this::health, tracing, settings.listenHost(), settings.httpPort()));
        httpPort = server.port();
        int advertisedPort = settings.advertisedHttpPort() == 0 ? httpPort : settings.advertisedHttpPort();
        spool.setBaseUrl("http://" + urlHost(settings.advertisedHost()) + ":" + advertisedPort);
        WorkerControlServer controlServer = started(WorkerControlServer.start(
                controlSettings(workerId),
                executor,
                spool,
                registry,
                new BudgetUsage(budget, disk),
                settings.cancel(),
                tracing));
        control = controlServer;
        disk.start(settings.disk().checkIntervalMillis(), full -> controlServer.setAcceptingWork(!full));
        LOGGER.info(
                "worker {} is ready: gRPC port {}, HTTP port {}, settings {}",
                workerId,
                grpcPort(),
                httpPort,
                settings);
    }

    private BlockReaders readers(SegmentCache cache, DuckDbPool duckDb, MeterRegistry registry) {
        if (settings.executor().blockReader().equals(ExecutorSettings.DUCKDB)) {
            return duckDb::open;
        }
        MappedBlockReaders mapped =
                started(new MappedBlockReaders(settings.executor().blockHeaderBytesMax(), duckDb::open, registry));
        cache.setEvictionListener(mapped::forget);
        return mapped;
    }

    private record BudgetUsage(DiskBudget budget, DiskWatch disk) implements StorageUsage {
        @Override
        public long cacheBytes() {
            return budget.cacheBytes();
        }

        @Override
        public long spoolBytes() {
            return budget.artifactBytes();
        }

        @Override
        public void reportFull() {
            disk.check();
        }
    }

    private ControlSettings controlSettings(String identity) {
        ControlSettings defaults = ControlSettings.of(
                settings.listenHost(),
                settings.grpcPort(),
                identity,
                UUID.randomUUID().toString(),
                settings.executionSlots());
        return new ControlSettings(
                defaults.host(),
                defaults.port(),
                defaults.workerId(),
                defaults.incarnation(),
                defaults.slots(),
                settings.creditsTotal(),
                defaults.sessionsMax(),
                defaults.heartbeat(),
                settings.drainMillisMax(),
                defaults.helloMillisMax(),
                defaults.outboundMessagesMax(),
                defaults.inboundMessagesMax(),
                defaults.messageBytesMax(),
                settings.spool().reserveBytes());
    }

    /** IPv6 addresses stand in brackets in URLs. */
    private static String urlHost(String host) {
        return host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host;
    }

    private Health health() {
        WorkerControlServer running = control;
        if (running == null) {
            return Health.STARTING;
        }
        ControlStatus status = running.status();
        if (status.failed()) {
            return Health.FAILED;
        }
        if (status.draining()) {
            return Health.DRAINING;
        }
        DiskWatch disk = diskWatch;
        if (disk != null && disk.isFull()) {
            return Health.DISK_FULL;
        }
        return status.acceptingWork() ? Health.READY : Health.DRAINING;
    }

    /** The identity that survives restarts on the same data folder. */
    public String workerId() {
        return workerId;
    }

    /** Port of the control streams. */
    public int grpcPort() {
        WorkerControlServer running = control;
        if (running == null) {
            throw new IllegalStateException("the worker has not started");
        }
        return running.port();
    }

    /** Port of artifacts, metrics and health. */
    public int httpPort() {
        return httpPort;
    }

    /**
     * Ends in order: takes no work any more, hands back what has not begun, finishes the rest and waits until its artifacts are fetched; then closes.
     *
     * @param maxMillis after which it closes anyway
     * @return whether everything was finished and fetched
     */
    public boolean drain(long maxMillis) throws InterruptedException {
        try {
            return awaitDrained(maxMillis);
        } finally {
            close();
        }
    }

    /**
     * Takes no work any more, hands back what has not begun, finishes the rest and waits until its artifacts are fetched.
     *
     * @param maxMillis longest wait
     * @return whether everything was finished and fetched
     */
    public boolean awaitDrained(long maxMillis) throws InterruptedException {
        WorkerControlServer running = control;
        if (running == null) {
            return true;
        }
        LOGGER.info("worker {} drains, for {} ms at most", workerId, Math.min(maxMillis, settings.drainMillisMax()));
        running.beginDrain();
        boolean finished = running.awaitDrained(Math.min(maxMillis, settings.drainMillisMax()));
        LOGGER.info("worker {} has drained{}", workerId, finished ? "" : ", giving up what was left");
        return finished;
    }

    /** Stops everything, in bounded time. Idempotent. */
    @Override
    public void close() {
        close(ShutdownSettings.DEFAULT.partMillisMax());
    }

    /**
     * Stops everything, each part within the limit; one that hangs is left behind.
     *
     * @return whether every part ended in order
     */
    public boolean close(long partMillisMax) {
        return parts.close(partMillisMax);
    }
}
