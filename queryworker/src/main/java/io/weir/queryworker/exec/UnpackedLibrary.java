package io.weir.queryworker.exec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file into which DuckDB's driver unpacked its native library. The driver removes it when the virtual machine exits in order; a process that is
 * killed would leave 72 MB behind each time.
 */
final class UnpackedLibrary {
    private static final Logger LOG = LoggerFactory.getLogger(UnpackedLibrary.class);
    /** What this process has mapped, on Linux; elsewhere a file in use cannot be told, or not be removed. */
    private static final Path MAPPINGS = Path.of("/proc/self/maps");

    private static final String NAME_PREFIX = "libduckdb_java";
    private static final String NAME_SUFFIX = ".so";

    private UnpackedLibrary() {}

    /** Removes the file; the library stays mapped. To be called when it is loaded. */
    static void remove() {
        if (!Files.isReadable(MAPPINGS)) {
            return;
        }
        try {
            // The kernel knows no symbolic links.
            Path folder = Path.of(System.getProperty("java.io.tmpdir")).toRealPath();
            for (Path file : unpacked(Files.readAllLines(MAPPINGS), folder)) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            LOG.warn("DuckDB's unpacked library stays where it is until this process ends: {}", e.toString());
        }
    }

    /**
     * The files of the library in a folder, without those that are removed already.
     *
     * @param mappings lines as in proc(5), the path last
     */
    static List<Path> unpacked(List<String> mappings, Path folder) {
        return mappings.stream()
                .filter(line -> line.indexOf('/') >= 0)
                .map(line -> Path.of(line.substring(line.indexOf('/'))))
                .filter(file -> folder.equals(file.getParent()))
                .filter(file -> {
                    String name = String.valueOf(file.getFileName());
                    return name.startsWith(NAME_PREFIX) && name.endsWith(NAME_SUFFIX);
                })
                .distinct()
                .toList();
    }
}
