package io.weir.queryworker.exec;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.weir.lake.segment.BlockReader;
import io.weir.lake.segment.CorruptSegmentException;
import io.weir.lake.segment.MappedBlocks;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Reads blocks from mapped files and keeps the headers of files that were used last in memory, within a limit; a file whose headers alone
 * pass the limit is left to another reader. Thread-safe.
 *
 * <p>A file is unmapped when it is forgotten and its last reader is closed, at once and not when garbage is collected: a deleted file keeps its room on
 * disk as long as it is mapped.
 */
public final class MappedBlockReaders implements BlockReaders, AutoCloseable {
    private final long headerBytesMax;
    private final BlockReaders fallback;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Path, Mapping> mappings = new LinkedHashMap<>(16, 0.75f, true);
    private long headerBytes;
    private boolean closed;

    /**
     * @param headerBytesMax heap bytes of headers kept
     * @param fallback for files with more headers than that
     */
    public MappedBlockReaders(long headerBytesMax, BlockReaders fallback, MeterRegistry registry) {
        this.headerBytesMax = headerBytesMax;
        this.fallback = fallback;
        Gauge.builder("weir_block_header_bytes", this, MappedBlockReaders::headerBytes)
                .description("Heap bytes of the headers of mapped segments")
                .register(registry);
    }

    /** A mapped file; counts are guarded by the lock. */
    private static final class Mapping {
        private final Arena arena;
        private final MappedBlocks blocks;
        private final long sizeBytes;
        private final FileTime modified;
        private int readers;
        private boolean forgotten;

        Mapping(Arena arena, MappedBlocks blocks, BasicFileAttributes file) {
            this.arena = arena;
            this.blocks = blocks;
            this.sizeBytes = file.size();
            this.modified = file.lastModifiedTime();
        }

        boolean isOf(BasicFileAttributes file) {
            return sizeBytes == file.size() && modified.equals(file.lastModifiedTime());
        }
    }

    @Override
    public BlockReader open(Path file, String segment) {
        BasicFileAttributes attributes;
        try {
            attributes = Files.readAttributes(file, BasicFileAttributes.class);
        } catch (IOException e) {
            throw new CorruptSegmentException("blocks of segment " + segment + " cannot be read: " + e, e);
        }
        Mapping known = known(file, attributes);
        if (known != null) {
            return new CountedReader(known);
        }
        Mapping loaded = load(file, segment, attributes);
        return loaded == null ? fallback.open(file, segment) : new CountedReader(keep(file, loaded));
    }

    private @Nullable Mapping known(Path file, BasicFileAttributes attributes) {
        lock.lock();
        try {
            Mapping found = mappings.get(file);
            if (found == null) {
                return null;
            }
            if (!found.isOf(attributes)) {
                // Somebody replaced the file, to repair it perhaps.
                forgetLocked(file);
                return null;
            }
            found.readers++;
            return found;
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Mapping load(Path file, String segment, BasicFileAttributes attributes) {
        Arena arena = Arena.ofShared();
        boolean mapped = false;
        try {
            Optional<MappedBlocks> blocks = MappedBlocks.load(file, segment, arena, headerBytesMax);
            mapped = blocks.isPresent();
            return mapped ? new Mapping(arena, blocks.get(), attributes) : null;
        } finally {
            if (!mapped) {
                arena.close();
            }
        }
    }

    /** The mapping to use, with one more reader: the given one, or the one that another thread was faster with. */
    private Mapping keep(Path file, Mapping loaded) {
        lock.lock();
        try {
            Mapping other = mappings.get(file);
            if (other != null) {
                loaded.arena.close();
                other.readers++;
                return other;
            }
            loaded.readers++;
            if (closed) {
                loaded.forgotten = true;
                return loaded;
            }
            forgetDeleted();
            mappings.put(file, loaded);
            headerBytes += loaded.blocks.sizeBytes();
            while (headerBytes > headerBytesMax) {
                forgetLocked(mappings.keySet().iterator().next());
            }
            return loaded;
        } finally {
            lock.unlock();
        }
    }

    /** Objects of a local store are deleted by others, without a word to this worker. */
    private void forgetDeleted() {
        List<Path> deleted = new ArrayList<>();
        for (Path file : mappings.keySet()) {
            if (!Files.exists(file)) {
                deleted.add(file);
            }
        }
        deleted.forEach(this::forgetLocked);
    }

    /** Unmaps a file, as soon as nobody reads it; call it when the file is deleted. */
    public void forget(Path file) {
        lock.lock();
        try {
            forgetLocked(file);
        } finally {
            lock.unlock();
        }
    }

    private void forgetLocked(Path file) {
        Mapping mapping = mappings.remove(file);
        if (mapping != null) {
            headerBytes -= mapping.blocks.sizeBytes();
            mapping.forgotten = true;
            if (mapping.readers == 0) {
                mapping.arena.close();
            }
        }
    }

    private void release(Mapping mapping) {
        lock.lock();
        try {
            mapping.readers--;
            if (mapping.forgotten && mapping.readers == 0) {
                mapping.arena.close();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Heap bytes of the headers kept now. */
    long headerBytes() {
        lock.lock();
        try {
            return headerBytes;
        } finally {
            lock.unlock();
        }
    }

    /** Unmaps what nobody reads; the rest when its readers are closed. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            List.copyOf(mappings.keySet()).forEach(this::forgetLocked);
        } finally {
            lock.unlock();
        }
    }

    /** Keeps its file mapped until it is closed. */
    private final class CountedReader implements BlockReader {
        private final Mapping mapping;
        private final BlockReader reader;
        private boolean released;

        CountedReader(Mapping mapping) {
            this.mapping = mapping;
            this.reader = mapping.blocks.open();
        }

        @Override
        public void scan(
                int seriesFrom,
                int seriesTo,
                @Nullable BitSet selected,
                long startMillis,
                long endMillis,
                BlockConsumer consumer) {
            if (released) {
                throw new IllegalStateException("the reader is closed");
            }
            reader.scan(seriesFrom, seriesTo, selected, startMillis, endMillis, consumer);
        }

        @Override
        public void cancel() {
            reader.cancel();
        }

        @Override
        public void close() {
            if (!released) {
                released = true;
                release(mapping);
            }
        }
    }
}
