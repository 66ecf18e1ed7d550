package io.weir.queryworker.cache;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/** A local file of a segment that stays where it is until the lease is closed. */
public final class FileLease implements AutoCloseable {
    private final Path path;
    private final boolean inPlace;
    private final Runnable release;
    private final AtomicBoolean closed = new AtomicBoolean();

    FileLease(Path path, boolean inPlace, Runnable release) {
        this.path = path;
        this.inPlace = inPlace;
        this.release = release;
    }

    public Path path() {
        return path;
    }

    /** Whether it is the object of a local store itself, not a copy. */
    public boolean inPlace() {
        return inPlace;
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            release.run();
        }
    }
}
