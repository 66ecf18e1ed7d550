package io.weir.queryworker.cache;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Verifies the SHA-256 of objects that are used where a local store keeps them: before the first use, and again when a file's size, time of
 * modification or identity has changed. Thread-safe.
 *
 * <p>A bit that the disk itself flips later, without any change of the file's times, is seen after a restart only.
 */
final class InPlaceChecks {
    /** Remembered files; one that has been forgotten is verified again. */
    private static final int REMEMBERED_MAX = 200_000;

    private static final int LOCKS = 64;

    private record Seen(
            String checksum,
            long sizeBytes,
            FileTime modified,
            @Nullable Object fileKey) {}

    private final Timer timer;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Path, Seen> verified = new LinkedHashMap<>(16, 0.75f, true);
    /** Two pieces of work that want the same file read it once. */
    private final ReentrantLock[] fileLocks = new ReentrantLock[LOCKS];

    InPlaceChecks(MeterRegistry registry) {
        timer = Timer.builder("weir_segment_verify")
                .description("Checks of segment files that are read in place")
                .publishPercentileHistogram()
                .register(registry);
        for (int i = 0; i < LOCKS; i++) {
            fileLocks[i] = new ReentrantLock();
        }
    }

    /**
     * Returns when the file is known to be the object.
     *
     * @throws DamagedFileException if it is another content
     * @throws java.nio.file.NoSuchFileException if there is no such file
     */
    void check(CachedObject object, Path file) throws IOException {
        Seen now = look(object, file);
        if (isKnown(file, now)) {
            return;
        }
        ReentrantLock fileLock = Objects.requireNonNull(fileLocks[Math.floorMod(file.hashCode(), LOCKS)]);
        fileLock.lock();
        try {
            if (isKnown(file, now)) {
                return;
            }
            long startNanos = System.nanoTime();
            boolean intact = ObjectDownload.isIntact(file, object);
            timer.record(System.nanoTime() - startNanos, TimeUnit.NANOSECONDS);
            if (!intact) {
                throw new DamagedFileException("its SHA-256 is not the one in the catalog");
            }
            remember(file, now);
        } finally {
            fileLock.unlock();
        }
    }

    private static Seen look(CachedObject object, Path file) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        if (attributes.size() != object.sizeBytes()) {
            throw new DamagedFileException(
                    "its file has " + attributes.size() + " bytes, the catalog says " + object.sizeBytes());
        }
        return new Seen(object.checksum(), attributes.size(), attributes.lastModifiedTime(), attributes.fileKey());
    }

    private boolean isKnown(Path file, Seen now) {
        lock.lock();
        try {
            return now.equals(verified.get(file));
        } finally {
            lock.unlock();
        }
    }

    private void remember(Path file, Seen seen) {
        lock.lock();
        try {
            verified.put(file, seen);
            if (verified.size() > REMEMBERED_MAX) {
                verified.remove(verified.keySet().iterator().next());
            }
        } finally {
            lock.unlock();
        }
    }
}
