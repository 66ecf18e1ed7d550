package io.weir.queryworker.drain;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The folder of one worker, locked while it runs; holds the identity that survives restarts. */
public final class DataFolder implements AutoCloseable {
    private static final Pattern IDENTITY = Pattern.compile("[A-Za-z0-9._-]{1,100}");

    private final Path folder;
    private final FileChannel lockChannel;
    private final String workerId;

    private DataFolder(Path folder, FileChannel lockChannel, String workerId) {
        this.folder = folder;
        this.lockChannel = lockChannel;
        this.workerId = workerId;
    }

    /**
     * Locks the folder, which is created when missing, and reads the identity in it or makes one.
     *
     * @throws IOException if another worker runs on it, or its identity file is damaged; the message says what to do
     */
    public static DataFolder open(Path folder, Supplier<String> newIdentity) throws IOException {
        Files.createDirectories(folder);
        FileChannel channel =
                FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        boolean opened = false;
        try {
            if (tryLock(channel) == null) {
                throw new IOException(
                        "another worker runs on the data folder " + folder + "; give each worker its own");
            }
            DataFolder result = new DataFolder(folder, channel, identity(folder.resolve("worker-id"), newIdentity));
            opened = true;
            return result;
        } finally {
            if (!opened) {
                channel.close();
            }
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            // Another worker of this very process.
            return null;
        }
    }

    private static String identity(Path file, Supplier<String> newIdentity) throws IOException {
        if (!Files.exists(file)) {
            Path part = file.resolveSibling("worker-id.part");
            Files.writeString(part, newIdentity.get() + "\n", StandardCharsets.UTF_8);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }
        String identity = Files.readString(file, StandardCharsets.UTF_8).strip();
        if (!IDENTITY.matcher(identity).matches()) {
            throw new IOException(
                    "the worker's identity file " + file + " is damaged; delete it to get a new identity");
        }
        return identity;
    }

    public String workerId() {
        return workerId;
    }

    public Path resolve(String name) {
        return folder.resolve(name);
    }

    /** Bytes that the file system has left. */
    public long usableBytes() {
        return folder.toFile().getUsableSpace();
    }

    @Override
    public void close() throws IOException {
        lockChannel.close();
    }
}
