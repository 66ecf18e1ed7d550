package io.weir.ingest.http;

import io.micrometer.core.instrument.MeterRegistry;
import io.weir.ingest.commit.Committer;
import io.weir.ingest.compaction.Compactor;
import io.weir.ingest.flush.Flusher;
import io.weir.ingest.flush.MetadataQueue;
import io.weir.ingest.memory.Head;
import io.weir.ingest.memory.SeriesRegistry;
import io.weir.ingest.memory.WriteBatch;
import io.weir.ingest.otlp.OtlpReceiver;
import io.weir.ingest.remotewrite.RemoteWriteReceiver;
import io.weir.ingest.retention.GarbageCollector;
import io.weir.ingest.retention.Retention;
import io.weir.ingest.wal.DiskLogFiles;
import io.weir.ingest.wal.LogFiles;
import io.weir.ingest.wal.LogReplay;
import io.weir.ingest.wal.WriteAheadLog;
import io.weir.lake.catalog.IngestCatalog;
import io.weir.lake.store.ObjectStore;
import io.weir.promql.parser.Feature;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running ingester: data folder, log, memory, flush, compaction, and the routes to mount. The composition root of this module.
 *
 * <p>It neither owns the catalog nor the store: their owner closes them after this.
 */
public final class IngestServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(IngestServer.class);

    private final IngestSettings settings;
    private final DataDir dataDir;
    private final SeriesRegistry registry;
    private final Committer committer;
    private final Flusher flusher;
    private final Compactor compactor;
    private final Retention retention;
    private final MetadataQueue metadata;
    private final IngestRoutes routes;
    private final InstantSource clock;
    private boolean closed;

    private IngestServer(
            IngestSettings settings,
            DataDir dataDir,
            SeriesRegistry registry,
            Committer committer,
            Flusher flusher,
            Compactor compactor,
            Retention retention,
            MetadataQueue metadata,
            IngestRoutes routes,
            InstantSource clock) {
        this.settings = settings;
        this.dataDir = dataDir;
        this.registry = registry;
        this.committer = committer;
        this.flusher = flusher;
        this.compactor = compactor;
        this.retention = retention;
        this.metadata = metadata;
        this.routes = routes;
        this.clock = clock;
    }

    /**
     * Locks the data folder, replays the log and starts all threads. When this returns, writes are accepted.
     *
     * @throws IOException if the folder is in use or the log is damaged; the message says what to do
     */
    public static IngestServer start(
            IngestSettings settings, IngestCatalog catalog, ObjectStore store, MeterRegistry meters)
            throws IOException {
        return start(settings, catalog, store, meters, InstantSource.system());
    }

    /** The same with a clock. */
    public static IngestServer start(
            IngestSettings settings,
            IngestCatalog catalog,
            ObjectStore store,
            MeterRegistry meters,
            InstantSource clock)
            throws IOException {
        DataDir dataDir = DataDir.open(settings.dataDir(), UUID::randomUUID);
        try {
            return start(settings, catalog, store, meters, clock, dataDir);
        } catch (IOException | RuntimeException e) {
            dataDir.close();
            throw e;
        }
    }

    private static IngestServer start(
            IngestSettings settings,
            IngestCatalog catalog,
            ObjectStore store,
            MeterRegistry meters,
            InstantSource clock,
            DataDir dataDir)
            throws IOException {
        SecureRandom random = new SecureRandom();
        IngestMetrics metrics = new IngestMetrics(meters);
        SeriesRegistry registry = new SeriesRegistry(settings.head(), random.nextLong());
        Head head = new Head(registry, settings.head());
        LogFiles files = new DiskLogFiles(dataDir.log());
        long position = catalog.flushedPosition(dataDir.ingesterId());
        Flusher.deleteOrphans(dataDir.flush(), position, store);
        long firstSequence = WriteAheadLog.firstSequence(files, Math.max(position, 1));
        LogReplay.Result replayed = replay(files, registry, head, Math.max(position, 0));
        WriteAheadLog log = new WriteAheadLog(
                files,
                settings.log(),
                replayed.nextSequence(),
                replayed.bytes(),
                replayed.lastCreatedMillis(),
                clock,
                random::nextLong);
        // The committer asks for flushes, the flusher asks the committer for generations.
        AtomicReference<@Nullable Flusher> flusherHolder = new AtomicReference<>();
        Committer committer = new Committer(
                log,
                head,
                registry,
                settings.commit(),
                settings.head(),
                settings.log(),
                () -> {
                    Flusher started = flusherHolder.get();
                    if (started != null) {
                        started.trigger();
                    }
                },
                metrics::committed);
        MetadataQueue metadata = new MetadataQueue(settings.flush().metadataEntriesMax());
        Flusher flusher = new Flusher(
                settings.flush(),
                settings.segments(),
                dataDir.flush(),
                dataDir.ingesterId(),
                firstSequence,
                committer,
                files,
                catalog,
                store,
                metadata,
                metrics::flushed);
        flusherHolder.set(flusher);
        metrics.watch(meters, committer, registry, metadata, settings);
        RemoteWriteReceiver receiver = new RemoteWriteReceiver(
                settings.remoteWrite(),
                registry,
                committer,
                metadata,
                clock,
                settings.features().contains(Feature.TYPE_AND_UNIT_LABELS));
        OtlpReceiver otlpReceiver = new OtlpReceiver(
                settings.otlp(),
                settings.remoteWrite(),
                registry,
                committer,
                metadata,
                clock,
                settings.features().contains(Feature.TYPE_AND_UNIT_LABELS));
        Compactor compactor = new Compactor(
                settings.compaction(),
                settings.segments(),
                catalog,
                store,
                dataDir.compaction(),
                dataDir.ingesterId(),
                random::nextLong,
                metrics::compacted);
        Retention retention = new Retention(
                settings.retention(),
                catalog,
                new GarbageCollector(
                        catalog,
                        store,
                        settings.compaction().graceMillis(),
                        settings.compaction().garbageMax()),
                dataDir.ingesterId(),
                clock,
                metrics::expired);
        flusher.start();
        if (replayed.groups() > 0) {
            flusher.trigger();
        }
        if (settings.compaction().enabled()) {
            compactor.start();
        }
        retention.start();
        IngestRoutes routes = new IngestRoutes(
                new WriteRoutes(receiver, otlpReceiver, new RequestMetrics(meters, "weir.ingest")), flusher);
        return new IngestServer(
                settings, dataDir, registry, committer, flusher, compactor, retention, metadata, routes, clock);
    }

    /**
     * Reads the log into memory. The head may pass its limit here: the log was written under the same limit, and writes are refused
     * until it is flushed.
     */
    private static LogReplay.Result replay(LogFiles files, SeriesRegistry registry, Head head, long position)
            throws IOException {
        LogReplay.Result result = new LogReplay(files, registry).replay(position, new LogReplay.Consumer() {
            @Override
            public void group(WriteBatch batch) {
                head.append(batch);
            }

            @Override
            public void fileEnd(long sequence) {}
        });
        if (result.groups() > 0) {
            LOG.info(
                    "replayed {} groups with {} samples from {} bytes of log",
                    result.groups(),
                    head.samples(),
                    result.bytes());
        }
        if (result.tornBytes() > 0) {
            LOG.warn("cut off {} bytes of a write that a crash ended before it was acknowledged", result.tornBytes());
        }
        return result;
    }

    /** The routes, to be registered in a server. */
    public IngestRoutes routes() {
        return routes;
    }

    /** A door for samples of this process, without HTTP. */
    public DirectWriter directWriter(String tenant) {
        return new DirectWriter(tenant, registry, committer, metadata, clock, settings.remoteWrite());
    }

    /** Returns when everything acknowledged before this call can be queried. */
    public void flush() throws InterruptedException {
        flusher.flush();
    }

    /** Why this ingester cannot take writes now, or null if it can. */
    public @Nullable String whyNotReady() {
        return committer.whyNotAccepting();
    }

    /** Why the last flush failed, or null. */
    public @Nullable String lastFlushFailure() {
        return flusher.lastFailure();
    }

    /** Stops accepting, flushes and stops, within {@link IngestSettings#closeTimeoutMillis}. What is not flushed stays in the log. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        long deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(settings.closeTimeoutMillis());
        committer.stopAccepting();
        try {
            compactor.close(Math.min(1_000, remainingMillis(deadlineNanos)));
            retention.close(Math.min(1_000, remainingMillis(deadlineNanos)));
            flusher.close(remainingMillis(deadlineNanos));
            committer.close(remainingMillis(deadlineNanos));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            dataDir.close();
        } catch (IOException e) {
            LOG.warn("the lock of the data folder cannot be released", e);
        }
    }

    private static long remainingMillis(long deadlineNanos) {
        return Math.max(100, TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime()));
    }
}
