package io.weir.queryworker.cache;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.trace.SpanKind;
import io.weir.lake.segment.CorruptSegmentException;
import io.weir.lake.segment.SeriesIndex;
import io.weir.lake.store.ObjectStore;
import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.proto.leaf.v1.Segment;
import io.weir.proto.log.LogContext;
import io.weir.proto.trace.Trace;
import io.weir.queryworker.disk.DiskBudget;
import io.weir.queryworker.workmanager.WorkFailureException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Local copies of segment objects, and series indexes in memory. Thread-safe.
 *
 * <p>Each object is fetched once however many pieces of work want it at the same time; its SHA-256 is verified; its file stays while a lease on it is
 * open; the least recently used files leave when the disk budget needs room. Files survive a restart. The objects of a store that is a local folder are
 * used in place: they cost no budget; their SHA-256 is verified before the first use and whenever the file has changed.
 */
public final class SegmentCache implements AutoCloseable {
    /*
     * Implementation notes: a file's name is <SHA-256>-<size>.<number>.parquet. The number is never used twice, so that a late deletion of an evicted file
     * cannot hit its successor. Downloads and index loading run on threads of their own, the work only waits for them: a piece of work that is canceled
     * leaves at once, and what it started still serves the others; when there are none, it is interrupted.
     * A file of an earlier run is a leftover until its SHA-256 has been verified, as a download that needs no store.
     */
    private static final Logger LOGGER = LoggerFactory.getLogger(SegmentCache.class);
    private static final Pattern FILE_NAME = Pattern.compile("([0-9a-f]{64}-([0-9]{1,18}))\\.([0-9]{1,18})\\.parquet");
    private static final int PIN_TRIES_MAX = 4;
    private static final long TOUCH_INTERVAL_MILLIS = 60_000;

    private final Path folder;
    private final ObjectStore store;
    private final DiskBudget budget;
    private final SeriesIndexLoader loader;
    private final CacheSettings settings;
    private final LongSupplier clockMillis;
    private final ObjectDownload download;
    private final Counter hits;
    private final Counter misses;
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("segment-cache-", 0).factory());
    private final AtomicLong fileSequence = new AtomicLong();
    /** Complete files by content. */
    private final Map<String, String> files = new ConcurrentHashMap<>();

    /** Files of an earlier run by content, not verified yet. */
    private final Map<String, String> leftovers = new ConcurrentHashMap<>();

    private final Map<String, Long> touchedMillis = new ConcurrentHashMap<>();
    private final Map<String, Flight<Obtained>> downloads = new ConcurrentHashMap<>();
    private final Map<String, Flight<SeriesIndex>> loads = new ConcurrentHashMap<>();
    private final IndexMemory indexes;
    private final InPlaceChecks inPlaceChecks;
    private volatile Consumer<Path> evictionListener = file -> {};

    /** Opens the cache and takes over the complete files in its folder, which must belong to this worker alone. */
    public SegmentCache(
            Path folder,
            ObjectStore store,
            DiskBudget budget,
            SeriesIndexLoader loader,
            CacheSettings settings,
            LongSupplier clockMillis,
            MeterRegistry registry)
            throws IOException {
        this.folder = folder;
        this.store = store;
        this.budget = budget;
        this.loader = loader;
        this.settings = settings;
        this.clockMillis = clockMillis;
        this.indexes = new IndexMemory(settings.indexBytesMax());
        this.inPlaceChecks = new InPlaceChecks(registry);
        this.download = new ObjectDownload(folder, store, settings, registry);
        this.hits = Counter.builder("weir_segment_cache_hits_total")
                .description("Segment files found in the cache")
                .register(registry);
        this.misses = Counter.builder("weir_segment_cache_misses_total")
                .description("Segment files that had to be downloaded")
                .register(registry);
        Gauge.builder("weir_segment_cache_bytes", budget, DiskBudget::cacheBytes)
                .description("Bytes of cached segment files")
                .register(registry);
        Gauge.builder("weir_segment_cache_files", this, cache -> cache.files.size() + cache.leftovers.size())
                .description("Cached objects of segments")
                .register(registry);
        Gauge.builder("weir_segment_index_bytes", indexes, IndexMemory::bytes)
                .description("Heap bytes of series indexes kept")
                .register(registry);
        budget.setCacheEvictor(this::evicted);
        Files.createDirectories(folder);
        adoptFiles();
    }

    /** Is told of every file that leaves, just before its deletion; no lease on it is open then. */
    public void setEvictionListener(Consumer<Path> listener) {
        evictionListener = listener;
    }

    private record Found(Path path, String contentId, long sizeBytes, FileTime lastUsed) {}

    private void adoptFiles() throws IOException {
        List<Found> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                Matcher name = FILE_NAME.matcher(entry.getFileName().toString());
                if (name.matches() && Files.size(entry) == Long.parseLong(name.group(2))) {
                    found.add(new Found(entry, name.group(1), Files.size(entry), Files.getLastModifiedTime(entry)));
                    fileSequence.accumulateAndGet(Long.parseLong(name.group(3)) + 1, Math::max);
                } else {
                    LOGGER.info(
                            "the file {} of an earlier run is no complete object, it is deleted", entry.getFileName());
                    Files.delete(entry);
                }
            }
        }
        // The youngest come first while there is room; pinning them from the oldest on then restores the order of use.
        found.sort(Comparator.comparing(Found::lastUsed).thenComparing(Found::path));
        for (Found file : found.reversed()) {
            String name = file.path.getFileName().toString();
            if (leftovers.containsKey(file.contentId) || !budget.adoptCached(name, file.sizeBytes)) {
                Files.delete(file.path);
            } else {
                leftovers.put(file.contentId, name);
            }
        }
        for (Found file : found) {
            String name = file.path.getFileName().toString();
            if (budget.pinCached(name)) {
                budget.unpinCached(name);
            }
        }
    }

    /** Starts to download what is missing of these segments' blocks, without waiting. */
    public void prefetchBlocks(List<Segment> segments, CacheUse use) throws WorkFailureException {
        for (Segment segment : segments) {
            CachedObject object = CachedObject.blocks(segment);
            if (!files.containsKey(object.contentId())
                    && store.localFile(object.objectKey()).isEmpty()) {
                startDownload(object, use);
            }
        }
    }

    /**
     * The blocks file of a segment, downloaded if needed.
     *
     * @throws WorkFailureException MISSING_OBJECT, CORRUPT_OBJECT (both name the segment), DISK_FULL, CANCELED, DEADLINE_EXCEEDED or INTERNAL
     */
    public FileLease blocks(Segment segment, CacheUse use) throws WorkFailureException {
        return lease(CachedObject.blocks(segment), use);
    }

    /** The series index of a segment, from memory or read from its file; fails as {@link #blocks} does. */
    public SeriesIndex index(Segment segment, CacheUse use) throws WorkFailureException {
        return await(startIndex(segment, use), use, "the series of segment " + segment.getId());
    }

    /** The series indexes of several segments, loaded at the same time; in the given order. */
    public List<SeriesIndex> indexes(List<Segment> segments, CacheUse use) throws WorkFailureException {
        List<CompletableFuture<SeriesIndex>> started = new ArrayList<>(segments.size());
        for (Segment segment : segments) {
            started.add(startIndex(segment, use));
        }
        List<SeriesIndex> loaded = new ArrayList<>(segments.size());
        for (int i = 0; i < started.size(); i++) {
            loaded.add(await(
                    started.get(i),
                    use,
                    "the series of segment " + segments.get(i).getId()));
        }
        return loaded;
    }

    private CompletableFuture<SeriesIndex> startIndex(Segment segment, CacheUse use) throws WorkFailureException {
        CachedObject object = CachedObject.series(segment);
        String contentId = object.contentId();
        SeriesIndex inMemory = indexes.get(contentId);
        if (inMemory != null) {
            return CompletableFuture.completedFuture(inMemory);
        }
        return fly(loads, contentId, use, () -> {
            SeriesIndex index = loadIndex(segment, object, use);
            indexes.put(contentId, index);
            return index;
        });
    }

    /** What is done once for all who want it. */
    private interface Task<T> {
        T run() throws WorkFailureException;
    }

    /** Joins what is under way, or begins it on a thread of its own. */
    private <T> CompletableFuture<T> fly(Map<String, Flight<T>> flights, String contentId, CacheUse use, Task<T> task) {
        while (true) {
            Flight<T> fresh = new Flight<>();
            Flight<T> running = flights.putIfAbsent(contentId, fresh);
            if (running == null) {
                boolean joined = use.join(fresh);
                if (!joined) {
                    throw new IllegalStateException("what has just begun was given up");
                }
                LogContext.Ids ids = LogContext.ids();
                Trace trace = Trace.current();
                threads.execute(() -> {
                    try (LogContext context = ids.open()) {
                        trace.run(() -> run(flights, contentId, fresh, task));
                    }
                });
                return fresh.result;
            }
            if (use.join(running)) {
                return running.result;
            }
            flights.remove(contentId, running);
        }
    }

    private static <T> void run(Map<String, Flight<T>> flights, String contentId, Flight<T> flight, Task<T> task) {
        try {
            if (!flight.begin()) {
                throw new CancellationException("nobody wants it any more");
            }
            T result = task.run();
            flight.end();
            flights.remove(contentId, flight);
            flight.result.complete(result);
        } catch (WorkFailureException | RuntimeException | Error e) {
            flight.end();
            flights.remove(contentId, flight);
            flight.result.completeExceptionally(e);
        }
    }

    private SeriesIndex loadIndex(Segment segment, CachedObject object, CacheUse use) throws WorkFailureException {
        // Others may wait for this, so the cancellation of the work that came first does not end it.
        CacheUse uncanceled = new CacheUse(new NeverCanceled(settings.downloadTimeoutMillis()));
        try (uncanceled) {
            for (boolean again = true; ; again = false) {
                try (FileLease file = lease(object, uncanceled)) {
                    return loader.load(segment, file.path());
                } catch (CorruptSegmentException e) {
                    if (!again || !dropIfDamaged(object)) {
                        throw corrupt(object, e);
                    }
                } catch (NoSuchFileException e) {
                    throw missing(object, e);
                } catch (IOException e) {
                    throw failed(object, e);
                }
            }
        } finally {
            use.downloaded(uncanceled.downloadedBytes());
        }
    }

    /**
     * After reading a segment's blocks failed: whether the local copy was damaged and has been dropped, so that reading may succeed now.
     *
     * @return false if the copy is what the catalog says, or no copy at all
     */
    public boolean dropBlocksIfDamaged(Segment segment) throws WorkFailureException {
        return dropIfDamaged(CachedObject.blocks(segment));
    }

    private boolean dropIfDamaged(CachedObject object) throws WorkFailureException {
        String name = files.get(object.contentId());
        if (name == null || !budget.pinCached(name)) {
            return store.localFile(object.objectKey()).isEmpty();
        }
        boolean damaged;
        try {
            damaged = !ObjectDownload.isIntact(folder.resolve(name), object);
        } catch (IOException e) {
            LOGGER.warn("cached {} cannot be read: {}", object.describe(), e.toString());
            damaged = true;
        } finally {
            budget.unpinCached(name);
        }
        if (damaged) {
            LOGGER.warn("cached copy of {} is damaged, it is fetched again", object.describe());
            budget.removeCached(name);
            evicted(name);
        }
        return damaged;
    }

    private void evicted(String fileName) {
        Matcher name = FILE_NAME.matcher(fileName);
        if (!name.matches()) {
            throw new IllegalStateException("no file of the segment cache: " + fileName);
        }
        files.remove(name.group(1), fileName);
        leftovers.remove(name.group(1), fileName);
        touchedMillis.remove(fileName);
        evictionListener.accept(folder.resolve(fileName));
        try {
            Files.deleteIfExists(folder.resolve(fileName));
        } catch (IOException e) {
            throw new UncheckedIOException("deleting cached segment " + fileName, e);
        }
    }

    private FileLease lease(CachedObject object, CacheUse use) throws WorkFailureException {
        Optional<Path> local = store.localFile(object.objectKey());
        if (local.isPresent()) {
            return inPlace(object, local.get());
        }
        boolean hit = true;
        for (int tries = 0; tries < PIN_TRIES_MAX; tries++) {
            String name = files.get(object.contentId());
            if (name == null) {
                Obtained obtained = await(startDownload(object, use), use, object.describe());
                hit &= !obtained.downloaded;
                name = obtained.name;
            }
            if (budget.pinCached(name)) {
                (hit ? hits : misses).increment();
                touch(name);
                String pinned = name;
                return new FileLease(folder.resolve(name), false, () -> budget.unpinCached(pinned));
            }
            files.remove(object.contentId(), name);
        }
        throw new WorkFailureException(
                FailureClass.DISK_FULL,
                object.describe() + " was evicted " + PIN_TRIES_MAX
                        + " times before it could be read; give the worker a larger disk budget");
    }

    private FileLease inPlace(CachedObject object, Path file) throws WorkFailureException {
        try {
            inPlaceChecks.check(object, file);
            return new FileLease(file, true, () -> {});
        } catch (DamagedFileException e) {
            throw corrupt(object, e);
        } catch (NoSuchFileException e) {
            throw missing(object, e);
        } catch (IOException e) {
            throw failed(object, e);
        }
    }

    /** Keeps the order of use for the next start; once a minute is enough. */
    private void touch(String name) {
        long nowMillis = clockMillis.getAsLong();
        Long before = touchedMillis.get(name);
        if (before != null && nowMillis - before < TOUCH_INTERVAL_MILLIS) {
            return;
        }
        touchedMillis.put(name, nowMillis);
        try {
            Files.setLastModifiedTime(folder.resolve(name), FileTime.fromMillis(nowMillis));
        } catch (IOException e) {
            LOGGER.warn("cannot note the use of cached segment {}: {}", name, e.toString());
        }
    }

    private record Obtained(String name, boolean downloaded) {}

    private CompletableFuture<Obtained> startDownload(CachedObject object, CacheUse use) {
        return fly(downloads, object.contentId(), use, () -> {
            try {
                Obtained obtained = download.inTurn(object, () -> obtain(object));
                use.downloaded(obtained.downloaded ? object.sizeBytes() : 0);
                return obtained;
            } catch (IOException e) {
                throw failed(object, e);
            }
        });
    }

    private Obtained obtain(CachedObject object) throws WorkFailureException, IOException {
        String name = files.get(object.contentId());
        if (name == null) {
            name = verifiedLeftover(object);
        }
        if (name != null) {
            return new Obtained(name, false);
        }
        String fresh = object.contentId() + "." + fileSequence.getAndIncrement() + ".parquet";
        try (Trace span = Trace.current()
                .child("download", SpanKind.CLIENT)
                .set("object_key", object.objectKey())
                .set("bytes", object.sizeBytes())) {
            try {
                fetch(object, fresh);
            } catch (WorkFailureException | IOException e) {
                span.fail(e);
                throw e;
            }
        }
        return new Obtained(fresh, true);
    }

    /** The file of an earlier run, if there was one and it is intact: it is one of the cache's files then. A damaged one is deleted. */
    private @Nullable String verifiedLeftover(CachedObject object) {
        String name = leftovers.get(object.contentId());
        if (name == null || !budget.pinCached(name)) {
            return null;
        }
        boolean intact = false;
        try {
            intact = ObjectDownload.isIntact(folder.resolve(name), object);
        } catch (IOException e) {
            LOGGER.warn("{} of an earlier run cannot be read: {}", object.describe(), e.toString());
        } finally {
            budget.unpinCached(name);
        }
        if (intact) {
            files.put(object.contentId(), name);
            leftovers.remove(object.contentId(), name);
            return name;
        }
        LOGGER.warn("{} of an earlier run is damaged, it is fetched again", object.describe());
        budget.removeCached(name);
        evicted(name);
        return null;
    }

    private void fetch(CachedObject object, String name) throws WorkFailureException, IOException {
        boolean done = false;
        budget.admitCached(name, object.sizeBytes());
        try {
            download.fetch(object, folder.resolve(name));
            budget.writtenCached(name, object.sizeBytes());
            files.put(object.contentId(), name);
            done = true;
        } finally {
            if (done) {
                budget.unpinCached(name);
            } else {
                budget.removeCached(name);
            }
        }
    }

    private <T> T await(CompletableFuture<T> future, CacheUse use, String what) throws WorkFailureException {
        if (future.isDone() && !future.isCompletedExceptionally()) {
            return Objects.requireNonNull(future.join());
        }
        CompletableFuture<T> mine = future.copy();
        long waitMillis = Math.clamp(use.cancellation().remainingMillis(), 0, settings.downloadTimeoutMillis());
        try (AutoCloseable registration =
                use.cancellation().onCancel(() -> mine.completeExceptionally(new CancellationException()))) {
            return mine.get(waitMillis, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw failure(e.getCause(), what);
        } catch (CancellationException e) {
            throw new WorkFailureException(FailureClass.CANCELED, "canceled while waiting for " + what, e);
        } catch (TimeoutException e) {
            throw new WorkFailureException(
                    FailureClass.DEADLINE_EXCEEDED,
                    "waited " + waitMillis + " ms for " + what + " without getting it",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new WorkFailureException(FailureClass.CANCELED, "interrupted while waiting for " + what, e);
        } catch (Exception e) {
            throw failure(e, what);
        }
    }

    private static WorkFailureException failure(@Nullable Throwable cause, String what) {
        if (cause instanceof WorkFailureException known) {
            // A new exception, since several threads may wait for the same failure.
            return new WorkFailureException(known.failureClass(), String.valueOf(known.getMessage()), known);
        }
        if (cause instanceof CancellationException) {
            return new WorkFailureException(FailureClass.CANCELED, "canceled while waiting for " + what, cause);
        }
        return cause == null
                ? new WorkFailureException(FailureClass.INTERNAL, "getting " + what + " failed")
                : new WorkFailureException(FailureClass.INTERNAL, "getting " + what + " failed: " + cause, cause);
    }

    private static WorkFailureException missing(CachedObject object, Exception cause) {
        return new WorkFailureException(FailureClass.MISSING_OBJECT, object.describe() + " is not there", cause);
    }

    private static WorkFailureException corrupt(CachedObject object, Exception cause) {
        return new WorkFailureException(
                FailureClass.CORRUPT_OBJECT,
                object.describe() + " is not what was written: " + cause.getMessage(),
                cause);
    }

    private static WorkFailureException failed(CachedObject object, IOException cause) {
        return ObjectDownload.failure(object, cause);
    }

    /** Stops waiting for downloads; files stay. */
    @Override
    public void close() {
        threads.shutdownNow();
    }
}
