package io.weir.queryworker.drain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DataFolderTest {
    @TempDir
    Path folder;

    private final AtomicInteger identities = new AtomicInteger();

    private DataFolder open() throws IOException {
        return DataFolder.open(folder.resolve("data"), () -> "worker-" + identities.incrementAndGet());
    }

    @Test
    void theIdentitySurvivesARestart() throws IOException {
        try (DataFolder data = open()) {
            assertThat(data.workerId()).isEqualTo("worker-1");
            assertThat(data.usableBytes()).isPositive();
        }
        try (DataFolder data = open()) {
            assertThat(data.workerId()).isEqualTo("worker-1");
        }
    }

    @Test
    void belongsToOneWorkerAtATime() throws IOException {
        try (DataFolder data = open()) {
            assertThatThrownBy(this::open)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("another worker runs on")
                    .hasMessageContaining("give each worker its own");
            assertThat(data.workerId()).isEqualTo("worker-1");
        }
        open().close();
    }

    @Test
    void aDamagedIdentityIsNamed() throws IOException {
        open().close();
        Files.writeString(folder.resolve("data/worker-id"), "\0\0\0");
        assertThatThrownBy(this::open).hasMessageContaining("worker-id").hasMessageContaining("delete it");
    }
}
