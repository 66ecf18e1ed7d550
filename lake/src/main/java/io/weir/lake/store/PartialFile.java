package io.weir.lake.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Makes a file appear complete or not at all: written under another name, flushed to disk, renamed. */
final class PartialFile {
    @FunctionalInterface
    interface Source {
        /** Writes the content into the file, which does not exist yet. */
        void writeTo(Path partial) throws IOException;
    }

    private PartialFile() {}

    /** Creates a file that must not exist. */
    static void create(Path file, Source source) throws IOException {
        if (Files.exists(file)) {
            throw new FileAlreadyExistsException(file.toString());
        }
        Path absolute = file.toAbsolutePath();
        Path folder = absolute.getParent();
        if (folder == null) {
            throw new IOException(file + " is no file");
        }
        Path partial = Files.createTempFile(folder, ".part-", "");
        write(partial, absolute, source);
    }

    /** Fills the partial file, which exists and is empty, and renames it over the file. */
    static void write(Path partial, Path file, Source source) throws IOException {
        boolean done = false;
        try {
            Files.delete(partial);
            source.writeTo(partial);
            force(partial);
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
            done = true;
            Path folder = file.getParent();
            if (folder != null) {
                force(folder);
            }
        } finally {
            if (!done) {
                Files.deleteIfExists(partial);
            }
        }
    }

    private static void force(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
