package io.weir.queryworker.cache;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.weir.lake.store.ObjectStore;
import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.queryworker.disk.DiskErrors;
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
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Fetches objects from the store into files and verifies them; so many at a time, again when the store fails. */
final class ObjectDownload {
    private static final Logger LOGGER = LoggerFactory.getLogger(ObjectDownload.class);
    private static final int DAMAGED_FETCHES_MAX = 2;
    private static final int HASH_BUFFER_BYTES = 64 * 1024;
    private static final int DOUBLINGS_MAX = 10;

    private final Path folder;
    private final ObjectStore store;
    private final CacheSettings settings;
    private final Semaphore slots;
    private final Timer timer;
    private final Counter bytes;
    private final Counter retries;
    private final AtomicLong sequence = new AtomicLong();

    ObjectDownload(Path folder, ObjectStore store, CacheSettings settings, MeterRegistry registry) {
        this.folder = folder;
        this.store = store;
        this.settings = settings;
        this.slots = new Semaphore(settings.downloadsMax(), true);
        this.timer = Timer.builder("weir_download")
                .description("Downloads of objects, with all tries")
                .publishPercentileHistogram()
                .register(registry);
        this.bytes = Counter.builder("weir_download_bytes_total")
                .description("Bytes downloaded of objects")
                .register(registry);
        this.retries = Counter.builder("weir_download_retries_total")
                .description("Downloads that were tried again, because the store failed or the object came in damaged")
                .register(registry);
    }

    /** What is done while one of the few turns to download is held. */
    @FunctionalInterface
    interface InTurn<T> {
        T run() throws WorkFailureException, IOException;
    }

    /**
     * Waits for a turn and does the work in it.
     *
     * @throws WorkFailureException DEADLINE_EXCEEDED if none came in the time for a download, CANCELED if interrupted
     */
    <T> T inTurn(CachedObject object, InTurn<T> work) throws WorkFailureException, IOException {
        try {
            if (!slots.tryAcquire(settings.downloadTimeoutMillis(), TimeUnit.MILLISECONDS)) {
                throw new WorkFailureException(
                        FailureClass.DEADLINE_EXCEEDED,
                        object.describe() + " waited " + settings.downloadTimeoutMillis() + " ms for one of "
                                + settings.downloadsMax()
                                + " downloads at a time (setting worker-cache-downloads-max)");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new WorkFailureException(
                    FailureClass.CANCELED, "interrupted before fetching " + object.describe(), e);
        }
        try {
            return work.run();
        } finally {
            slots.release();
        }
    }

    /** Fetches the object into the file, which is complete and verified or absent afterwards. */
    void fetch(CachedObject object, Path target) throws WorkFailureException, IOException {
        long startNanos = System.nanoTime();
        try {
            int damaged = 0;
            for (int attempt = 1; ; attempt++) {
                try {
                    if (fetchOnce(object, target)) {
                        return;
                    }
                    damaged++;
                } catch (NoSuchFileException e) {
                    throw e;
                } catch (IOException e) {
                    if (DiskErrors.isFull(e) || attempt >= settings.downloadAttemptsMax()) {
                        throw e;
                    }
                    LOGGER.warn("{} could not be fetched, it is tried again: {}", object.describe(), e.toString());
                    pause(object, attempt, startNanos, e);
                }
                if (damaged == DAMAGED_FETCHES_MAX) {
                    throw new WorkFailureException(
                            FailureClass.CORRUPT_OBJECT,
                            object.describe() + " does not have the size and SHA-256 that the catalog says, fetched "
                                    + damaged + " times");
                }
                retries.increment();
            }
        } catch (NoSuchFileException e) {
            throw new WorkFailureException(FailureClass.MISSING_OBJECT, object.describe() + " is not there", e);
        } finally {
            timer.record(System.nanoTime() - startNanos, TimeUnit.NANOSECONDS);
        }
    }

    private boolean fetchOnce(CachedObject object, Path target) throws IOException {
        Path part = folder.resolve(sequence.getAndIncrement() + ".part");
        try {
            store.get(object.objectKey(), part);
            bytes.increment(Files.size(part));
            if (isIntact(part, object)) {
                Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
                return true;
            }
            LOGGER.warn("{} arrived damaged, it is fetched again", object.describe());
            return false;
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private void pause(CachedObject object, int attempt, long startNanos, IOException cause) throws IOException {
        long full = settings.downloadRetryMillis() << Math.min(attempt - 1, DOUBLINGS_MAX);
        long pauseMillis = full / 2 + ThreadLocalRandom.current().nextLong(full / 2 + 1);
        long spentMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
        if (spentMillis + pauseMillis >= settings.downloadTimeoutMillis()) {
            throw cause;
        }
        try {
            Thread.sleep(pauseMillis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted between two tries to fetch " + object.describe(), cause);
        }
    }

    static WorkFailureException failure(CachedObject object, IOException cause) {
        return new WorkFailureException(
                DiskErrors.isFull(cause) ? FailureClass.DISK_FULL : FailureClass.INTERNAL,
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
