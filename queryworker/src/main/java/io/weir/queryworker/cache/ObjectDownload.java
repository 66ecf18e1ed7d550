package io.weir.queryworker.cache;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.weir.lake.store.ObjectStore;
import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.queryworker.disk.DiskFullException;
import io.weir.queryworker.workmanager.WorkFailureException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Fetches objects from the store into files and verifies them; so many at a time. */
final class ObjectDownload {
    private static final Logger LOGGER = LoggerFactory.getLogger(ObjectDownload.class);
    private static final int FETCHES_MAX = 2;
    private static final int HASH_BUFFER_BYTES = 64 * 1024;

    private final Path folder;
    private final ObjectStore store;
    private final Semaphore slots;
    private final Timer timer;
    private final Counter bytes;
    private final AtomicLong sequence = new AtomicLong();

    ObjectDownload(Path folder, ObjectStore store, int downloadsMax, MeterRegistry registry) {
        this.folder = folder;
        this.store = store;
        this.slots = new Semaphore(downloadsMax);
        this.timer = Timer.builder("weir_download")
                .description("Downloads of segment objects, verification included")
                .publishPercentileHistogram()
                .register(registry);
        this.bytes = Counter.builder("weir_download_bytes_total")
                .description("Bytes of segment objects downloaded")
                .register(registry);
    }

    /** Fetches the object into the file, which is complete and verified or absent afterwards. One that is damaged is fetched once more. */
    void fetch(CachedObject object, Path target) throws WorkFailureException, IOException {
        try {
            slots.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new WorkFailureException(
                    FailureClass.CANCELED, "interrupted before fetching " + object.describe(), e);
        }
        long startNanos = System.nanoTime();
        try {
            for (int fetches = 1; ; fetches++) {
                Path part = folder.resolve(sequence.getAndIncrement() + ".part");
                try {
                    store.get(object.objectKey(), part);
                    bytes.increment(Files.size(part));
                    if (isIntact(part, object)) {
                        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
                        return;
                    }
                } finally {
                    Files.deleteIfExists(part);
                }
                if (fetches == FETCHES_MAX) {
                    throw new WorkFailureException(
                            FailureClass.CORRUPT_OBJECT,
                            object.describe() + " does not have the size and SHA-256 that the catalog says, fetched "
                                    + fetches + " times");
                }
                LOGGER.warn("{} arrived damaged, it is fetched again", object.describe());
            }
        } catch (NoSuchFileException e) {
            throw new WorkFailureException(FailureClass.MISSING_OBJECT, object.describe() + " is not there", e);
        } finally {
            slots.release();
            timer.record(System.nanoTime() - startNanos, java.util.concurrent.TimeUnit.NANOSECONDS);
        }
    }

    static WorkFailureException failure(CachedObject object, IOException cause) {
        boolean full = cause instanceof DiskFullException
                || String.valueOf(cause.getMessage()).contains("No space left");
        return new WorkFailureException(
                full ? FailureClass.DISK_FULL : FailureClass.INTERNAL,
                "fetching " + object.describe() + " failed: " + cause.getMessage(),
                cause);
    }

    /** Whether the file has the size and checksum of the object. */
    static boolean isIntact(Path file, CachedObject object) throws IOException {
        if (Files.size(file) != object.sizeBytes()) {
            return false;
        }
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
        byte[] buffer = new byte[HASH_BUFFER_BYTES];
        try (InputStream input = Files.newInputStream(file)) {
            for (int length = input.read(buffer); length >= 0; length = input.read(buffer)) {
                digest.update(buffer, 0, length);
            }
        }
        return HexFormat.of().formatHex(digest.digest()).equals(object.checksum());
    }
}
