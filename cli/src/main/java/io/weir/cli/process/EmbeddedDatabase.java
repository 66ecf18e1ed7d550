package io.weir.cli.process;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL that needs no installation and keeps its data in a folder, for standalone and demo.
 *
 * <p>One process at a time owns the folder, by a lock that ends with the process. If an earlier Weir was killed, its PostgreSQL may still run
 * on the folder; it is stopped first, by the PID in its own PID file.
 */
public final class EmbeddedDatabase implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedDatabase.class);
    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

    private final EmbeddedPostgres postgres;
    private final FileChannel lock;

    private EmbeddedDatabase(EmbeddedPostgres postgres, FileChannel lock) {
        this.postgres = postgres;
        this.lock = lock;
    }

    /**
     * Starts it on a free port of the loopback interface.
     *
     * @param folder data directory, created if needed
     * @throws IOException if another process runs on the folder, or PostgreSQL does not start
     */
    public static EmbeddedDatabase start(Path folder) throws IOException {
        Files.createDirectories(folder);
        FileChannel lock = lock(folder);
        try {
            stopLeftover(folder);
            return new EmbeddedDatabase(startPostgres(folder), lock);
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    private static EmbeddedPostgres startPostgres(Path folder) throws IOException {
        return EmbeddedPostgres.builder()
                .setDataDirectory(folder)
                .setCleanDataDirectory(false)
                .setPort(Ports.free())
                .setPGStartupWait(START_TIMEOUT)
                .setServerConfig("listen_addresses", "127.0.0.1")
                // The library is made for tests and turns both off; the log forgets samples once the catalog has them.
                .setServerConfig("fsync", "on")
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("shared_buffers", "64MB")
                .setServerConfig("max_connections", "100")
                .start();
    }

    /** The lock is beside the folder, whose content is PostgreSQL's own. */
    private static FileChannel lock(Path folder) throws IOException {
        Path absolute = folder.toAbsolutePath().normalize();
        FileChannel channel = FileChannel.open(
                absolute.resolveSibling(absolute.getFileName() + ".lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        boolean isLocked = false;
        try {
            isLocked = channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            LOG.debug("this process holds the lock of {} already", absolute, e);
        } finally {
            if (!isLocked) {
                channel.close();
            }
        }
        if (!isLocked) {
            throw new IOException("another Weir uses " + absolute + "; stop it or choose another --data-dir");
        }
        return channel;
    }

    /** JDBC URL with user. */
    public String jdbcUrl() {
        return postgres.getJdbcUrl("postgres", "postgres");
    }

    @Override
    public void close() {
        try {
            postgres.close();
        } catch (IOException e) {
            LOG.warn("the embedded PostgreSQL did not stop cleanly; it recovers at its next start", e);
        } finally {
            unlock();
        }
    }

    private void unlock() {
        try {
            lock.close();
        } catch (IOException e) {
            LOG.warn("the lock of the embedded PostgreSQL was not released; it ends with this process", e);
        }
    }

    private static void stopLeftover(Path folder) throws IOException {
        Path pidFile = folder.resolve("postmaster.pid");
        if (!Files.exists(pidFile)) {
            return;
        }
        List<String> lines = Files.readAllLines(pidFile);
        Optional<ProcessHandle> process =
                lines.isEmpty() ? Optional.empty() : parsePid(lines.get(0)).flatMap(ProcessHandle::of);
        // The PID may be another process' by now, even another PostgreSQL's.
        boolean isPostgres = process.flatMap(handle -> handle.info().command())
                        .map(command -> command.endsWith("/postgres"))
                        .orElse(false)
                && process.flatMap(handle -> handle.info().arguments())
                        .map(arguments -> Arrays.stream(arguments).anyMatch(argument -> isFolder(argument, folder)))
                        .orElse(true);
        if (isPostgres) {
            ProcessHandle handle = process.orElseThrow();
            LOG.info("stopping the PostgreSQL (pid {}) that an earlier run left on {}", handle.pid(), folder);
            handle.destroy();
            long deadline = System.nanoTime() + STOP_TIMEOUT.toNanos();
            while (handle.isAlive() && System.nanoTime() < deadline) {
                try {
                    Thread.sleep(50);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new IOException("interrupted while waiting for an earlier PostgreSQL to stop", e);
                }
            }
            if (handle.isAlive()) {
                handle.destroyForcibly();
            }
        }
        Files.deleteIfExists(pidFile);
    }

    private static boolean isFolder(String argument, Path folder) {
        return Path.of(argument).normalize().equals(folder.toAbsolutePath().normalize());
    }

    private static Optional<Long> parsePid(String line) {
        try {
            return Optional.of(Long.parseLong(line.trim()));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }
}
