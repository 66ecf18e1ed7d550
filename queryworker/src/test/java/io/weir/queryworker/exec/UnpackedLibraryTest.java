package io.weir.queryworker.exec;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class UnpackedLibraryTest {
    private static final Path MAPPINGS = Path.of("/proc/self/maps");

    @TempDir
    private Path folder;

    /** A process that is killed later leaves no library behind. */
    @Test
    void nothingIsLeftInTheFolderForTemporaryFiles() throws Exception {
        try (DuckDbPool pool = DuckDbPool.open(DuckDbSettings.of(folder))) {
            List<String> mapped = Files.readAllLines(MAPPINGS).stream()
                    .filter(line -> line.contains("libduckdb_java"))
                    .toList();
            assertThat(mapped).isNotEmpty().allMatch(line -> line.endsWith(" (deleted)"));
            assertThat(pool.idleCount()).isPositive();
        }
    }

    @Test
    void onlyTheUnpackedLibraryIsRemoved() {
        String place = "7f0000000000-7f0000001000 r-xp 00000000 fe:00 123 ";
        List<String> mappings = List.of(
                place + "/temporary/libduckdb_java1.so",
                place + "/temporary/libduckdb_java1.so",
                place + "/temporary/libduckdb_java2.so (deleted)",
                place + "/temporary/libother.so",
                place + "/temporary/libduckdb_java3.txt",
                place + "/usr/lib/libduckdb_java4.so",
                place,
                place + "[heap]");
        assertThat(UnpackedLibrary.unpacked(mappings, Path.of("/temporary")))
                .containsExactly(Path.of("/temporary/libduckdb_java1.so"));
    }
}
