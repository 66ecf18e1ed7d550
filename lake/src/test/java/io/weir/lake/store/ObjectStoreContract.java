package io.weir.lake.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every {@link ObjectStore} must do. */
abstract class ObjectStoreContract {
    @TempDir
    Path folder;

    @SuppressWarnings("NullAway.Init")
    ObjectStore store;

    abstract ObjectStore open() throws Exception;

    @BeforeEach
    void openStore() throws Exception {
        store = open();
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    private Path file(String name, int size) throws IOException {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return Files.write(folder.resolve(name), bytes);
    }

    @Test
    void givesBackWhatWasPut() throws IOException {
        for (int size : new int[] {0, 1, 100_000, 3_000_000}) {
            Path original = file("original" + size, size);
            String key = "tenant/metrics/20231115/00/" + size + ".blocks.parquet";
            assertThat(store.exists(key)).isFalse();
            store.put(key, original);
            assertThat(store.exists(key)).isTrue();
            Path copy = folder.resolve("copy" + size);
            store.get(key, copy);
            assertThat(copy).hasSameBinaryContentAs(original);
        }
        assertThat(leftovers()).isEmpty();
    }

    private List<String> leftovers() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> path.getFileName().toString())
                    .filter(name -> name.startsWith("."))
                    .toList();
        }
    }

    @Test
    void putAgainReplaces() throws IOException {
        store.put("k", file("a", 10));
        store.put("k", file("b", 20));
        store.get("k", folder.resolve("copy"));
        assertThat(folder.resolve("copy")).hasSameBinaryContentAs(folder.resolve("b"));
    }

    @Test
    void missingObjectsAndFilesAreNamed() throws IOException {
        Path copy = folder.resolve("copy");
        assertThatThrownBy(() -> store.get("a/none", copy))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("a/none");
        assertThat(copy).doesNotExist();
        assertThat(leftovers()).isEmpty();
        assertThatThrownBy(() -> store.put("k", folder.resolve("nothing"))).isInstanceOf(NoSuchFileException.class);
        assertThat(store.exists("k")).isFalse();
        store.put("k", file("a", 10));
        Files.write(copy, new byte[1]);
        assertThatThrownBy(() -> store.get("k", copy)).isInstanceOf(FileAlreadyExistsException.class);
        assertThat(Files.size(copy)).isEqualTo(1);
    }

    @Test
    void deletes() throws IOException {
        store.put("a/k", file("a", 10));
        store.delete("a/k");
        assertThat(store.exists("a/k")).isFalse();
        store.delete("a/k");
        store.delete("never/was");
        assertThat(store.list("", 10)).isEmpty();
    }

    @Test
    void listsInOrderUpToTheLimit() throws IOException {
        Path one = file("a", 1);
        for (String key :
                List.of("t/b/2", "t/b/1", "t/a", "t/b", "t-x/1", "u/1").reversed()) {
            if (!key.equals("t/b")) {
                store.put(key, one);
            }
        }
        assertThat(store.list("", 100)).containsExactly("t-x/1", "t/a", "t/b/1", "t/b/2", "u/1");
        assertThat(store.list("t/", 100)).containsExactly("t/a", "t/b/1", "t/b/2");
        assertThat(store.list("t", 3)).containsExactly("t-x/1", "t/a", "t/b/1");
        assertThat(store.list("t/b/2", 100)).containsExactly("t/b/2");
        assertThat(store.list("none", 100)).isEmpty();
        assertThat(store.list("", 0)).isEmpty();
    }

    @Test
    void refusesKeysThatLeaveThePrefix() throws IOException {
        Path one = file("a", 1);
        for (String key : List.of("", "/a", "a/", "a//b", "../a", "a/../b", ".tmp/x", "a\\b", "x".repeat(1100))) {
            assertThatThrownBy(() -> store.put(key, one)).as(key).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void servesManyAtATime() throws Exception {
        Path original = file("original", 200_000);
        try (ExecutorService executor = Executors.newFixedThreadPool(8)) {
            List<Future<?>> futures = new ArrayList<>();
            for (int i = 0; i < 24; i++) {
                String key = "many/" + i % 6;
                Path copy = folder.resolve("many" + i);
                futures.add(executor.submit(() -> {
                    store.put(key, original);
                    store.get(key, copy);
                    return null;
                }));
            }
            for (Future<?> future : futures) {
                future.get();
            }
        }
        for (int i = 0; i < 24; i++) {
            assertThat(folder.resolve("many" + i)).hasSameBinaryContentAs(original);
        }
    }
}
