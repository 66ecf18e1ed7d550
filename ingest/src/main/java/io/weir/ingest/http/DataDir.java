package io.weir.ingest.http;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** An ingester's folder, locked against a second process, and the identity that lies in it. */
final class DataDir implements AutoCloseable {
    private final Path folder;
    private final FileChannel lockChannel;
    private final FileLock lock;
    private final String ingesterId;

    private DataDir(Path folder, FileChannel lockChannel, FileLock lock, String ingesterId) {
        this.folder = folder;
        this.lockChannel = lockChannel;
        this.lock = lock;
        this.ingesterId = ingesterId;
    }

    /**
     * Locks a folder, which is created when it is missing.
     *
     * @throws IOException if another process uses it
     */
    static DataDir open(Path folder, Supplier<UUID> ids) throws IOException {
        Files.createDirectories(folder);
        FileChannel channel =
                FileChannel.open(folder.resolve("ingester.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = tryLock(channel);
            if (lock == null) {
                throw new IOException("the ingest folder " + folder.toAbsolutePath()
                        + " is used by another process; stop it, or give this one another folder");
            }
            return new DataDir(folder, channel, lock, identity(folder, ids));
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    private static String identity(Path folder, Supplier<UUID> ids) throws IOException {
        Path file = folder.resolve("ingester.id");
        try {
            String id = Files.readString(file, StandardCharsets.UTF_8).trim();
            return UUID.fromString(id).toString();
        } catch (NoSuchFileException e) {
            String id = ids.get().toString();
            Path partial = folder.resolve("ingester.id.partial");
            Files.writeString(partial, id + "\n", StandardCharsets.UTF_8);
            try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.WRITE)) {
                channel.force(true);
            }
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
            return id;
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    file + " does not hold an ingester's id; restore it, or delete it together with the log", e);
        }
    }

    String ingesterId() {
        return ingesterId;
    }

    Path log() {
        return folder.resolve("wal");
    }

    Path flush() {
        return folder.resolve("flush");
    }

    Path compaction() {
        return folder.resolve("compaction");
    }

    @Override
    public void close() throws IOException {
        try (lockChannel) {
            lock.release();
        }
    }
}
