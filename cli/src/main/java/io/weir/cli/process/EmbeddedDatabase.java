package io.weir.cli.process;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL that needs no installation and keeps its data in a folder, for standalone and demo.
 *
 * <p>If an earlier Weir was killed, its PostgreSQL may still run on the folder; it is stopped first, by the PID in its own PID file.
 */
public final class EmbeddedDatabase implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedDatabase.class);
    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

    private final EmbeddedPostgres postgres;

    private final FolderLock lock;

    private EmbeddedDatabase(EmbeddedPostgres postgres, FolderLock lock) {
        this.postgres = postgres;
        this.lock = lock;
    }

    /**
     * Starts it on a free port of the loopback interface.
     *
     * @param folder data directory, created if needed; its parent is locked, so that two processes never share it
     * @throws IOException if another process uses the parent folder, or PostgreSQL does not start
     */
    public static EmbeddedDatabase start(Path folder) throws IOException {
        Path parent =
                Objects.requireNonNull(folder.toAbsolutePath().normalize().getParent(), "a root is no data folder");
        // Before anything else: an earlier PostgreSQL on the folder may be stopped only if no other process uses it.
        FolderLock lock = FolderLock.take(parent);
        boolean started = false;
        try {
            EmbeddedDatabase database = new EmbeddedDatabase(startPostgres(folder), lock);
            started = true;
            return database;
        } finally {
            if (!started) {
                lock.close();
            }
        }
    }

    private static EmbeddedPostgres startPostgres(Path folder) throws IOException {
        Files.createDirectories(folder);
        stopLeftover(folder);
        return EmbeddedPostgres.builder()
                .setDataDirectory(folder)
                .setCleanDataDirectory(false)
                .setPort(Ports.free())
                .setPGStartupWait(START_TIMEOUT)
                .setServerConfig("listen_addresses", "127.0.0.1")
                .setServerConfig("shared_buffers", "64MB")
                .setServerConfig("max_connections", "100")
                .start();
    }

    /** JDBC URL with user. */
    public String jdbcUrl() {
        return postgres.getJdbcUrl("postgres", "postgres");
    }

    @Override
    public void close() {
        try (lock) {
            postgres.close();
        } catch (IOException e) {
            LOG.warn("the embedded PostgreSQL did not stop cleanly; it recovers at its next start", e);
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
        boolean isPostgres = process.flatMap(handle -> handle.info().command())
                .map(command -> command.endsWith("/postgres"))
                .orElse(false);
        // A PID may have been given to somebody else's PostgreSQL since.
        boolean isOurs = isPostgres
                && process.flatMap(handle -> handle.info().arguments())
                        .map(arguments -> List.of(arguments).stream().anyMatch(argument -> isFolder(argument, folder)))
                        .orElse(true);
        if (isOurs) {
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
        Path wanted = folder.toAbsolutePath().normalize();
        return !argument.startsWith("-")
                && Path.of(argument).toAbsolutePath().normalize().equals(wanted);
    }

    private static Optional<Long> parsePid(String line) {
        try {
            return Optional.of(Long.parseLong(line.trim()));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }
}
