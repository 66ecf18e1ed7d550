package io.weir.queryworker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.weir.lake.artifact.ArtifactMeta;
import io.weir.lake.segment.CorruptSegmentException;
import io.weir.promql.labels.Labels;
import io.weir.proto.control.v1.WorkFailed.FailureClass;
import io.weir.proto.leaf.v1.Segment;
import io.weir.queryworker.artifact.ArtifactSigner;
import io.weir.queryworker.artifact.FileArtifactSpool;
import io.weir.queryworker.artifact.SpoolSettings;
import io.weir.queryworker.cache.CacheSettings;
import io.weir.queryworker.cache.CacheUse;
import io.weir.queryworker.cache.FileLease;
import io.weir.queryworker.cache.SegmentCache;
import io.weir.queryworker.cache.TestingCancellation;
import io.weir.queryworker.cache.TestingObjectStore;
import io.weir.queryworker.disk.DiskBudget;
import io.weir.queryworker.disk.DiskErrors;
import io.weir.queryworker.disk.DiskLimits;
import io.weir.queryworker.disk.DiskWatch;
import io.weir.queryworker.exec.TestingLake;
import io.weir.queryworker.workmanager.WorkFailureException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * What happens on a disk that is really full. A main program, since it runs with a small file system of its own, mounted at the given folder by
 * {@link FullDiskTest}.
 */
final class FullDiskScenario {
    private static final int MEBIBYTE = 1 << 20;

    private final Path mount;
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    private FullDiskScenario(Path mount) {
        this.mount = mount;
    }

    public static void main(String[] arguments) throws Exception {
        FullDiskScenario scenario = new FullDiskScenario(Path.of(arguments[0]));
        assertThat(Files.getFileStore(scenario.mount).getTotalSpace())
                .as("a small file system")
                .isEqualTo(48L * MEBIBYTE);
        scenario.theSystemsRefusalIsDiskFull();
        scenario.whatOthersTakeIsSeenBeforeTheSystemRefuses();
        scenario.theWorkerTakesNoWorkWhileTheDiskIsFull();
        System.out.println("scenario complete");
    }

    private long usable() {
        return mount.toFile().getUsableSpace();
    }

    private DiskBudget budget(DiskLimits limits) {
        return new DiskBudget(limits, System::currentTimeMillis, this::usable, registry);
    }

    /** Fills the file system up to so many free bytes. */
    private Path fill(long leaveBytes) throws IOException {
        Path file = mount.resolve("somebody-else");
        byte[] block = new byte[64 * 1024];
        try (OutputStream out = Files.newOutputStream(file)) {
            while (usable() > leaveBytes + block.length) {
                out.write(block);
                out.flush();
            }
        }
        return file;
    }

    /** Somebody else takes what is free, up to so many bytes at a time. */
    private void grow(Path file, int bytes) throws IOException {
        int more = (int) Math.min(bytes, usable() / 2);
        Files.write(file, new byte[more], StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private static Segment segment(TestingObjectStore store, int sizeBytes) throws Exception {
        byte[] content = new byte[sizeBytes];
        new Random(sizeBytes).nextBytes(content);
        String key = "blocks-" + sizeBytes;
        store.put(key, content);
        return Segment.newBuilder()
                .setId("segment-" + sizeBytes)
                .setBlocksKey(key)
                .setBlocksSizeBytes(sizeBytes)
                .setBlocksChecksum(HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256").digest(content)))
                .build();
    }

    private SegmentCache cache(TestingObjectStore store, DiskBudget budget) throws IOException {
        return new SegmentCache(
                mount.resolve("cache"),
                store,
                budget,
                (segment, file) -> {
                    throw new CorruptSegmentException("no series here");
                },
                CacheSettings.DEFAULT,
                System::currentTimeMillis,
                registry);
    }

    /** The budget knows nothing of the file system here: the system's own refusal has to be understood. */
    private void theSystemsRefusalIsDiskFull() throws Exception {
        DiskBudget blind = new DiskBudget(
                new DiskLimits(1L << 30, 0, 0, 0, 0, 0, 1_000),
                System::currentTimeMillis,
                () -> Long.MAX_VALUE,
                registry);
        var store = new TestingObjectStore();
        Segment large = segment(store, 60 * MEBIBYTE);
        Segment small = segment(store, MEBIBYTE);
        try (SegmentCache cache = cache(store, blind)) {
            CacheUse use = new CacheUse(new TestingCancellation());
            try {
                cache.blocks(large, use).close();
                throw new AssertionError("60 MiB fit on 48");
            } catch (WorkFailureException failure) {
                assertThat(failure.failureClass()).isEqualTo(FailureClass.DISK_FULL);
                assertThat(failure).hasMessageContaining("No space left on device");
            }
            assertThat(blind.cacheBytes()).as("nothing stays of it").isZero();
            assertThat(store.gets).as("a full disk is not tried again").hasValue(1);
            try (FileLease lease = cache.blocks(small, use)) {
                assertThat(Files.size(lease.path())).isEqualTo(MEBIBYTE);
            }
        }
        Path filler = fill(0);
        try {
            Files.write(mount.resolve("artifact"), new byte[4 * MEBIBYTE]);
            throw new AssertionError("a full disk took a file");
        } catch (IOException full) {
            assertThat(DiskErrors.isFull(full)).isTrue();
        } finally {
            Files.deleteIfExists(mount.resolve("artifact"));
            Files.delete(filler);
        }
    }

    private void whatOthersTakeIsSeenBeforeTheSystemRefuses() throws Exception {
        DiskBudget budget = budget(new DiskLimits(1L << 30, 0, 0, 0, 2L * MEBIBYTE, 0, 1_000));
        var store = new TestingObjectStore();
        var heard = new CopyOnWriteArrayList<Boolean>();
        try (SegmentCache cache = cache(store, budget);
                FileArtifactSpool spool = new FileArtifactSpool(
                        mount.resolve("spool"),
                        budget,
                        new ArtifactSigner(new byte[32]),
                        SpoolSettings.DEFAULT,
                        System::currentTimeMillis,
                        registry);
                DiskWatch watch = new DiskWatch(budget, MEBIBYTE, registry)) {
            watch.start(20, heard::add);
            Segment segment = segment(store, 5 * MEBIBYTE);
            cache.blocks(segment, new CacheUse(new TestingCancellation())).close();
            assertThat(budget.cacheBytes())
                    .as("the floor of a budget larger than the file system leaves room to the cache")
                    .isGreaterThanOrEqualTo(5L * MEBIBYTE);
            Path file = spool.reserve("w", 1, 20L * MEBIBYTE, () -> false).file();
            Files.write(file, new byte[20 * MEBIBYTE]);
            String url = spool.publish("w", 1, "api", file, new ArtifactMeta(20L * MEBIBYTE, "c0ffee", 1, 0, 0, 1));
            assertThat(url).contains("/w?");
            Path filler = mount.resolve("somebody-else");
            await().until(() -> {
                grow(filler, MEBIBYTE);
                return heard.equals(List.of(true));
            });
            assertThat(budget.cacheBytes()).as("the cache yields first").isZero();
            assertThat(file).as("nobody's work is lost for others").exists();
            try {
                Path refused = spool.reserve("x", 1, 4L * MEBIBYTE, () -> false).file();
                assertThat(file).as("its room comes from the oldest artifact").doesNotExist();
                assertThat(refused.getParent()).isEqualTo(file.getParent());
                spool.discard("x", 1);
            } finally {
                Files.delete(filler);
            }
            await().until(() -> heard.equals(List.of(true, false)));
        }
    }

    private void theWorkerTakesNoWorkWhileTheDiskIsFull() throws Exception {
        var store = new TestingObjectStore();
        TreeMap<Long, Double> samples = new TreeMap<>();
        for (int i = 0; i <= 40; i++) {
            samples.put(WorkerProcessTest.DAY + i * 15_000L, (double) i);
        }
        Segment segment =
                new TestingLake(mount, store).write(Map.of(Labels.of("__name__", "up", "instance", "a"), samples));
        WorkerSettings settings = WorkerSettings.of(mount.resolve("data"), 2, 32L * MEBIBYTE)
                .withDisk(new DiskLimits(32L * MEBIBYTE, 0, 0, 0, 4L * MEBIBYTE, 100, 50));
        try (WorkerProcess worker = WorkerProcess.start(settings, store, registry);
                TestingWorkerApi api = new TestingWorkerApi(worker.grpcPort())) {
            String ready = "http://127.0.0.1:" + worker.httpPort() + "/readyz";
            api.await(message ->
                    message.hasHello() && message.getHello().getStatus().getAcceptingWork());
            Path filler = fill(5L * MEBIBYTE);
            api.await(message -> message.hasStatus() && !message.getStatus().getAcceptingWork());
            assertThat(body(ready)).isEqualTo("DISK_FULL\n");
            api.assign("w1", segment);
            assertThat(api.await(message -> message.hasRejected()).getRejected().getWorkId())
                    .isEqualTo("w1");
            Files.delete(filler);
            api.await(message -> message.hasStatus() && message.getStatus().getAcceptingWork());
            api.assign("w2", segment);
            assertThat(api.await(message -> message.hasReady() || message.hasFailed())
                            .getReady()
                            .getRowCount())
                    .isEqualTo(11);
            assertThat(body(ready)).isEqualTo("READY\n");
        }
    }

    private static String body(String url) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }
}
