package io.weir.queryworker.exec;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class UnpackedLibraryTest {
    private static final Path MAPPINGS = Path.of("/proc/self/maps");
    private static final String TEMPORARY = System.getProperty("java.io.tmpdir");

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
        assertThat(UnpackedLibrary.unpacked(List.of(
                        place + TEMPORARY + "/libduckdb_java1.so",
                        place + TEMPORARY + "/libduckdb_java1.so",
                        place + TEMPORARY + "/libduckdb_java2.so (deleted)",
                        place + TEMPORARY + "/libother.so",
                        place + TEMPORARY + "/libduckdb_java3.txt",
                        place + "/usr/lib/libduckdb_java4.so",
                        place,
                        place + "[heap]")))
                .containsExactly(Path.of(TEMPORARY, "libduckdb_java1.so"));
    }
}
