package io.weir.queryworker.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The budget with threads and real files: waits, refusals, and never more on the disk than allowed. */
final class DiskBudgetTest {
    @TempDir
    Path folder;

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final AtomicLong usable = new AtomicLong(Long.MAX_VALUE);
    private final List<String> evicted = new CopyOnWriteArrayList<>();

    private DiskBudget budget(long waitMillis) {
        DiskBudget budget = new DiskBudget(
                new DiskLimits(1_000, 900, 700, 200, 50, waitMillis, 1_000), () -> 0, usable::get, registry);
        budget.setCacheEvictor(evicted::add);
        budget.setArtifactEvictor((id, lost) -> evicted.add(id + (lost ? " lost" : "")));
        return budget;
    }

    private double counter(String name, String... tags) {
        return registry.get(name).tags(tags).counter().count();
    }

    @Test
    void whoFindsNoRoomWaitsForAnAcknowledgementBeforeWorkIsLost() throws Exception {
        DiskBudget budget = budget(20_000);
        budget.admitArtifact("a", 800, () -> false);
        budget.publishArtifact("a", 800, Long.MAX_VALUE);
        CompletableFuture<Void> second = CompletableFuture.runAsync(() -> admit(budget, "b", 500));
        Thread.sleep(200);
        assertThat(second).isNotDone();
        budget.acknowledgeArtifact("a");
        second.get(20, TimeUnit.SECONDS);
        assertThat(evicted).containsExactly("a");
        assertThat(counter("weir_disk_evictions_total", "kind", "acknowledged")).isEqualTo(1);
        assertThat(counter("weir_disk_evictions_total", "kind", "unacknowledged"))
                .isZero();
    }

    private static void admit(DiskBudget budget, String id, long size) {
        try {
            budget.admitArtifact(id, size, () -> false);
        } catch (DiskFullException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whenNobodyAcknowledgesTheOldestIsLost() throws Exception {
        DiskBudget budget = budget(100);
        for (String id : List.of("oldest", "younger")) {
            budget.admitArtifact(id, 400, () -> false);
            budget.publishArtifact(id, 400, Long.MAX_VALUE);
        }
        budget.admitArtifact("new", 400, () -> false);
        assertThat(evicted).containsExactly("oldest lost");
        assertThat(counter("weir_disk_evictions_total", "kind", "unacknowledged"))
                .isEqualTo(1);
        budget.growArtifact("new", 500, () -> false);
        assertThat(evicted).containsExactly("oldest lost");
        assertThatThrownBy(() -> budget.growArtifact("new", 1_001, () -> false))
                .isInstanceOf(DiskFullException.class)
                .hasMessageContaining("worker-disk-total-bytes-max");
        assertThat(counter("weir_disk_refusals_total")).isEqualTo(1);
        assertThat(budget.artifactBytes()).as("a refusal changes nothing").isEqualTo(900);
    }

    @Test
    void aWaitEndsWhenItsWorkIsGivenUpAndAfterItsTime() throws Exception {
        DiskBudget budget = budget(60_000);
        budget.admitCached("pinned", 700);
        AtomicBoolean givenUp = new AtomicBoolean();
        CompletableFuture<Throwable> waiting = CompletableFuture.supplyAsync(() -> {
            try {
                budget.admitArtifact("a", 400, givenUp::get);
                return new AssertionError("it got room");
            } catch (DiskFullException e) {
                return e;
            }
        });
        Thread.sleep(100);
        assertThat(waiting).isNotDone();
        givenUp.set(true);
        assertThat(waiting.get(20, TimeUnit.SECONDS)).isInstanceOf(DiskFullException.class);
        DiskBudget impatient = budget(50);
        impatient.admitCached("pinned", 700);
        assertThatThrownBy(() -> impatient.admitCached("more", 100)).isInstanceOf(DiskFullException.class);
        impatient.unpinCached("pinned");
        impatient.admitCached("more", 100);
        assertThat(evicted).contains("pinned");
    }

    @Test
    void theWatchSaysWhenTheDiskIsFullAndWhenItHasRoomAgain() throws Exception {
        DiskBudget budget = budget(0);
        List<Boolean> heard = new CopyOnWriteArrayList<>();
        try (DiskWatch watch = new DiskWatch(budget, 100, registry)) {
            watch.start(10, heard::add);
            assertThat(heard).isEmpty();
            budget.admitCached("cached", 300);
            budget.writtenCached("cached", 300);
            budget.unpinCached("cached");
            usable.set(40);
            await(() -> heard.equals(List.of(true)));
            assertThat(evicted)
                    .as("the cache yields to others on the file system")
                    .containsExactly("cached");
            assertThat(registry.get("weir_disk_full").gauge().value()).isEqualTo(1);
            assertThatThrownBy(() -> budget.admitArtifact("a", 10, () -> false))
                    .hasMessageContaining("40 bytes left, 50 of them for others");
            usable.set(200);
            Thread.sleep(100);
            assertThat(heard)
                    .as("room for one artifact is not enough to begin again")
                    .containsExactly(true);
            usable.set(260);
            await(() -> heard.equals(List.of(true, false)));
            assertThat(watch.isFull()).isFalse();
        }
    }

    private static void await(java.util.function.BooleanSupplier condition) {
        org.awaitility.Awaitility.await().until(condition::getAsBoolean);
    }

    /** Threads write, grow, publish, read and drop real files; another thread sums what lies in the folder all the time. */
    @Test
    void realFilesNeverTakeMoreThanTheTotal() throws Exception {
        long total = 1_000_000;
        DiskBudget budget = new DiskBudget(
                new DiskLimits(total, 0, 0, 0, 0, 20, 1_000),
                System::currentTimeMillis,
                () -> Long.MAX_VALUE,
                registry);
        var lost = new ConcurrentHashMap<String, Boolean>();
        budget.setCacheEvictor(id -> delete(folder.resolve(id)));
        budget.setArtifactEvictor((id, wasLost) -> {
            delete(folder.resolve(id));
            lost.put(id, wasLost);
        });
        AtomicBoolean over = new AtomicBoolean();
        long seed = Long.getLong("weir.seed", System.nanoTime());
        System.out.println("seed=" + seed);
        List<Future<Integer>> writers = new ArrayList<>();
        long most = 0;
        try (ExecutorService pool = Executors.newFixedThreadPool(5)) {
            for (int i = 0; i < 4; i++) {
                int writer = i;
                SplittableRandom random = new SplittableRandom(seed + i);
                writers.add(pool.submit(() -> write(budget, writer, random, over)));
            }
            long endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(3);
            while (System.nanoTime() < endNanos) {
                most = Math.max(most, bytesInFolder());
            }
            over.set(true);
            int written = 0;
            for (Future<Integer> writer : writers) {
                written += writer.get(20, TimeUnit.SECONDS);
            }
            assertThat(written).isGreaterThan(20);
        }
        assertThat(most).isGreaterThan(total / 2).isLessThanOrEqualTo(total);
        assertThat(budget.artifactBytes() + budget.cacheBytes())
                .as("the books are what lies there")
                .isEqualTo(bytesInFolder());
        assertThat(lost).containsValue(false);
    }

    private int write(DiskBudget budget, int writer, SplittableRandom random, AtomicBoolean over) throws IOException {
        int written = 0;
        for (int i = 0; !over.get(); i++) {
            String id = writer + "-" + i;
            int size = random.nextInt(1_000, 200_000);
            try {
                if (random.nextBoolean()) {
                    budget.admitCached(id, size);
                    Files.write(folder.resolve(id), new byte[size]);
                    budget.writtenCached(id, size);
                    budget.unpinCached(id);
                } else {
                    artifact(budget, id, size, random);
                }
                written++;
            } catch (DiskFullException full) {
                Thread.onSpinWait();
            }
        }
        return written;
    }

    private void artifact(DiskBudget budget, String id, int size, SplittableRandom random) throws IOException {
        budget.admitArtifact(id, size / 4, () -> false);
        try {
            Files.write(folder.resolve(id), new byte[size / 4]);
            budget.growArtifact(id, size, () -> false);
        } catch (DiskFullException full) {
            delete(folder.resolve(id));
            budget.removeArtifact(id);
            throw full;
        }
        Files.write(folder.resolve(id), new byte[size]);
        budget.publishArtifact(id, size, System.currentTimeMillis() + 50);
        if (random.nextBoolean()) {
            budget.acknowledgeArtifact(id);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Two looks that agree are a moment; else files came and went in between, and 0 is returned. */
    private long bytesInFolder() throws IOException {
        Map<Path, Long> first = sizes();
        return first.equals(sizes())
                ? first.values().stream().mapToLong(Long::longValue).sum()
                : 0;
    }

    private Map<Path, Long> sizes() throws IOException {
        Map<Path, Long> sizes = new HashMap<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                try {
                    sizes.put(file, Files.size(file));
                } catch (NoSuchFileException gone) {
                    sizes.remove(file);
                }
            }
        }
        return sizes;
    }
}
