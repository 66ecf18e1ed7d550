package io.weir.cli.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FolderLockTest {
    @TempDir
    private Path folder;

    @Test
    void aFolderHasOneOwnerAtATime() throws Exception {
        Path data = folder.resolve("data");
        FolderLock first = FolderLock.take(data);
        assertThatThrownBy(() -> FolderLock.take(data))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(data.toString())
                .hasMessageContaining("--data-dir");
        // PostgreSQL is not even looked at: it belongs to the owner, who is alive.
        assertThatThrownBy(() -> EmbeddedDatabase.start(data.resolve("postgres")))
                .hasMessageContaining("is used by another weir");
        assertThat(data.resolve("postgres")).doesNotExist();
        first.close();
        FolderLock.take(data).close();
    }
}
