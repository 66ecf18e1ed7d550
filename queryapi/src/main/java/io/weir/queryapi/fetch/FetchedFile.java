package io.weir.queryapi.fetch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A downloaded artifact in the API's spool; whoever has it last deletes it, and its room is free again. Thread-safe. */
public final class FetchedFile {
    private static final Logger LOG = LoggerFactory.getLogger(FetchedFile.class);

    private final Path path;
    private final Runnable deleted;
    private final AtomicBoolean gone = new AtomicBoolean();

    /** @param deleted told once, after the file is deleted */
    public FetchedFile(Path path, Runnable deleted) {
        this.path = path;
        this.deleted = deleted;
    }

    public Path path() {
        return path;
    }

    /** Deletes the file. Idempotent. */
    public void delete() {
        if (!gone.compareAndSet(false, true)) {
            return;
        }
        try {
            Files.deleteIfExists(path);
        } catch (IOException failure) {
            LOG.warn("the fetched artifact {} could not be deleted; the next start sweeps it", path, failure);
        } finally {
            deleted.run();
        }
    }
}
