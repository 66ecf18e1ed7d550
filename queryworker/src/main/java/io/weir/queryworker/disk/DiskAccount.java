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
    record Eviction(Kind kind, String id, long sizeBytes, boolean lost) {}

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
        boolean acknowledged;
        long expiresAtMillis = Long.MAX_VALUE;

        Entry(Kind kind, String id, long sizeBytes) {
            this.kind = kind;
            this.id = id;
            this.sizeBytes = sizeBytes;
        }
    }

    private final DiskLimits limits;
    /** In order of last use. */
    private final Map<String, Entry> cache = new LinkedHashMap<>();
    /** In order of publication. */
    private final Map<String, Entry> artifacts = new LinkedHashMap<>();

    private long cacheBytes;
    private long artifactBytes;

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

    /**
     * Adds an entry, pinned once, and says what has to go for it.
     *
     * @throws IllegalStateException if the entry is there already
     */
    Admission admit(Kind kind, String id, long sizeBytes, long nowMillis) {
        if (sizeBytes < 0) {
            throw new IllegalArgumentException("negative size " + sizeBytes);
        }
        if (entries(kind).containsKey(id)) {
            throw new IllegalStateException(kind + " " + id + " is in the books already");
        }
        List<Entry> victims = new ArrayList<>();
        boolean fits = switch (kind) {
            case CACHE -> makeRoomForCache(sizeBytes, nowMillis, victims);
            case ARTIFACT -> makeRoomForArtifact(sizeBytes, nowMillis, victims);
        };
        if (!fits) {
            return new Admission.Refused(
                    sizeBytes + " bytes do not fit: " + cacheBytes + " bytes of cached segments and "
                            + artifactBytes + " bytes of artifacts are kept of " + limits.totalBytesMax()
                            + " (high watermark " + limits.highWatermarkBytes() + ", artifact floor "
                            + limits.artifactFloorBytes()
                            + "); give the worker a larger disk budget");
        }
        List<Eviction> evictions = new ArrayList<>(victims.size());
        for (Entry victim : victims) {
            boolean lost = victim.kind == Kind.ARTIFACT && !victim.acknowledged && victim.expiresAtMillis > nowMillis;
            evictions.add(new Eviction(victim.kind, victim.id, victim.sizeBytes, lost));
            remove(victim.kind, victim.id);
        }
        Entry entry = new Entry(kind, id, sizeBytes);
        entry.pins = 1;
        entries(kind).put(id, entry);
        addBytes(kind, sizeBytes);
        return new Admission.Admitted(evictions);
    }

    private boolean makeRoomForCache(long sizeBytes, long nowMillis, List<Entry> victims) {
        long used = cacheBytes + artifactBytes;
        long cached = cacheBytes;
        long cacheHigh = limits.highWatermarkBytes() - limits.artifactFloorBytes();
        long cacheLow = limits.lowWatermarkBytes() - limits.artifactFloorBytes();
        if (used + sizeBytes <= limits.highWatermarkBytes() && cached + sizeBytes <= cacheHigh) {
            return true;
        }
        for (Entry entry : cache.values()) {
            if (used + sizeBytes <= limits.lowWatermarkBytes() && cached + sizeBytes <= cacheLow) {
                break;
            }
            if (entry.pins == 0) {
                victims.add(entry);
                used -= entry.sizeBytes;
                cached -= entry.sizeBytes;
            }
        }
        used = evictFinishedArtifacts(used, sizeBytes, nowMillis, victims);
        return used + sizeBytes <= limits.highWatermarkBytes() && cached + sizeBytes <= cacheHigh;
    }

    private boolean makeRoomForArtifact(long sizeBytes, long nowMillis, List<Entry> victims) {
        long used = cacheBytes + artifactBytes;
        if (used + sizeBytes <= limits.highWatermarkBytes()) {
            return true;
        }
        for (Entry entry : cache.values()) {
            if (used + sizeBytes <= limits.lowWatermarkBytes()) {
                break;
            }
            if (entry.pins == 0) {
                victims.add(entry);
                used -= entry.sizeBytes;
            }
        }
        used = evictFinishedArtifacts(used, sizeBytes, nowMillis, victims);
        for (Entry entry : artifacts.values()) {
            if (used + sizeBytes <= limits.highWatermarkBytes()) {
                break;
            }
            if (entry.pins == 0 && !entry.acknowledged && entry.expiresAtMillis > nowMillis) {
                victims.add(entry);
                used -= entry.sizeBytes;
            }
        }
        return used + sizeBytes <= limits.totalBytesMax();
    }

    /** Acknowledged ones first, then expired ones, down to the low watermark. */
    private long evictFinishedArtifacts(long usedBefore, long sizeBytes, long nowMillis, List<Entry> victims) {
        long used = usedBefore;
        for (boolean acknowledged : new boolean[] {true, false}) {
            for (Entry entry : artifacts.values()) {
                if (used + sizeBytes <= limits.lowWatermarkBytes()) {
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
        if (cacheBytes + artifactBytes + sizeBytes > limits.highWatermarkBytes()
                || cached > limits.highWatermarkBytes() - limits.artifactFloorBytes()) {
            return false;
        }
        entries(kind).put(id, new Entry(kind, id, sizeBytes));
        addBytes(kind, sizeBytes);
        return true;
    }

    /** The entry's true size is known now. */
    void resize(Kind kind, String id, long sizeBytes) {
        Entry entry = entries(kind).get(id);
        if (entry != null) {
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
        resize(Kind.ARTIFACT, id, sizeBytes);
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
        addBytes(kind, -entry.sizeBytes);
        return true;
    }

    private void addBytes(Kind kind, long bytes) {
        switch (kind) {
            case CACHE -> cacheBytes += bytes;
            case ARTIFACT -> artifactBytes += bytes;
        }
    }

    /** Pins of an entry, or -1 if it is not there; for tests. */
    int pins(Kind kind, String id) {
        Entry entry = entries(kind).get(id);
        return entry == null ? -1 : entry.pins;
    }
}
