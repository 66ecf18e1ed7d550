package io.weir.queryworker.disk;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.queryworker.disk.DiskAccount.Admission;
import io.weir.queryworker.disk.DiskAccount.Eviction;
import io.weir.queryworker.disk.DiskAccount.Kind;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The one disk budget that the artifact spool and the segment cache share. Thread-safe.
 *
 * <p>Whoever asks for room gets it after the evicted files are deleted; who finds none waits a while for pins and acknowledgements. Files whose entry
 * is pinned, or being written, are never evicted.
 */
public final class DiskBudget {
    /*
     * Implementation notes. Two locks: the books', held for moments, and the turn, held by one request for room at a time until the files it
     * evicts are deleted, so that the next request counts on no bytes that are still there. Evictors are called with the turn and without the books'
     * lock; they may use the books but must not ask for room.
     */
    private static final long LOOK_AGAIN_MILLIS = 50;

    /** Deletes the file of an evicted entry. Must not ask the budget for room. */
    public interface CacheEvictor {
        void evictCached(String id);
    }

    /** Deletes the file of an evicted artifact. Must not ask the budget for room. */
    public interface ArtifactEvictor {
        /** Called once per artifact; {@code lost} if its work has to run again. */
        void evictArtifact(String id, boolean lost);
    }

    private final DiskLimits limits;
    private final DiskAccount account;
    private final LongSupplier clockMillis;
    private final LongSupplier usableBytes;
    private final Counter cachedEvictions;
    private final Counter acknowledgedEvictions;
    private final Counter expiredEvictions;
    private final Counter unacknowledgedEvictions;
    private final Counter refusals;
    private final ReentrantLock turn = new ReentrantLock(true);
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition freed = lock.newCondition();
    private volatile CacheEvictor cacheEvictor = id -> {
        throw new IllegalStateException("no cache evictor set, cannot evict " + id);
    };
    private volatile ArtifactEvictor artifactEvictor = (id, lost) -> {
        throw new IllegalStateException("no artifact evictor set, cannot evict " + id);
    };

    /** @param usableBytes what the file system has left; asked for each request for room */
    public DiskBudget(DiskLimits limits, LongSupplier clockMillis, LongSupplier usableBytes, MeterRegistry registry) {
        this.limits = limits;
        this.account = new DiskAccount(limits);
        this.clockMillis = clockMillis;
        this.usableBytes = usableBytes;
        this.cachedEvictions = evictions(registry, "segment");
        this.acknowledgedEvictions = evictions(registry, "acknowledged");
        this.expiredEvictions = evictions(registry, "expired");
        this.unacknowledgedEvictions = evictions(registry, "unacknowledged");
        this.refusals = Counter.builder("weir_disk_refusals_total")
                .description("Requests for room on the disk that were refused")
                .register(registry);
    }

    private static Counter evictions(MeterRegistry registry, String kind) {
        return Counter.builder("weir_disk_evictions_total")
                .description("Files deleted to make room: cached segments, and artifacts by what had become of them")
                .tag("kind", kind)
                .register(registry);
    }

    public void setCacheEvictor(CacheEvictor evictor) {
        cacheEvictor = evictor;
    }

    public void setArtifactEvictor(ArtifactEvictor evictor) {
        artifactEvictor = evictor;
    }

    /**
     * Makes room for a segment file and enters it, pinned once, until {@link #writtenCached} counted as not on the disk.
     *
     * @throws DiskFullException if none was found in the time that the limits give
     */
    public void admitCached(String id, long sizeBytes) throws DiskFullException {
        try {
            admit(() -> account.admit(Kind.CACHE, id, sizeBytes, now(), usable(), false), () -> false);
        } catch (DiskFullException full) {
            refusals.increment();
            throw full;
        }
    }

    /**
     * Makes room for an artifact and enters it, pinned until {@link #publishArtifact}.
     *
     * @param givenUp ends the wait for room
     * @throws DiskFullException if none was found in the time that the limits give
     */
    public void admitArtifact(String id, long sizeBytes, BooleanSupplier givenUp) throws DiskFullException {
        admitOrLose(mayLose -> account.admit(Kind.ARTIFACT, id, sizeBytes, now(), usable(), mayLose), givenUp);
    }

    /**
     * Makes room for an artifact to grow while it is written.
     *
     * @param givenUp ends the wait for room
     * @throws DiskFullException if none was found in the time that the limits give
     */
    public void growArtifact(String id, long sizeBytes, BooleanSupplier givenUp) throws DiskFullException {
        admitOrLose(mayLose -> account.grow(id, sizeBytes, now(), usable(), mayLose), givenUp);
    }

    private interface Losing {
        Admission apply(boolean mayLose);
    }

    /** Waits for fetches and acknowledgements before it takes artifacts that nobody has fetched: each of those costs an execution. */
    private void admitOrLose(Losing request, BooleanSupplier givenUp) throws DiskFullException {
        try {
            admit(() -> request.apply(false), givenUp);
        } catch (DiskFullException withoutLoss) {
            try {
                settle(() -> request.apply(true));
            } catch (DiskFullException full) {
                refusals.increment();
                throw full;
            }
        }
    }

    private void admit(Supplier<Admission> request, BooleanSupplier givenUp) throws DiskFullException {
        long dueNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(limits.roomWaitMillisMax());
        while (true) {
            try {
                settle(request);
                return;
            } catch (DiskFullException full) {
                if (givenUp.getAsBoolean() || !awaitFreed(dueNanos)) {
                    throw full;
                }
            }
        }
    }

    private void settle(Supplier<Admission> request) throws DiskFullException {
        turn.lock();
        try {
            evict(
                    switch (inBooks(request)) {
                        case Admission.Refused refused -> throw new DiskFullException(refused.reason());
                        case Admission.Admitted admitted -> admitted.evictions();
                    });
        } finally {
            turn.unlock();
        }
    }

    private void evict(List<Eviction> evictions) {
        for (Eviction eviction : evictions) {
            switch (eviction.kind()) {
                case CACHE -> {
                    cachedEvictions.increment();
                    cacheEvictor.evictCached(eviction.id());
                }
                case ARTIFACT -> {
                    (eviction.lost()
                                    ? unacknowledgedEvictions
                                    : eviction.acknowledged() ? acknowledgedEvictions : expiredEvictions)
                            .increment();
                    artifactEvictor.evictArtifact(eviction.id(), eviction.lost());
                }
            }
        }
    }

    /** False when the time is over. Looks again now and then: time passes, and others free the file system. */
    private boolean awaitFreed(long dueNanos) {
        long leftNanos = dueNanos - System.nanoTime();
        if (leftNanos <= 0) {
            return false;
        }
        lock.lock();
        try {
            long ignored = freed.awaitNanos(Math.min(leftNanos, TimeUnit.MILLISECONDS.toNanos(LOOK_AGAIN_MILLIS)));
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** Evicts what costs no work when others have filled the file system. */
    public void relieve() {
        turn.lock();
        try {
            evict(inBooks(() -> account.relieve(now(), usable())));
        } finally {
            turn.unlock();
        }
    }

    /** Bytes that artifacts could take now without the loss of one that nobody has fetched. */
    public long artifactRoomBytes() {
        return inBooks(() -> account.artifactRoom(now(), usable()));
    }

    private long now() {
        return clockMillis.getAsLong();
    }

    private long usable() {
        return usableBytes.getAsLong();
    }

    private <T> T inBooks(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    private void free(Runnable work) {
        lock.lock();
        try {
            work.run();
            freed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Enters a file of an earlier run, unpinned; false if it does not fit and has to be deleted. Call in order of last use. */
    public boolean adoptCached(String id, long sizeBytes) {
        return inBooks(() -> account.adopt(Kind.CACHE, id, sizeBytes));
    }

    /** The file is complete on the disk. */
    public void writtenCached(String id, long sizeBytes) {
        free(() -> account.written(Kind.CACHE, id, sizeBytes));
    }

    /** Protects a cached file from eviction; false if it is not there (any more). */
    public boolean pinCached(String id) {
        return inBooks(() -> account.pin(Kind.CACHE, id));
    }

    public void unpinCached(String id) {
        free(() -> account.unpin(Kind.CACHE, id));
    }

    /** The file is gone or will be deleted by the caller. */
    public void removeCached(String id) {
        free(() -> account.remove(Kind.CACHE, id));
    }

    /** Protects an artifact from eviction while it is sent; false if it is not there (any more). */
    public boolean pinArtifact(String id) {
        return inBooks(() -> account.pin(Kind.ARTIFACT, id));
    }

    public void unpinArtifact(String id) {
        free(() -> account.unpin(Kind.ARTIFACT, id));
    }

    /** The artifact is written; from now on it may be evicted. */
    public void publishArtifact(String id, long sizeBytes, long expiresAtMillis) {
        free(() -> account.publish(id, sizeBytes, expiresAtMillis));
    }

    public void acknowledgeArtifact(String id) {
        free(() -> account.acknowledge(id));
    }

    /** The artifact is gone or will be deleted by the caller. */
    public void removeArtifact(String id) {
        free(() -> account.remove(Kind.ARTIFACT, id));
    }

    /** As {@link #removeArtifact}, unless it is pinned; false then. */
    public boolean removeIdleArtifact(String id) {
        lock.lock();
        try {
            if (account.pins(Kind.ARTIFACT, id) > 0) {
                return false;
            }
            account.remove(Kind.ARTIFACT, id);
            freed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    public long cacheBytes() {
        return inBooks(account::cacheBytes);
    }

    public long artifactBytes() {
        return inBooks(account::artifactBytes);
    }

    /** Bytes of the budget that nothing takes; the file system may have less. */
    public long freeBytes() {
        return inBooks(() -> limits.totalBytesMax() - account.cacheBytes() - account.artifactBytes());
    }
}
