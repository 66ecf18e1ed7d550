package io.weir.ingest.compaction;

import io.weir.ingest.flush.TemporaryFolders;
import io.weir.ingest.flush.UploadNote;
import io.weir.ingest.retention.GarbageCollector;
import io.weir.lake.catalog.CompactionGroup;
import io.weir.lake.catalog.IngestCatalog;
import io.weir.lake.catalog.Job;
import io.weir.lake.catalog.NewSegment;
import io.weir.lake.segment.SegmentFiles;
import io.weir.lake.segment.SegmentIds;
import io.weir.lake.segment.SegmentInput;
import io.weir.lake.segment.SegmentMerger;
import io.weir.lake.segment.SegmentMeta;
import io.weir.lake.segment.SegmentSettings;
import io.weir.lake.segment.WrittenSegment;
import io.weir.lake.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Merges small segments: plans jobs on the work queue, runs them one at a time, and deletes replaced objects after a grace period.
 * Any number of processes may run one; the queue and the catalog's atomic replacement keep them apart.
 *
 * <p>Of two values of one timestamp the one in the segment with the greater id wins, before and after a merge. Therefore a merge
 * takes segments that are neighbours in id order, the oldest of their level first, and one day has one job at a time.
 */
public final class Compactor implements AutoCloseable {
    /** Kind of the jobs. */
    public static final String KIND = "compact";

    private static final Logger LOG = LoggerFactory.getLogger(Compactor.class);

    private final CompactionSettings settings;
    private final SegmentSettings segmentSettings;
    private final IngestCatalog catalog;
    private final ObjectStore store;
    private final Path folder;
    private final Path noteFile;
    private final String owner;
    private final LongSupplier random;
    private final CompactionObserver observer;
    private final GarbageCollector garbage;
    private final Thread thread;
    private volatile boolean closed;

    /**
     * @param folder for downloaded and merged files, private to this compactor
     * @param owner names this process on the queue
     */
    public Compactor(
            CompactionSettings settings,
            SegmentSettings segmentSettings,
            IngestCatalog catalog,
            ObjectStore store,
            Path folder,
            String owner,
            LongSupplier random,
            CompactionObserver observer) {
        this.settings = settings;
        this.segmentSettings = segmentSettings;
        this.catalog = catalog;
        this.store = store;
        this.folder = folder.resolve("segments");
        noteFile = folder.resolve("uploading");
        this.owner = owner;
        this.random = random;
        this.observer = observer;
        garbage = new GarbageCollector(catalog, store, settings.graceMillis(), settings.garbageMax());
        thread = Thread.ofPlatform().name("weir-ingest-compact").daemon(true).unstarted(this::run);
    }

    public void start() {
        thread.start();
    }

    private void run() {
        try {
            while (!closed) {
                Thread.sleep(settings.intervalMillis());
                try {
                    plan();
                    boolean more = true;
                    while (more && !closed) {
                        more = runOne();
                    }
                    collectGarbage();
                } catch (IOException | RuntimeException e) {
                    LOG.warn("compaction pauses: {}", e.toString());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Puts a job on the queue for each group that is worth one; returns how many were new. */
    public int plan() {
        int added = 0;
        for (CompactionGroup group : catalog.compactionGroups(settings.segmentsMin(), settings.groupsMax())) {
            if (catalog.enqueue(
                    KIND, group.tenant(), Long.toString(group.dayStartMillis()), Integer.toString(group.level()))) {
                added++;
            }
        }
        return added;
    }

    /**
     * Runs the next job of the queue; false if there is none.
     *
     * @throws IOException if the local folder cannot be used
     */
    public boolean runOne() throws IOException {
        Optional<Job> claimed = catalog.claim(KIND, owner, settings.leaseMillis());
        if (claimed.isEmpty()) {
            return false;
        }
        Job job = claimed.get();
        long startNanos = System.nanoTime();
        try (LeaseKeeper ignored = new LeaseKeeper(catalog, job, settings.leaseMillis())) {
            int merged = compact(job);
            catalog.complete(job);
            observer.compacted(merged, System.nanoTime() - startNanos, true);
        } catch (IOException | RuntimeException e) {
            LOG.warn("compaction of tenant {} day {} failed, attempt {}", job.tenant(), job.key(), job.attempt(), e);
            observer.compacted(0, System.nanoTime() - startNanos, false);
            catalog.fail(job, String.valueOf(e));
        } finally {
            TemporaryFolders.empty(folder);
        }
        return true;
    }

    private int compact(Job job) throws IOException {
        long day = Long.parseLong(job.key());
        int level = Integer.parseInt(job.payload());
        List<SegmentMeta> run =
                choose(catalog.compactionCandidates(job.tenant(), day, level, settings.candidatesMax()));
        if (run.size() < 2) {
            return 0;
        }
        deleteOrphans();
        List<SegmentInput> inputs = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        for (SegmentMeta meta : run) {
            inputs.add(new SegmentInput(meta.id(), local(meta)));
            ids.add(meta.id());
        }
        requireLease(job);
        String id = SegmentIds.mergedId(ids, random.getAsLong());
        SegmentFiles output =
                new SegmentFiles(folder.resolve(id + ".blocks.parquet"), folder.resolve(id + ".series.parquet"));
        WrittenSegment written = new SegmentMerger().merge(inputs, output, segmentSettings);
        SegmentMeta merged = written.toMeta(job.tenant(), id, level + 1);
        requireLease(job);
        new UploadNote(
                        String.join(" ", job.tenant(), job.key(), Integer.toString(merged.level()), id),
                        List.of(merged.blocksKey(), merged.seriesKey()))
                .write(noteFile);
        store.put(merged.blocksKey(), written.files().blocks());
        store.put(merged.seriesKey(), written.files().series());
        if (!catalog.replace(job.tenant(), ids, List.of(new NewSegment(merged, written.fingerprints())))) {
            deleteOrphans();
            return 0;
        }
        Files.deleteIfExists(noteFile);
        return run.size();
    }

    /** Deletes the objects of a merge that was not committed, because of a crash or because another process was faster. */
    private void deleteOrphans() throws IOException {
        TemporaryFolders.empty(folder);
        UploadNote note = UploadNote.read(noteFile).orElse(null);
        if (note == null) {
            return;
        }
        // Tenant, day, level, id. The answer to a replacement may have been lost: then the catalog knows the segment.
        String[] purpose = note.purpose().split(" ", -1);
        boolean known = catalog
                .compactionCandidates(
                        purpose[0], Long.parseLong(purpose[1]), Integer.parseInt(purpose[2]), settings.candidatesMax())
                .stream()
                .anyMatch(meta -> meta.id().equals(purpose[3]));
        if (!known) {
            for (String key : note.keys()) {
                store.delete(key);
            }
        }
        Files.deleteIfExists(noteFile);
    }

    private void requireLease(Job job) throws IOException {
        if (!catalog.renew(job, settings.leaseMillis())) {
            throw new IOException("another process has taken over the job; nothing is changed");
        }
    }

    private SegmentFiles local(SegmentMeta meta) throws IOException {
        return new SegmentFiles(
                local(meta.blocksKey(), meta.id() + ".in.blocks"), local(meta.seriesKey(), meta.id() + ".in.series"));
    }

    private Path local(String key, String name) throws IOException {
        Optional<Path> there = store.localFile(key);
        if (there.isPresent()) {
            return there.get();
        }
        Path file = folder.resolve(name);
        store.get(key, file);
        return file;
    }

    /** The oldest neighbours, by id, that fit the limits and are at least two. */
    List<SegmentMeta> choose(List<SegmentMeta> candidates) {
        List<SegmentMeta> sorted = candidates.stream()
                .sorted(Comparator.comparing(SegmentMeta::id))
                .toList();
        List<SegmentMeta> run = new ArrayList<>();
        long bytes = 0;
        for (SegmentMeta meta : sorted) {
            long size = meta.blocksSizeBytes() + meta.seriesSizeBytes();
            boolean fits = size < settings.segmentBytesMax() && bytes + size <= settings.inputBytesMax();
            if (fits && run.size() < settings.segmentsMax()) {
                run.add(meta);
                bytes += size;
            } else if (run.size() >= 2) {
                break;
            } else {
                run.clear();
                bytes = 0;
                if (size < settings.segmentBytesMax() && size <= settings.inputBytesMax()) {
                    run.add(meta);
                    bytes = size;
                }
            }
        }
        return run;
    }

    /** Deletes objects of segments that were replaced long enough ago; returns how many segments are gone. */
    public int collectGarbage() throws IOException {
        return garbage.collect();
    }

    /** Stops; a job that is running is left to its lease. */
    public void close(long timeoutMillis) throws InterruptedException {
        closed = true;
        thread.interrupt();
        thread.join(timeoutMillis);
    }

    @Override
    public void close() {
        try {
            close(settings.leaseMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
