package io.weir.lake.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Immutable objects by key, in a folder or in S3. Keys are relative to the store's prefix, with {@code /} between parts.
 * Thread-safe. An I/O failure is an {@link IOException}; an object that is not there is a {@link java.nio.file.NoSuchFileException}.
 */
public interface ObjectStore extends AutoCloseable {
    /** Uploads a file; the object is complete or absent. Overwriting with the same content is allowed. */
    void put(String key, Path file) throws IOException;

    /** Downloads an object into a file that must not exist; the file is complete or absent. */
    void get(String key, Path file) throws IOException;

    boolean exists(String key) throws IOException;

    /** Deletes an object; it is no error if there is none. */
    void delete(String key) throws IOException;

    /** Keys that start with the prefix, at most {@code limit}, in order. */
    List<String> list(String prefix, int limit) throws IOException;

    /** The file itself when the store is a local folder, so that readers on the same machine need no copy; else empty. */
    default java.util.Optional<Path> localFile(String key) {
        return java.util.Optional.empty();
    }

    @Override
    void close();
}
