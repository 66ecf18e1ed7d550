package io.weir.queryworker.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.lake.segment.CorruptSegmentException;
import io.weir.lake.segment.SeriesIndex;
import io.weir.lake.store.ObjectStore;
import io.weir.lake.store.S3ObjectStore;
import io.weir.lake.store.S3Settings;
import io.weir.promql.labels.LabelMatcher;
import io.weir.promql.labels.Labels;
import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.proto.leaf.v1.Segment;
import io.weir.queryworker.disk.DiskBudget;
import io.weir.queryworker.disk.DiskErrors;
import io.weir.queryworker.disk.DiskLimits;
import io.weir.queryworker.workmanager.WorkFailureException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SegmentCacheTest {
    private static final int OBJECT_BYTES = 10_000;
    private static final DiskLimits LIMITS = new DiskLimits(100_000, 80_000, 60_000, 20_000, 0, 0, 1_000);

    @TempDir
    Path folder;

    private final TestingObjectStore store = new TestingObjectStore();
    private final AtomicLong clock = new AtomicLong(1_700_000_000_000L);
    private final AtomicInteger loads = new AtomicInteger();
    private final CacheUse use = new CacheUse(new TestingCancellation());
    private SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private DiskBudget budget;
    private SegmentCache cache;

    @BeforeEach
    void start() throws IOException {
        open(LIMITS);
    }

    private void open(DiskLimits limits) throws IOException {
        registry = new SimpleMeterRegistry();
        budget = new DiskBudget(limits, clock::get, () -> Long.MAX_VALUE, registry);
        cache = new SegmentCache(
                folder.resolve("cache"),
                store,
                budget,
                (segment, file) -> {
                    loads.incrementAndGet();
                    if (Files.readAllBytes(file)[0] == 'X') {
                        throw new CorruptSegmentException("bad series of " + segment.getId());
                    }
                    return new TestingIndex(1000);
                },
                new CacheSettings(2500, 4, 30_000, 3, 10),
                clock::get,
                registry);
    }

    @AfterEach
    void stop() {
        cache.close();
    }

    private record TestingIndex(long sizeBytes) implements SeriesIndex {
        @Override
        public int size() {
            return 0;
        }

        @Override
        public Labels labels(int ordinal) {
            return Labels.EMPTY;
        }

        @Override
        public int shard(int ordinal) {
            return 0;
        }

        @Override
        public long minTimeMillis(int ordinal) {
            return 0;
        }

        @Override
        public long maxTimeMillis(int ordinal) {
            return 0;
        }

        @Override
        public BitSet select(List<LabelMatcher> matchers, int shardFrom, int shardTo) {
            return new BitSet();
        }
    }

    private static String sha256(byte[] content) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    }

    private Segment segment(int number) throws Exception {
        byte[] blocks = new byte[OBJECT_BYTES];
        new Random(number).nextBytes(blocks);
        byte[] series = ("series of " + number).getBytes(java.nio.charset.StandardCharsets.UTF_8);
        store.put("blocks-" + number, blocks);
        store.put("series-" + number, series);
        return Segment.newBuilder()
                .setId("segment-" + number)
                .setBlocksKey("blocks-" + number)
                .setBlocksSizeBytes(blocks.length)
                .setBlocksChecksum(sha256(blocks))
                .setSeriesKey("series-" + number)
                .setSeriesSizeBytes(series.length)
                .setSeriesChecksum(sha256(series))
                .build();
    }

    private static void assertFailure(Callable<?> call, FailureClass expected, String text) {
        assertThatThrownBy(call::call)
                .isInstanceOfSatisfying(
                        WorkFailureException.class,
                        e -> assertThat(e.failureClass()).isEqualTo(expected))
                .hasMessageContaining(text);
    }

    private long filesInCache() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("cache"))) {
            return files.count();
        }
    }

    @Test
    void fetchesOnceForEverybodyAtTheSameTime() throws Exception {
        Segment segment = segment(1);
        store.gate = new CountDownLatch(1);
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<byte[]>> readers = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                readers.add(pool.submit(() -> {
                    try (FileLease lease = cache.blocks(segment, new CacheUse(new TestingCancellation()))) {
                        return Files.readAllBytes(lease.path());
                    }
                }));
            }
            store.gate.countDown();
            for (Future<byte[]> reader : readers) {
                assertThat(sha256(reader.get())).isEqualTo(segment.getBlocksChecksum());
            }
        }
        assertThat(store.gets).hasValue(1);
        try (FileLease lease = cache.blocks(segment, use)) {
            assertThat(lease.inPlace()).isFalse();
        }
        assertThat(use.downloadedBytes()).isZero();
        assertThat(store.gets).hasValue(1);
    }

    @Test
    void aMissingObjectNamesItsSegment() throws Exception {
        Segment segment = segment(1);
        store.delete("blocks-1");
        store.delete("series-1");
        assertFailure(() -> cache.blocks(segment, use), FailureClass.MISSING_OBJECT, "segment-1");
        assertFailure(() -> cache.index(segment, use), FailureClass.MISSING_OBJECT, "segment-1");
        assertThat(budget.cacheBytes()).isZero();
        segment(1);
        cache.blocks(segment, use).close();
        assertThat(use.downloadedBytes()).isEqualTo(OBJECT_BYTES);
    }

    @Test
    void aDamagedDownloadIsFetchedOnceMore() throws Exception {
        Segment segment = segment(1);
        store.damagedGets.set(1);
        cache.blocks(segment, use).close();
        assertThat(store.gets).hasValue(2);
        Segment other = segment(2);
        store.damagedGets.set(2);
        assertFailure(() -> cache.blocks(other, use), FailureClass.CORRUPT_OBJECT, "segment-2");
        assertThat(store.gets).hasValue(4);
        assertThat(filesInCache()).isEqualTo(1);
        assertThat(budget.cacheBytes()).isEqualTo(OBJECT_BYTES);
    }

    @Test
    void aCopyDamagedOnDiskIsDroppedAndFetchedAgain() throws Exception {
        Segment segment = segment(1);
        Path file;
        try (FileLease lease = cache.blocks(segment, use)) {
            file = lease.path();
        }
        assertThat(cache.dropBlocksIfDamaged(segment)).as("it is intact").isFalse();
        byte[] content = Files.readAllBytes(file);
        content[77] ^= 4;
        Files.write(file, content);
        assertThat(cache.dropBlocksIfDamaged(segment)).isTrue();
        try (FileLease lease = cache.blocks(segment, use)) {
            assertThat(sha256(Files.readAllBytes(lease.path()))).isEqualTo(segment.getBlocksChecksum());
        }
        assertThat(store.gets).hasValue(2);
    }

    @Test
    void anObjectUsedInPlaceIsVerifiedBeforeItsFirstUseAndAfterEveryChange() throws Exception {
        Segment segment = segment(1);
        Path file = folder.resolve("blocks-1.parquet");
        store.get("blocks-1", file);
        store.localFiles.put("blocks-1", file);
        byte[] good = Files.readAllBytes(file);
        byte[] flipped = good.clone();
        flipped[good.length - 1] ^= 1;
        Files.write(file, flipped);
        assertFailure(() -> cache.blocks(segment, use), FailureClass.CORRUPT_OBJECT, "segment-1");

        Files.write(file, good);
        try (FileLease lease = cache.blocks(segment, use)) {
            assertThat(lease.inPlace()).isTrue();
            assertThat(lease.path()).isEqualTo(file);
        }
        assertThat(verifications()).as("the damaged file and the good one").isEqualTo(2);
        cache.blocks(segment, use).close();
        assertThat(verifications()).as("an unchanged file is not read again").isEqualTo(2);

        Files.write(file, flipped);
        Files.setLastModifiedTime(file, FileTime.fromMillis(clock.get()));
        assertFailure(() -> cache.blocks(segment, use), FailureClass.CORRUPT_OBJECT, "SHA-256");
        assertFailure(() -> cache.blocks(segment, use), FailureClass.CORRUPT_OBJECT, "blocks-1");
        Files.write(file, java.util.Arrays.copyOf(good, 100));
        assertFailure(() -> cache.blocks(segment, use), FailureClass.CORRUPT_OBJECT, "has 100 bytes");
        Files.delete(file);
        assertFailure(() -> cache.blocks(segment, use), FailureClass.MISSING_OBJECT, "segment-1");
        Files.write(file, good);
        cache.blocks(segment, use).close();
    }

    private long verifications() {
        return registry.timer("weir_segment_verify").count();
    }

    @Test
    void leasedFilesStayAndTheLeastRecentlyUsedLeave() throws Exception {
        List<Segment> segments = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            segments.add(segment(i));
        }
        FileLease pinned = cache.blocks(segments.get(0), use);
        for (Segment segment : segments.subList(1, 6)) {
            cache.blocks(segment, use).close();
        }
        cache.blocks(segments.get(1), use).close();
        assertThat(budget.cacheBytes()).isEqualTo(60_000);
        cache.blocks(segments.get(6), use).close();
        assertThat(pinned.path()).exists();
        int before = store.gets.get();
        cache.blocks(segments.get(0), use).close();
        cache.blocks(segments.get(1), use).close();
        cache.blocks(segments.get(6), use).close();
        assertThat(store.gets).as("pinned, just used, and new are still there").hasValue(before);
        cache.blocks(segments.get(2), use).close();
        assertThat(store.gets).as("the least recently used is not").hasValue(before + 1);
        pinned.close();
    }

    @Test
    void aCacheFullOfLeasedFilesIsDiskFull() throws Exception {
        List<FileLease> leases = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            leases.add(cache.blocks(segment(i), use));
        }
        Segment more = segment(6);
        assertFailure(() -> cache.blocks(more, use), FailureClass.DISK_FULL, "segment-6");
        leases.forEach(FileLease::close);
        cache.blocks(more, use).close();
    }

    @Test
    void aRestartKeepsCompleteFilesOnly() throws Exception {
        List<Segment> segments = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            segments.add(segment(i));
            clock.addAndGet(1000);
            cache.blocks(segments.get(i), use).close();
        }
        try (FileLease lease = cache.blocks(segments.get(0), use)) {
            byte[] content = Files.readAllBytes(lease.path());
            Files.write(lease.path(), java.util.Arrays.copyOf(content, 100));
        }
        Files.writeString(folder.resolve("cache/7.part"), "half a download");
        cache.close();
        open(LIMITS);
        assertThat(filesInCache()).isEqualTo(3);
        assertThat(budget.cacheBytes()).isEqualTo(3 * OBJECT_BYTES);
        int before = store.gets.get();
        for (Segment segment : segments.subList(1, 4)) {
            cache.blocks(segment, use).close();
        }
        assertThat(store.gets).hasValue(before);
        cache.blocks(segments.get(0), use).close();
        assertThat(store.gets).hasValue(before + 1);

        cache.close();
        open(new DiskLimits(50_000, 40_000, 30_000, 20_000, 0, 0, 1_000));
        assertThat(filesInCache()).as("a smaller budget keeps the youngest").isEqualTo(2);
    }

    private double counter(String name) {
        return registry.get(name).counter().count();
    }

    @Test
    void filesOfAnEarlierRunAreCountedAtOnceAndVerifiedBeforeTheirFirstUse() throws Exception {
        Segment intact = segment(1);
        Segment flipped = segment(2);
        cache.blocks(intact, use).close();
        try (FileLease lease = cache.blocks(flipped, use)) {
            byte[] content = Files.readAllBytes(lease.path());
            content[5_000] ^= 8;
            Files.write(lease.path(), content);
        }
        // Killed, not closed: nothing is written down at the end.
        Files.writeString(folder.resolve("cache/.part-123"), "half a file");
        Files.writeString(folder.resolve("cache/12.part"), "half a file");
        open(LIMITS);
        assertThat(filesInCache()).as("what is not complete is gone").isEqualTo(2);
        assertThat(registry.get("weir_segment_cache_bytes").gauge().value()).isEqualTo(2 * OBJECT_BYTES);
        assertThat(registry.get("weir_segment_cache_files").gauge().value()).isEqualTo(2);
        int before = store.gets.get();
        cache.blocks(intact, use).close();
        assertThat(store.gets).hasValue(before);
        assertThat(counter("weir_segment_cache_hits_total")).isEqualTo(1);
        try (FileLease lease = cache.blocks(flipped, use)) {
            assertThat(sha256(Files.readAllBytes(lease.path()))).isEqualTo(flipped.getBlocksChecksum());
        }
        assertThat(store.gets).as("the damaged one is fetched again").hasValue(before + 1);
        assertThat(counter("weir_segment_cache_misses_total")).isEqualTo(1);
        assertThat(filesInCache()).isEqualTo(2);
        assertThat(budget.cacheBytes()).isEqualTo(2 * OBJECT_BYTES);
    }

    @Test
    void aStoreThatFailsIsAskedAgainAndAFailureIsShared() throws Exception {
        Segment segment = segment(1);
        store.failedGets.set(2);
        cache.blocks(segment, use).close();
        assertThat(store.gets).hasValue(3);
        assertThat(counter("weir_download_retries_total")).isEqualTo(2);

        Segment other = segment(2);
        store.gets.set(0);
        store.failedGets.set(3);
        store.gate = new CountDownLatch(1);
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<FileLease>> readers = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                readers.add(pool.submit(() -> cache.blocks(other, new CacheUse(new TestingCancellation()))));
            }
            while (store.gets.get() == 0) {
                Thread.onSpinWait();
            }
            Thread.sleep(50);
            store.gate.countDown();
            for (Future<FileLease> reader : readers) {
                assertThatThrownBy(reader::get).hasMessageContaining("the store fails");
            }
        }
        assertThat(store.gets).as("tried three times for all ten").hasValue(3);
        assertThat(budget.cacheBytes()).isEqualTo(OBJECT_BYTES);
        cache.blocks(other, use).close();
        assertThat(store.gets).as("the next one tries anew").hasValue(4);
    }

    @Test
    void aStoreBehindHttpThatAnswers503IsAskedAgain() throws Exception {
        Segment segment = segment(1);
        byte[] blocks = new byte[OBJECT_BYTES];
        new Random(1).nextBytes(blocks);
        AtomicInteger requests = new AtomicInteger();
        HttpServer http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        http.createContext("/", exchange -> {
            if (requests.incrementAndGet() <= 4) {
                exchange.sendResponseHeaders(503, -1);
            } else {
                exchange.sendResponseHeaders(200, blocks.length);
                exchange.getResponseBody().write(blocks);
            }
            exchange.close();
        });
        http.start();
        S3Settings settings = new S3Settings(
                "http://127.0.0.1:" + http.getAddress().getPort(), "", true, "a", "b", "", 2, 1_000, 5_000, 20_000, 8);
        cache.close();
        try (ObjectStore s3 = new S3ObjectStore("bucket", "", settings);
                SegmentCache remote = new SegmentCache(
                        folder.resolve("remote"),
                        s3,
                        new DiskBudget(LIMITS, clock::get, () -> Long.MAX_VALUE, new SimpleMeterRegistry()),
                        (any, file) -> new TestingIndex(1),
                        new CacheSettings(2500, 4, 30_000, 3, 10),
                        clock::get,
                        registry);
                FileLease lease = remote.blocks(segment, use)) {
            assertThat(Files.readAllBytes(lease.path())).isEqualTo(blocks);
        } finally {
            http.stop(0);
        }
        assertThat(requests)
                .as("twice two tries of the client, then the answer")
                .hasValue(5);
    }

    @Test
    void downloadsTakeNoRoomBeforeTheirTurn() throws Exception {
        List<Segment> segments = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            segments.add(segment(i));
        }
        store.gate = new CountDownLatch(1);
        cache.prefetchBlocks(segments, use);
        while (store.gets.get() < 4) {
            Thread.onSpinWait();
        }
        Thread.sleep(100);
        assertThat(store.gets).as("downloads at a time").hasValue(4);
        assertThat(budget.cacheBytes()).isEqualTo(4 * OBJECT_BYTES);
        store.gate.countDown();
        for (Segment segment : segments) {
            cache.blocks(segment, use).close();
        }
        assertThat(store.gets).hasValue(6);
    }

    @Test
    void aFullDiskIsToldByTheSystemsText() {
        assertThat(DiskErrors.isFull(new IOException("copy failed", new IOException("No space left on device"))))
                .isTrue();
        assertThat(DiskErrors.isFull(new IOException("x: Disk quota exceeded"))).isTrue();
        assertThat(DiskErrors.isFull(new IOException("Connection reset"))).isFalse();
    }

    @Test
    void indexesAreLoadedOnceAndBoundedInMemory() throws Exception {
        List<Segment> segments = List.of(segment(1), segment(2), segment(3));
        assertThat(cache.indexes(segments.subList(0, 2), use)).hasSize(2);
        SeriesIndex second = cache.index(segments.get(1), use);
        assertThat(cache.index(segments.get(1), use)).isSameAs(second);
        assertThat(loads).hasValue(2);
        cache.index(segments.get(2), use);
        cache.index(segments.get(1), use);
        assertThat(loads).hasValue(3);
        cache.index(segments.get(0), use);
        assertThat(loads).as("the first had to leave").hasValue(4);
    }

    @Test
    void aSeriesFileThatIsDamagedAtItsSourceIsCorrupt() throws Exception {
        byte[] series = "X".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        store.put("bad", series);
        Segment segment = segment(1).toBuilder()
                .setSeriesKey("bad")
                .setSeriesSizeBytes(1)
                .setSeriesChecksum(sha256(series))
                .build();
        assertFailure(() -> cache.index(segment, use), FailureClass.CORRUPT_OBJECT, "segment-1");
    }

    @Test
    void cancellationAndDeadlineEndTheWaitButNotTheDownload() throws Exception {
        Segment segment = segment(1);
        store.gate = new CountDownLatch(1);
        var canceled = new TestingCancellation();
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<FileLease> waiting = pool.submit(() -> cache.blocks(segment, new CacheUse(canceled)));
            while (store.gets.get() == 0) {
                Thread.onSpinWait();
            }
            canceled.cancel();
            assertThatThrownBy(waiting::get).hasRootCauseInstanceOf(java.util.concurrent.CancellationException.class);
        }
        var late = new TestingCancellation();
        late.setRemainingMillis(5);
        assertFailure(() -> cache.blocks(segment, new CacheUse(late)), FailureClass.DEADLINE_EXCEEDED, "segment-1");
        store.gate.countDown();
        cache.blocks(segment, use).close();
        assertThat(store.gets).hasValue(1);
    }

    @Test
    void aSegmentWithoutChecksumIsRefused() throws Exception {
        Segment segment = segment(1).toBuilder().setBlocksChecksum("../../etc").build();
        assertFailure(() -> cache.blocks(segment, use), FailureClass.INTERNAL, "without a SHA-256");
    }

    @Test
    void aDownloadThatNobodyWaitsForAnyMoreIsAborted() throws Exception {
        Segment segment = segment(1);
        store.gate = new CountDownLatch(1);
        var first = new TestingCancellation();
        var second = new TestingCancellation();
        try (ExecutorService pool = Executors.newFixedThreadPool(2)) {
            Future<FileLease> one = pool.submit(() -> blocksAndLeave(segment, first));
            await().until(() -> store.gets.get() == 1);
            Future<FileLease> two = pool.submit(() -> blocksAndLeave(segment, second));
            await().until(second::isWatched);
            first.cancel();
            assertThatThrownBy(one::get).hasRootCauseInstanceOf(java.util.concurrent.CancellationException.class);
            Thread.sleep(200);
            assertThat(store.interrupted.get()).as("somebody else still waits").isZero();
            second.cancel();
            assertThatThrownBy(two::get).hasRootCauseInstanceOf(java.util.concurrent.CancellationException.class);
        }
        await().until(() -> store.interrupted.get() == 1);
        await().until(() -> budget.cacheBytes() == 0);
        try (var files = Files.list(folder.resolve("cache"))) {
            assertThat(files).as("nothing of it is left").isEmpty();
        }
        store.gate = new CountDownLatch(0);
        try (FileLease lease = cache.blocks(segment, use)) {
            assertThat(Files.size(lease.path())).isPositive();
        }
        assertThat(store.gets.get()).isEqualTo(2);
    }

    @Test
    void prefetchedDownloadsAndIndexesEndWithTheWorkThatWantedThem() throws Exception {
        Segment segment = segment(1);
        store.gate = new CountDownLatch(1);
        var canceled = new TestingCancellation();
        try (ExecutorService pool = Executors.newFixedThreadPool(1)) {
            Future<Object> work = pool.submit(() -> {
                try (CacheUse mine = new CacheUse(canceled)) {
                    cache.prefetchBlocks(List.of(segment), mine);
                    return cache.index(segment, mine);
                }
            });
            await().until(() -> store.gets.get() == 2);
            canceled.cancel();
            assertThatThrownBy(work::get).hasRootCauseInstanceOf(java.util.concurrent.CancellationException.class);
        }
        await().until(() -> store.interrupted.get() == 2);
        await().until(() -> budget.cacheBytes() == 0);
    }

    private FileLease blocksAndLeave(Segment segment, TestingCancellation cancellation) throws Exception {
        try (CacheUse mine = new CacheUse(cancellation)) {
            return cache.blocks(segment, mine);
        }
    }
}
