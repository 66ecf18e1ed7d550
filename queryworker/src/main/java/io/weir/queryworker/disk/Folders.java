package io.weir.queryworker.disk;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** Folders whose content is worth nothing after a restart. */
public final class Folders {
    private Folders() {}

    /** Creates the folder, or deletes everything in it, whatever an earlier run left there. */
    public static void empty(Path folder) throws IOException {
        Files.createDirectories(folder);
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                    empty(entry);
                }
                Files.delete(entry);
            }
        }
    }
}
