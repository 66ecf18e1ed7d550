package io.weir.queryworker.exec;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WarmUpTest {
    @TempDir
    Path folder;

    @Test
    void runsALeafAndLeavesNothing() throws Exception {
        Path own = folder.resolve("warm-up");
        Files.createDirectories(own);
        Files.writeString(own.resolve("artifact.parquet"), "of a start that was killed");
        try (DuckDbPool pool = DuckDbPool.open(DuckDbSettings.of(folder.resolve("duckdb")))) {
            WarmUp.run(pool::open, own);
            assertThat(pool.idleCount()).isPositive();
        }
        assertThat(own).doesNotExist();
    }
}
