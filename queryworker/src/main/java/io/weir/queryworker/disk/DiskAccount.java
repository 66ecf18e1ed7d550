package io.weir.queryworker.disk;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The books of a worker's disk: what lies there, what of it is in use, and what has to go so that something else fits. Pure; evictions are
 * returned, the caller deletes the files.
 *
 * <p>Order of eviction: cached segments (least recently used first), acknowledged artifacts, expired artifacts, and, only for a new artifact and only as
 * far as the high watermark demands, the oldest artifacts that nobody has fetched. What is pinned stays.
 *
 * <p>The file system may have less room than the budget: then every limit shrinks to what is really there, less what is left to others.
 */
final class DiskAccount {
    /** What an entry is. */
    enum Kind {
        CACHE,
        ARTIFACT
    }

    /**
     * An entry that has left the books; its file is to be deleted.
     *
     * @param lost whether it was an artifact that was neither acknowledged nor expired, so that its work has to run again
     */
    record Eviction(Kind kind, String id, long sizeBytes, boolean acknowledged, boolean lost) {}

    /** Answer to a request for room. */
    sealed interface Admission {
        /** The entry is in the books, pinned. */
        record Admitted(List<Eviction> evictions) implements Admission {}

        /** Nothing has changed. */
        record Refused(String reason) implements Admission {}
    }

    private static final class Entry {
        final Kind kind;
        final String id;
        long sizeBytes;
        int pins;
        /** Its bytes are promised but may not be on the disk yet. */
        boolean writing;

        boolean acknowledged;
        long expiresAtMillis = Long.MAX_VALUE;

        Entry(Kind kind, String id, long sizeBytes) {
            this.kind = kind;
            this.id = id;
            this.sizeBytes = sizeBytes;
        }
    }

    /** The limits at a moment: the configured ones, or less if the file system has less. */
    private record Bounds(long total, long high, long low, long cacheHigh, long cacheLow) {}

    /** More than any disk has; small enough to add to. */
    private static final long UNBOUNDED_BYTES = Long.MAX_VALUE / 4;

    private final DiskLimits limits;
    /** In order of last use. */
    private final Map<String, Entry> cache = new LinkedHashMap<>();
    /** In order of publication. */
    private final Map<String, Entry> artifacts = new LinkedHashMap<>();

    private long cacheBytes;
    private long artifactBytes;
    private long writingBytes;

    DiskAccount(DiskLimits limits) {
        this.limits = limits;
    }

    long cacheBytes() {
        return cacheBytes;
    }

    long artifactBytes() {
        return artifactBytes;
    }

    private Map<String, Entry> entries(Kind kind) {
        return switch (kind) {
            case CACHE -> cache;
            case ARTIFACT -> artifacts;
        };
    }

    private Bounds bounds(long usableBytes) {
        // What is being written is promised and, to be safe, counted as not written at all.
        long possible = cacheBytes
                + artifactBytes
                + Math.min(usableBytes, UNBOUNDED_BYTES)
                - writingBytes
                - limits.fileSystemFreeBytesMin();
        long total = Math.clamp(possible, 0, limits.totalBytesMax());
        long high = Math.min(limits.high(), total);
        long low = Math.min(limits.low(), total);
        // The floor shrinks in proportion: on a file system smaller than the budget the cache would have no room at
        // all.
        long floor = (long) Math.ceil((double) limits.floor() * total / limits.totalBytesMax());
        return new Bounds(
                total,
                high,
                low,
                Math.max(0, Math.min(limits.high() - limits.floor(), high - floor)),
                Math.max(0, Math.min(limits.low() - limits.floor(), low - floor)));
    }

    /**
     * Adds an entry, pinned once, and says what has to go for it.
     *
     * @param usableBytes what the file system has left
     * @param mayLose whether artifacts that nobody has fetched may go for a new one
     * @throws IllegalStateException if the entry is there already
     */
    Admission admit(Kind kind, String id, long sizeBytes, long nowMillis, long usableBytes, boolean mayLose) {
        if (sizeBytes < 0) {
            throw new IllegalArgumentException("negative size " + sizeBytes);
        }
        if (entries(kind).containsKey(id)) {
            throw new IllegalStateException(kind + " " + id + " is in the books already");
        }
        Admission admission = makeRoom(kind, sizeBytes, nowMillis, usableBytes, mayLose);
        if (admission instanceof Admission.Admitted) {
            Entry entry = new Entry(kind, id, sizeBytes);
            entry.pins = 1;
            entry.writing = true;
            writingBytes += sizeBytes;
            entries(kind).put(id, entry);
            addBytes(kind, sizeBytes);
        }
        return admission;
    }

    /**
     * Gives an artifact that is being written more room, and says what has to go for it.
     *
     * @throws IllegalStateException if the artifact is not being written
     */
    Admission grow(String id, long sizeBytes, long nowMillis, long usableBytes, boolean mayLose) {
        Entry entry = artifacts.get(id);
        if (entry == null || !entry.writing) {
            throw new IllegalStateException("artifact " + id + " is not being written");
        }
        long more = sizeBytes - entry.sizeBytes;
        if (more <= 0) {
            return new Admission.Admitted(List.of());
        }
        Admission admission = makeRoom(Kind.ARTIFACT, more, nowMillis, usableBytes, mayLose);
        if (admission instanceof Admission.Admitted) {
            entry.sizeBytes += more;
            writingBytes += more;
            addBytes(Kind.ARTIFACT, more);
        }
        return admission;
    }

    /** What has to go so that others on the file system have their room again; nothing that costs work. */
    List<Eviction> relieve(long nowMillis, long usableBytes) {
        Bounds bounds = bounds(usableBytes);
        if (cacheBytes + artifactBytes <= bounds.total()) {
            return List.of();
        }
        List<Entry> victims = new ArrayList<>();
        long used = evictCache(bounds, 0, victims);
        evictFinishedArtifacts(bounds, used, 0, nowMillis, victims);
        return take(victims, nowMillis);
    }

    /** Bytes that an artifact could take now without the loss of another. */
    long artifactRoom(long nowMillis, long usableBytes) {
        long kept = cacheBytes + artifactBytes;
        for (Entry entry : cache.values()) {
            kept -= entry.pins == 0 ? entry.sizeBytes : 0;
        }
        for (Entry entry : artifacts.values()) {
            boolean finished = entry.acknowledged || entry.expiresAtMillis <= nowMillis;
            kept -= finished && entry.pins == 0 ? entry.sizeBytes : 0;
        }
        return Math.max(0, bounds(usableBytes).total() - kept);
    }

    private Admission makeRoom(Kind kind, long sizeBytes, long nowMillis, long usableBytes, boolean mayLose) {
        Bounds bounds = bounds(usableBytes);
        List<Entry> victims = new ArrayList<>();
        boolean fits = switch (kind) {
            case CACHE -> makeRoomForCache(bounds, sizeBytes, nowMillis, victims);
            case ARTIFACT -> makeRoomForArtifact(bounds, sizeBytes, nowMillis, mayLose, victims);
        };
        if (fits) {
            return new Admission.Admitted(take(victims, nowMillis));
        }
        return new Admission.Refused(sizeBytes + " bytes do not fit: " + cacheBytes + " bytes of cached segments and "
                + artifactBytes + " bytes of artifacts are kept of " + limits.totalBytesMax() + " (high watermark "
                + limits.high() + ", artifact floor " + limits.floor() + "); "
                + (bounds.total() < limits.totalBytesMax()
                        ? "the file system has " + usableBytes + " bytes left, " + limits.fileSystemFreeBytesMin()
                                + " of them for others (setting worker-disk-file-system-free-bytes-min): free the disk"
                        : "give the worker a larger disk budget (setting worker-disk-total-bytes-max)"));
    }

    private List<Eviction> take(List<Entry> victims, long nowMillis) {
        List<Eviction> evictions = new ArrayList<>(victims.size());
        for (Entry victim : victims) {
            boolean lost = victim.kind == Kind.ARTIFACT && !victim.acknowledged && victim.expiresAtMillis > nowMillis;
            evictions.add(new Eviction(victim.kind, victim.id, victim.sizeBytes, victim.acknowledged, lost));
            remove(victim.kind, victim.id);
        }
        return evictions;
    }

    private boolean makeRoomForCache(Bounds bounds, long sizeBytes, long nowMillis, List<Entry> victims) {
        long used = cacheBytes + artifactBytes;
        long cached = cacheBytes;
        if (used + sizeBytes <= bounds.high() && cached + sizeBytes <= bounds.cacheHigh()) {
            return true;
        }
        for (Entry entry : cache.values()) {
            if (used + sizeBytes <= bounds.low() && cached + sizeBytes <= bounds.cacheLow()) {
                break;
            }
            if (entry.pins == 0) {
                victims.add(entry);
                used -= entry.sizeBytes;
                cached -= entry.sizeBytes;
            }
        }
        used = evictFinishedArtifacts(bounds, used, sizeBytes, nowMillis, victims);
        return used + sizeBytes <= bounds.high() && cached + sizeBytes <= bounds.cacheHigh();
    }

    private boolean makeRoomForArtifact(
            Bounds bounds, long sizeBytes, long nowMillis, boolean mayLose, List<Entry> victims) {
        if (cacheBytes + artifactBytes + sizeBytes <= bounds.high()) {
            return true;
        }
        long used = evictCache(bounds, sizeBytes, victims);
        used = evictFinishedArtifacts(bounds, used, sizeBytes, nowMillis, victims);
        for (Entry entry : artifacts.values()) {
            if (!mayLose || used + sizeBytes <= bounds.high()) {
                break;
            }
            if (entry.pins == 0 && !entry.acknowledged && entry.expiresAtMillis > nowMillis) {
                victims.add(entry);
                used -= entry.sizeBytes;
            }
        }
        return used + sizeBytes <= (mayLose ? bounds.total() : bounds.high());
    }

    /** Least recently used first, down to the low watermark; bytes used afterwards. */
    private long evictCache(Bounds bounds, long sizeBytes, List<Entry> victims) {
        long used = cacheBytes + artifactBytes;
        for (Entry entry : cache.values()) {
            if (used + sizeBytes <= bounds.low()) {
                break;
            }
            if (entry.pins == 0) {
                victims.add(entry);
                used -= entry.sizeBytes;
            }
        }
        return used;
    }

    /** Acknowledged ones first, then expired ones, down to the low watermark. */
    private long evictFinishedArtifacts(
            Bounds bounds, long usedBefore, long sizeBytes, long nowMillis, List<Entry> victims) {
        long used = usedBefore;
        for (boolean acknowledged : new boolean[] {true, false}) {
            for (Entry entry : artifacts.values()) {
                if (used + sizeBytes <= bounds.low()) {
                    return used;
                }
                boolean wanted =
                        acknowledged == entry.acknowledged && (acknowledged || entry.expiresAtMillis <= nowMillis);
                if (wanted && entry.pins == 0) {
                    victims.add(entry);
                    used -= entry.sizeBytes;
                }
            }
        }
        return used;
    }

    /** Adds an entry that is on disk already (found at start), not pinned; false if it does not fit. */
    boolean adopt(Kind kind, String id, long sizeBytes) {
        long cached = kind == Kind.CACHE ? cacheBytes + sizeBytes : cacheBytes;
        if (cacheBytes + artifactBytes + sizeBytes > limits.high() || cached > limits.high() - limits.floor()) {
            return false;
        }
        entries(kind).put(id, new Entry(kind, id, sizeBytes));
        addBytes(kind, sizeBytes);
        return true;
    }

    /** The entry's bytes are on the disk; its size is what they are. */
    void written(Kind kind, String id, long sizeBytes) {
        Entry entry = entries(kind).get(id);
        if (entry != null) {
            writingBytes -= entry.writing ? entry.sizeBytes : 0;
            entry.writing = false;
            addBytes(kind, sizeBytes - entry.sizeBytes);
            entry.sizeBytes = sizeBytes;
        }
    }

    /** Protects an entry and makes it the most recently used; false if it is not there. */
    boolean pin(Kind kind, String id) {
        Entry entry = entries(kind).get(id);
        if (entry == null) {
            return false;
        }
        entry.pins++;
        if (kind == Kind.CACHE) {
            cache.remove(id);
            cache.put(id, entry);
        }
        return true;
    }

    void unpin(Kind kind, String id) {
        Entry entry = entries(kind).get(id);
        if (entry != null) {
            if (entry.pins == 0) {
                throw new IllegalStateException(kind + " " + id + " is not pinned");
            }
            entry.pins--;
        }
    }

    /** An artifact is complete: it is the youngest, no longer pinned by its writer, and expires then. */
    void publish(String id, long sizeBytes, long expiresAtMillis) {
        Entry entry = artifacts.remove(id);
        if (entry == null) {
            throw new IllegalStateException("artifact " + id + " was not reserved");
        }
        artifacts.put(id, entry);
        written(Kind.ARTIFACT, id, sizeBytes);
        entry.expiresAtMillis = expiresAtMillis;
        unpin(Kind.ARTIFACT, id);
    }

    void acknowledge(String id) {
        Entry entry = artifacts.get(id);
        if (entry != null) {
            entry.acknowledged = true;
        }
    }

    /** Takes an entry out; false if it is not there. */
    boolean remove(Kind kind, String id) {
        Entry entry = entries(kind).remove(id);
        if (entry == null) {
            return false;
        }
        writingBytes -= entry.writing ? entry.sizeBytes : 0;
        addBytes(kind, -entry.sizeBytes);
        return true;
    }

    private void addBytes(Kind kind, long bytes) {
        switch (kind) {
            case CACHE -> cacheBytes += bytes;
            case ARTIFACT -> artifactBytes += bytes;
        }
    }

    /** Pins of an entry, or -1 if it is not there. */
    int pins(Kind kind, String id) {
        Entry entry = entries(kind).get(id);
        return entry == null ? -1 : entry.pins;
    }
}
