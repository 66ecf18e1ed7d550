package io.weir.ingest.flush;

import io.weir.ingest.commit.Committer;
import io.weir.ingest.error.IngestException;
import io.weir.ingest.memory.FrozenHead;
import io.weir.ingest.wal.LogFiles;
import io.weir.ingest.wal.WriteAheadLog;
import io.weir.lake.catalog.IngestCatalog;
import io.weir.lake.catalog.NewSegment;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.segment.SegmentSettings;
import io.weir.lake.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The flush thread: turns closed generations of the head into registered segments, exactly once.
 *
 * <p>A generation is built into local files, its objects are noted ({@link UploadNote}) and uploaded, then segments and log
 * position are committed in one transaction, and only then log files are deleted. A crash before the commit replays the log into
 * segments again and deletes the noted objects; a crash after it finds the position and skips the log. A failed flush keeps its
 * generation and is repeated, while writes go on until a limit on memory or log is reached.
 */
public final class Flusher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Flusher.class);
    private static final long ROTATE_TIMEOUT_MILLIS = 30_000;

    /** A generation that is not committed yet. */
    private static final class Pending {
        final FrozenHead head;
        final long fromSequence;
        final long toSequence;

        @Nullable
        List<SegmentBuilder.Built> built;

        Pending(FrozenHead head, long fromSequence, long toSequence) {
            this.head = head;
            this.fromSequence = fromSequence;
            this.toSequence = toSequence;
        }
    }

    private final FlushSettings settings;
    private final Committer committer;
    private final LogFiles files;
    private final IngestCatalog catalog;
    private final ObjectStore store;
    private final MetadataQueue metadata;
    private final FlushObserver observer;
    private final String ingesterId;
    private final SegmentBuilder builder;
    private final Path noteFile;
    private final ArrayBlockingQueue<CompletableFuture<Boolean>> requests;
    private final ExecutorService uploads;
    private final Thread thread;

    private @Nullable Pending pending;
    private @Nullable CompletableFuture<Optional<Committer.Rotation>> rotating;
    private long fromSequence;
    private final AtomicBoolean triggered = new AtomicBoolean();
    private volatile boolean closed;
    private volatile @Nullable String lastFailure;

    /**
     * Prepares; {@link #start} starts the thread.
     *
     * @param folder for temporary files and the note of what is being uploaded
     * @param fromSequence number of the first log file that is not in segments
     */
    public Flusher(
            FlushSettings settings,
            SegmentSettings segmentSettings,
            Path folder,
            String ingesterId,
            long fromSequence,
            Committer committer,
            LogFiles files,
            IngestCatalog catalog,
            ObjectStore store,
            MetadataQueue metadata,
            FlushObserver observer) {
        this.settings = settings;
        this.committer = committer;
        this.files = files;
        this.catalog = catalog;
        this.store = store;
        this.metadata = metadata;
        this.observer = observer;
        this.ingesterId = ingesterId;
        this.fromSequence = fromSequence;
        builder = new SegmentBuilder(folder.resolve("segments"), segmentSettings, ingesterId);
        noteFile = folder.resolve("uploading");
        requests = new ArrayBlockingQueue<>(settings.waitingRequestsMax());
        uploads = Executors.newFixedThreadPool(
                settings.uploadsMax(),
                Thread.ofVirtual().name("weir-ingest-upload-", 0).factory());
        thread = Thread.ofPlatform().name("weir-ingest-flush").daemon(true).unstarted(this::run);
    }

    /** Deletes the objects of a flush that a crash ended before its commit. Must be called before anything is flushed. */
    public static void deleteOrphans(Path folder, long flushedPosition, ObjectStore store) throws IOException {
        Files.createDirectories(folder);
        Path file = folder.resolve("uploading");
        UploadNote note = UploadNote.read(file).orElse(null);
        if (note == null) {
            return;
        }
        if (Long.parseLong(note.purpose()) > flushedPosition) {
            for (String key : note.keys()) {
                store.delete(key);
            }
        }
        Files.deleteIfExists(file);
    }

    public void start() {
        thread.start();
    }

    /** Asks for a flush soon; returns at once. */
    public void trigger() {
        // One is enough, and it must not take the places of callers; when the queue is full a flush is due anyway.
        if (triggered.compareAndSet(false, true)) {
            requests.offer(new CompletableFuture<>());
        }
    }

    /**
     * Returns when everything acknowledged before this call is in registered segments.
     *
     * @throws IngestException if that is not the case in time; it is tried on in the background
     */
    public void flush() throws InterruptedException {
        flush(settings.requestTimeoutMillis());
    }

    private void flush(long timeoutMillis) throws InterruptedException {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        if (closed) {
            throw new IngestException(IngestException.Reason.UNAVAILABLE, "this ingester is shutting down");
        }
        if (!requests.offer(done)) {
            throw IngestException.overloaded("ingest-flush-waiting-requests-max=" + settings.waitingRequestsMax()
                    + " callers wait for a flush already; ask again later");
        }
        try {
            done.get(timeoutMillis, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw unavailable("the flush failed and will be repeated: " + e.getCause(), e);
        } catch (TimeoutException e) {
            throw unavailable("the flush did not end within " + timeoutMillis + " ms; ask again", e);
        }
    }

    private static IngestException unavailable(String message, Exception cause) {
        return new IngestException(IngestException.Reason.UNAVAILABLE, message, cause);
    }

    /** Why the last flush failed, or null if it did not. */
    public @Nullable String lastFailure() {
        return lastFailure;
    }

    private void run() {
        long retryMillis = 0;
        List<CompletableFuture<Boolean>> waiting = new ArrayList<>();
        try {
            while (!closed) {
                long waitMillis = retryMillis > 0 ? retryMillis : settings.intervalMillis();
                CompletableFuture<Boolean> first = requests.poll(waitMillis, TimeUnit.MILLISECONDS);
                triggered.set(false);
                waiting.clear();
                if (first != null) {
                    waiting.add(first);
                }
                requests.drainTo(waiting);
                Exception failure = tryFlush();
                for (CompletableFuture<Boolean> one : waiting) {
                    if (failure == null) {
                        one.complete(true);
                    } else {
                        one.completeExceptionally(failure);
                    }
                }
                retryMillis = failure == null
                        ? 0
                        : Math.min(Math.max(settings.retryMillis(), retryMillis * 2), settings.retryMillisMax());
                lastFailure = failure == null ? null : String.valueOf(failure);
                if (failure != null && first != null && !closed) {
                    // Requests must not turn the pause between attempts into a busy loop.
                    Thread.sleep(Math.min(settings.retryMillis(), 1_000));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            closed = true;
            requests.drainTo(waiting);
            waiting.forEach(one -> one.completeExceptionally(new IOException("shutting down")));
        }
    }

    private @Nullable Exception tryFlush() throws InterruptedException {
        long startNanos = System.nanoTime();
        try {
            boolean worked = pending != null;
            if (pending != null) {
                publish(pending);
            }
            // A rotation that was asked for earlier may have left out what is acknowledged now.
            if (rotating != null) {
                worked |= finishRotation(rotating);
            }
            CompletableFuture<Optional<Committer.Rotation>> asked = committer.rotate(ROTATE_TIMEOUT_MILLIS);
            rotating = asked;
            worked |= finishRotation(asked);
            metadata.drain(catalog);
            if (worked) {
                observer.flushed(System.nanoTime() - startNanos, true);
            }
            return null;
        } catch (IOException | RuntimeException e) {
            if (e instanceof DatabaseUnavailableException || e instanceof IOException) {
                LOG.warn("flush failed, it will be repeated: {}", e.toString());
            } else {
                LOG.error("flush failed, it will be repeated", e);
            }
            observer.flushed(System.nanoTime() - startNanos, false);
            return e;
        }
    }

    /** Waits for a rotation and publishes what it closed. Until its result is here the rotation is kept. */
    private boolean finishRotation(CompletableFuture<Optional<Committer.Rotation>> asked)
            throws IOException, InterruptedException {
        Optional<Committer.Rotation> rotation;
        try {
            rotation = asked.get(ROTATE_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            rotating = null;
            throw new IOException("the log cannot be rotated: " + e.getCause(), e.getCause());
        } catch (TimeoutException e) {
            throw new IOException("the commit thread did not answer within " + ROTATE_TIMEOUT_MILLIS + " ms", e);
        }
        rotating = null;
        if (rotation.isEmpty()) {
            return false;
        }
        Pending next =
                new Pending(rotation.get().head(), fromSequence, rotation.get().toSequence());
        pending = next;
        publish(next);
        return true;
    }

    private void publish(Pending generation) throws IOException, InterruptedException {
        // The answer to an earlier commit may have been lost.
        if (catalog.flushedPosition(ingesterId) < generation.toSequence) {
            List<SegmentBuilder.Built> built = generation.built;
            if (built == null) {
                long createdMillis = WriteAheadLog.createdMillis(files, generation.fromSequence);
                built = builder.build(generation.head, createdMillis, generation.fromSequence);
                generation.built = built;
            }
            List<NewSegment> segments = new ArrayList<>();
            List<String> keys = new ArrayList<>();
            for (SegmentBuilder.Built one : built) {
                segments.add(one.segment());
                keys.add(one.segment().meta().blocksKey());
                keys.add(one.segment().meta().seriesKey());
            }
            new UploadNote(Long.toString(generation.toSequence), keys).write(noteFile);
            upload(built);
            if (closed) {
                throw new InterruptedException("closed during an upload");
            }
            catalog.commitFlush(ingesterId, generation.toSequence, segments);
        }
        pending = null;
        fromSequence = generation.toSequence;
        committer.released(generation.head);
        tidy();
    }

    /** Deletes what the last commit made useless; what fails is done again after the next one. */
    private void tidy() throws InterruptedException {
        try {
            Files.deleteIfExists(noteFile);
            WriteAheadLog.deleteBelow(files, fromSequence);
            committer.logFilesDeleted(ROTATE_TIMEOUT_MILLIS);
            builder.clean();
        } catch (IOException | IngestException e) {
            LOG.warn("files of a finished flush are not deleted yet: {}", e.toString());
        }
    }

    private void upload(List<SegmentBuilder.Built> built) throws IOException, InterruptedException {
        List<Future<?>> running = new ArrayList<>();
        for (SegmentBuilder.Built one : built) {
            running.add(uploads.submit(() -> {
                store.put(one.segment().meta().blocksKey(), one.files().blocks());
                store.put(one.segment().meta().seriesKey(), one.files().series());
                return true;
            }));
        }
        IOException failure = null;
        for (Future<?> one : running) {
            try {
                one.get();
            } catch (ExecutionException e) {
                if (failure == null) {
                    failure = new IOException("upload of a segment failed: " + e.getCause(), e.getCause());
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /**
     * Flushes once more and stops, in a bounded time. What could not be flushed stays in the log.
     *
     * @return whether everything is in segments
     */
    public boolean close(long timeoutMillis) throws InterruptedException {
        boolean flushed = false;
        long deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        try {
            flush(timeoutMillis);
            flushed = true;
        } catch (IngestException e) {
            LOG.warn("the last flush failed, the log keeps what is not in segments: {}", e.getMessage());
        }
        closed = true;
        thread.interrupt();
        uploads.shutdownNow();
        thread.join(Math.max(1_000, TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime())));
        return flushed;
    }

    @Override
    public void close() {
        try {
            close(settings.requestTimeoutMillis());
        } catch (InterruptedException e) {
            thread.interrupt();
            Thread.currentThread().interrupt();
        }
    }
}
