package io.weir.precompute.source.lake;

import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The granules kept between ticks, by subject, within a bound of bytes: the subject that was not used for longest goes first. Thread-safe.
 */
final class GranuleStore {
    private final long bytesMax;
    private final ReentrantLock lock = new ReentrantLock();
    /** Least recently used first. */
    private final LinkedHashMap<SketchSubject, Kept> bySubject = new LinkedHashMap<>(16, 0.75f, true);

    private final Map<String, SketchSubject> subjectByJob = new HashMap<>();
    private long bytes;
    private long evictions;

    /** What is kept of one subject. */
    private static final class Kept {
        /** Held while somebody reads what is missing: another job of the subject finds it then. */
        private final ReentrantLock reading = new ReentrantLock(true);
        /** How far back each job's window reaches, in ms. */
        private final Map<String, Long> windowMillisByJob = new HashMap<>();
        /** By end. */
        private TreeMap<Long, GranuleSketches> granules = new TreeMap<>();

        private final Map<GranuleBlocks.Id, GranuleBlocks.Block> blocks = new HashMap<>();

        private long bytes;
        /** Its granules do not fit: windows are read whole. */
        private boolean isTooLarge;
    }

    GranuleStore(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /** A job uses a subject from now on; the lock is to be held while it reads. */
    ReentrantLock use(String jobId, SketchSubject subject, long windowMillis) {
        lock.lock();
        try {
            SketchSubject before = subjectByJob.put(jobId, subject);
            if (before != null && !before.equals(subject)) {
                leave(jobId, before);
            }
            Kept kept = bySubject.computeIfAbsent(subject, unknown -> new Kept());
            kept.windowMillisByJob.put(jobId, windowMillis);
            return kept.reading;
        } finally {
            lock.unlock();
        }
    }

    /** Whether granules are worth keeping: they fit, as far as known. */
    boolean keeps(SketchSubject subject) {
        lock.lock();
        try {
            Kept kept = bySubject.get(subject);
            return bytesMax > 0 && (kept == null || !kept.isTooLarge);
        } finally {
            lock.unlock();
        }
    }

    /** The granule that ends then, as it was read last. */
    Optional<GranuleSketches> get(SketchSubject subject, long endMillis) {
        lock.lock();
        try {
            Kept kept = bySubject.get(subject);
            return kept == null ? Optional.empty() : Optional.ofNullable(kept.granules.get(endMillis));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Keeps the granules of a window; what no window of the subject's jobs can need any more goes.
     *
     * @param granules by end
     */
    void put(SketchSubject subject, Map<Long, GranuleSketches> granules, long toMillis) {
        lock.lock();
        try {
            Kept kept = bySubject.get(subject);
            if (kept == null) {
                // The last job that used it ended meanwhile.
                return;
            }
            long reachMillis = kept.windowMillisByJob.values().stream()
                    .mapToLong(Long::longValue)
                    .max()
                    .orElse(0);
            TreeMap<Long, GranuleSketches> all = new TreeMap<>(kept.granules.tailMap(toMillis - reachMillis, false));
            all.putAll(granules);
            kept.granules = all;
            kept.blocks.keySet().removeIf(id -> id.endMillis() <= toMillis - reachMillis);
            resize(subject, kept);
        } finally {
            lock.unlock();
        }
    }

    /** The block, as it was made last; its granules may have changed since. */
    Optional<GranuleBlocks.Block> block(SketchSubject subject, GranuleBlocks.Id id) {
        lock.lock();
        try {
            Kept kept = bySubject.get(subject);
            return kept == null ? Optional.empty() : Optional.ofNullable(kept.blocks.get(id));
        } finally {
            lock.unlock();
        }
    }

    /** Keeps blocks beside the granules they are of, if there is room for both. */
    void putBlocks(SketchSubject subject, Map<GranuleBlocks.Id, GranuleBlocks.Block> blocks) {
        lock.lock();
        try {
            Kept kept = bySubject.get(subject);
            if (kept != null && !kept.granules.isEmpty()) {
                kept.blocks.putAll(blocks);
                resize(subject, kept);
            }
        } finally {
            lock.unlock();
        }
    }

    private void resize(SketchSubject subject, Kept kept) {
        long granuleBytes = kept.granules.values().stream()
                .mapToLong(GranuleSketches::bytes)
                .sum();
        long blockBytes = kept.blocks.values().stream()
                .mapToLong(GranuleBlocks.Block::bytes)
                .sum();
        if (granuleBytes > bytesMax) {
            markTooLarge(kept);
            return;
        }
        if (granuleBytes + blockBytes > bytesMax) {
            kept.blocks.clear();
            blockBytes = 0;
        }
        bytes += granuleBytes + blockBytes - kept.bytes;
        kept.bytes = granuleBytes + blockBytes;
        makeRoom(subject);
    }

    /** The granules of a subject do not fit: its windows are read whole from now on. */
    void tooLarge(SketchSubject subject) {
        lock.lock();
        try {
            Kept kept = bySubject.get(subject);
            if (kept != null) {
                markTooLarge(kept);
            }
        } finally {
            lock.unlock();
        }
    }

    private void markTooLarge(Kept kept) {
        kept.isTooLarge = true;
        evict(kept);
    }

    private void makeRoom(SketchSubject newest) {
        Iterator<Map.Entry<SketchSubject, Kept>> oldest = bySubject.entrySet().iterator();
        while (bytes > bytesMax && oldest.hasNext()) {
            Map.Entry<SketchSubject, Kept> entry = oldest.next();
            if (!entry.getKey().equals(newest)) {
                evict(entry.getValue());
            }
        }
    }

    private void evict(Kept kept) {
        evictions += kept.granules.size();
        bytes -= kept.bytes;
        kept.bytes = 0;
        kept.granules = new TreeMap<>();
        kept.blocks.clear();
    }

    /** A job ended; what only it used goes. */
    void forget(String jobId) {
        lock.lock();
        try {
            SketchSubject subject = subjectByJob.remove(jobId);
            if (subject != null) {
                leave(jobId, subject);
            }
        } finally {
            lock.unlock();
        }
    }

    private void leave(String jobId, SketchSubject subject) {
        Kept kept = bySubject.get(subject);
        if (kept != null) {
            kept.windowMillisByJob.remove(jobId);
            if (kept.windowMillisByJob.isEmpty()) {
                bytes -= kept.bytes;
                bySubject.remove(subject);
            }
        }
    }

    /** Heap bytes of all granules, estimated. */
    long bytes() {
        lock.lock();
        try {
            return bytes;
        } finally {
            lock.unlock();
        }
    }

    /** Granules that were dropped because there was no room for them. */
    long evictions() {
        lock.lock();
        try {
            return evictions;
        } finally {
            lock.unlock();
        }
    }
}
