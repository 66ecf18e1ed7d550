package io.weir.queryworker.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.lake.segment.BlockReader;
import io.weir.lake.segment.CorruptSegmentException;
import io.weir.lake.segment.MappedBlocks;
import io.weir.promql.labels.Labels;
import io.weir.queryworker.cache.TestingObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MappedBlockReadersTest {
    private static final long DAY = 19_000L * 86_400_000;

    @TempDir
    Path folder;

    private final AtomicInteger fallbacks = new AtomicInteger();

    private Path blocks(String name) throws IOException {
        TestingObjectStore store = new TestingObjectStore();
        TestingLake lake = new TestingLake(Files.createDirectories(folder.resolve(name)), store);
        TreeMap<Long, Double> samples = new TreeMap<>();
        for (int i = 0; i < 1000; i++) {
            samples.put(DAY + i * 15_000L, (double) i);
        }
        String key = lake.write(Map.of(Labels.of("__name__", "a"), samples)).getBlocksKey();
        Path file = folder.resolve(name + ".blocks.parquet");
        store.get(key, file);
        return file;
    }

    private MappedBlockReaders readers(long headerBytesMax) {
        return new MappedBlockReaders(
                headerBytesMax,
                (file, segment) -> {
                    fallbacks.incrementAndGet();
                    return MappedBlocks.load(file, segment).open();
                },
                new SimpleMeterRegistry());
    }

    private static int scan(BlockReader reader) {
        int[] samples = new int[1];
        reader.scan(0, Integer.MAX_VALUE, null, Long.MIN_VALUE, Long.MAX_VALUE, row -> samples[0] += row.sampleCount());
        return samples[0];
    }

    private boolean isMapped(Path file) throws IOException {
        return Files.readString(Path.of("/proc/self/maps"))
                .contains(folder.toRealPath().resolve(file.getFileName()).toString());
    }

    @Test
    void unmapsWhenForgottenAndItsLastReaderIsClosed() throws Exception {
        Path file = blocks("one");
        try (MappedBlockReaders readers = readers(1 << 20)) {
            BlockReader first = readers.open(file, "s");
            BlockReader second = readers.open(file, "s");
            assertThat(isMapped(file)).isTrue();
            long bytes = readers.headerBytes();
            assertThat(bytes).isPositive();
            Files.delete(file);
            readers.forget(file);
            assertThat(readers.headerBytes()).isZero();
            // A reader that is open goes on with the deleted file.
            assertThat(scan(first)).isEqualTo(1000);
            first.close();
            first.close();
            assertThat(scan(second)).isEqualTo(1000);
            assertThat(isMapped(file)).isTrue();
            second.close();
            assertThat(isMapped(file)).isFalse();
            assertThatThrownBy(() -> scan(second)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> readers.open(file, "s")).isInstanceOf(CorruptSegmentException.class);
        }
    }

    @Test
    void theLeastRecentlyUsedFileLeavesAtTheLimit() throws Exception {
        Path one = blocks("one");
        Path two = blocks("two");
        Path three = blocks("three");
        long each = MappedBlocks.load(one, "s").sizeBytes();
        try (MappedBlockReaders readers = readers(2 * each)) {
            for (Path file : new Path[] {one, two, one, three}) {
                try (BlockReader reader = readers.open(file, "s")) {
                    assertThat(scan(reader)).isEqualTo(1000);
                }
            }
            assertThat(readers.headerBytes()).isEqualTo(2 * each);
            assertThat(isMapped(three)).isTrue();
            assertThat(fallbacks).hasValue(0);
        }
        assertThat(isMapped(three)).isFalse();
        try (MappedBlockReaders readers = readers(each - 1);
                BlockReader reader = readers.open(one, "s")) {
            assertThat(scan(reader)).isEqualTo(1000);
            assertThat(fallbacks).hasValue(1);
            assertThat(readers.headerBytes()).isZero();
        }
    }

    @Test
    void aReplacedFileIsReadAnewAndADeletedOneIsNotKept() throws Exception {
        Path one = blocks("one");
        try (MappedBlockReaders readers = readers(1 << 20)) {
            readers.open(one, "s").close();
            long each = readers.headerBytes();
            Files.writeString(one, "no Parquet");
            Files.setLastModifiedTime(one, FileTime.fromMillis(1));
            assertThatThrownBy(() -> readers.open(one, "s")).isInstanceOf(CorruptSegmentException.class);
            assertThat(readers.headerBytes()).isZero();
            Path two = blocks("two");
            readers.open(two, "s").close();
            Files.delete(two);
            readers.open(blocks("three"), "s").close();
            assertThat(readers.headerBytes()).isEqualTo(each);
            assertThat(isMapped(two)).isFalse();
        }
    }

    @Test
    void stopsWhenCanceled() throws Exception {
        Path file = blocks("one");
        try (MappedBlockReaders readers = readers(1 << 20);
                BlockReader reader = readers.open(file, "s")) {
            AtomicInteger rows = new AtomicInteger();
            assertThatThrownBy(() -> reader.scan(0, 1, null, Long.MIN_VALUE, Long.MAX_VALUE, row -> {
                        rows.incrementAndGet();
                        reader.cancel();
                    }))
                    .isInstanceOf(CancellationException.class);
            assertThat(rows).hasValue(1);
        }
    }
}
