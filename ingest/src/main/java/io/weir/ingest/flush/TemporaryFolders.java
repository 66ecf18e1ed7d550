package io.weir.ingest.flush;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Folders of files that are worth nothing after a restart. */
public final class TemporaryFolders {
    private TemporaryFolders() {}

    /** Creates a folder, or deletes the files in it. */
    public static void empty(Path folder) throws IOException {
        Files.createDirectories(folder);
        List<Path> files;
        try (Stream<Path> listed = Files.list(folder)) {
            files = listed.toList();
        }
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
    }
}
