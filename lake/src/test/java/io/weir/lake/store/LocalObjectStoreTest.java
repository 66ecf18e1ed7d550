package io.weir.lake.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract for folders, and how stores are opened. */
final class LocalObjectStoreTest extends ObjectStoreContract {
    @TempDir
    Path root;

    @Override
    ObjectStore open() throws IOException {
        return ObjectStores.open(LakeSettings.of(root.resolve("lake").toUri().toString()));
    }

    @Test
    void showsTheFileItself() throws IOException {
        Files.write(root.resolve("f"), new byte[] {7});
        store.put("a/k", root.resolve("f"));
        assertThat(store.localFile("a/k").orElseThrow()).hasBinaryContent(new byte[] {7});
        assertThat(store.localFile("a/none")).isEmpty();
        assertThat(store.localFile("a")).isEmpty();
        assertThat(root.resolve("lake/.tmp")).isEmptyDirectory();
    }

    @Test
    void opensByUri() throws IOException {
        try (ObjectStore plain =
                ObjectStores.open(LakeSettings.of(root.resolve("plain").toString()))) {
            assertThat(plain).isInstanceOf(LocalObjectStore.class);
        }
        S3Settings s3 = S3Settings.of("http://127.0.0.1:1", "", true, "id", "secret");
        try (ObjectStore bucket = ObjectStores.open(new LakeSettings("s3://bucket/a/b/", s3))) {
            assertThat(bucket).hasToString("s3://bucket/a/b");
        }
        for (String uri : new String[] {"", "folder", "http://x/y", "s3:///x", "file:relative"}) {
            assertThatThrownBy(() -> ObjectStores.open(LakeSettings.of(uri)))
                    .as(uri)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("s3://bucket/prefix");
        }
        assertThat(s3.toString()).doesNotContain("secret");
    }
}
