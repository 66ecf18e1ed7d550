package io.weir.queryworker.disk;

import io.weir.queryworker.disk.DiskAccount.Admission;
import io.weir.queryworker.disk.DiskAccount.Eviction;
import io.weir.queryworker.disk.DiskAccount.Kind;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * The one disk budget that the artifact spool and the segment cache share. Thread-safe.
 *
 * <p>Whoever asks for room gets it after the evicted files are deleted. Files whose entry is pinned, or being written, are never evicted.
 */
public final class DiskBudget {
    /** Deletes the file of an evicted entry. Called on the thread that asked for room, without any lock of the budget. */
    public interface CacheEvictor {
        void evictCached(String id);
    }

    /** Deletes the file of an evicted artifact. Called on the thread that asked for room, without any lock of the budget. */
    public interface ArtifactEvictor {
        /** Called once per artifact; {@code lost} if its work has to run again. */
        void evictArtifact(String id, boolean lost);
    }

    private final DiskLimits limits;
    private final DiskAccount account;
    private final LongSupplier clockMillis;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile CacheEvictor cacheEvictor = id -> {
        throw new IllegalStateException("no cache evictor set, cannot evict " + id);
    };
    private volatile ArtifactEvictor artifactEvictor = (id, lost) -> {
        throw new IllegalStateException("no artifact evictor set, cannot evict " + id);
    };

    public DiskBudget(DiskLimits limits, LongSupplier clockMillis) {
        this.limits = limits;
        this.account = new DiskAccount(limits);
        this.clockMillis = clockMillis;
    }

    public void setCacheEvictor(CacheEvictor evictor) {
        cacheEvictor = evictor;
    }

    public void setArtifactEvictor(ArtifactEvictor evictor) {
        artifactEvictor = evictor;
    }

    /** Makes room for a segment file and enters it, pinned once. */
    public void admitCached(String id, long sizeBytes) throws DiskFullException {
        admit(Kind.CACHE, id, sizeBytes);
    }

    /** Makes room for an artifact of about this size and enters it, pinned until {@link #publishArtifact}. */
    public void admitArtifact(String id, long sizeBytes) throws DiskFullException {
        admit(Kind.ARTIFACT, id, sizeBytes);
    }

    private void admit(Kind kind, String id, long sizeBytes) throws DiskFullException {
        Admission admission;
        lock.lock();
        try {
            admission = account.admit(kind, id, sizeBytes, clockMillis.getAsLong());
        } finally {
            lock.unlock();
        }
        List<Eviction> evictions = switch (admission) {
            case Admission.Refused refused -> throw new DiskFullException(refused.reason());
            case Admission.Admitted admitted -> admitted.evictions();
        };
        for (Eviction eviction : evictions) {
            switch (eviction.kind()) {
                case CACHE -> cacheEvictor.evictCached(eviction.id());
                case ARTIFACT -> artifactEvictor.evictArtifact(eviction.id(), eviction.lost());
            }
        }
    }

    /** Enters a file of an earlier run, unpinned; false if it does not fit and has to be deleted. Call in order of last use. */
    public boolean adoptCached(String id, long sizeBytes) {
        lock.lock();
        try {
            return account.adopt(Kind.CACHE, id, sizeBytes);
        } finally {
            lock.unlock();
        }
    }

    /** Protects a cached file from eviction; false if it is not there (any more). */
    public boolean pinCached(String id) {
        lock.lock();
        try {
            return account.pin(Kind.CACHE, id);
        } finally {
            lock.unlock();
        }
    }

    public void unpinCached(String id) {
        lock.lock();
        try {
            account.unpin(Kind.CACHE, id);
        } finally {
            lock.unlock();
        }
    }

    /** The file is gone or will be deleted by the caller. */
    public void removeCached(String id) {
        lock.lock();
        try {
            account.remove(Kind.CACHE, id);
        } finally {
            lock.unlock();
        }
    }

    /** Protects an artifact from eviction while it is sent; false if it is not there (any more). */
    public boolean pinArtifact(String id) {
        lock.lock();
        try {
            return account.pin(Kind.ARTIFACT, id);
        } finally {
            lock.unlock();
        }
    }

    public void unpinArtifact(String id) {
        lock.lock();
        try {
            account.unpin(Kind.ARTIFACT, id);
        } finally {
            lock.unlock();
        }
    }

    /** The artifact is written; from now on it may be evicted. */
    public void publishArtifact(String id, long sizeBytes, long expiresAtMillis) {
        lock.lock();
        try {
            account.publish(id, sizeBytes, expiresAtMillis);
        } finally {
            lock.unlock();
        }
    }

    public void acknowledgeArtifact(String id) {
        lock.lock();
        try {
            account.acknowledge(id);
        } finally {
            lock.unlock();
        }
    }

    /** The artifact is gone or will be deleted by the caller. */
    public void removeArtifact(String id) {
        lock.lock();
        try {
            account.remove(Kind.ARTIFACT, id);
        } finally {
            lock.unlock();
        }
    }

    public long cacheBytes() {
        lock.lock();
        try {
            return account.cacheBytes();
        } finally {
            lock.unlock();
        }
    }

    public long artifactBytes() {
        lock.lock();
        try {
            return account.artifactBytes();
        } finally {
            lock.unlock();
        }
    }

    public long freeBytes() {
        lock.lock();
        try {
            return limits.totalBytesMax() - account.cacheBytes() - account.artifactBytes();
        } finally {
            lock.unlock();
        }
    }
}
