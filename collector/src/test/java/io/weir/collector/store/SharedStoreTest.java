package io.weir.collector.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.ingest.error.IngestException;
import io.weir.ingest.memory.HeadLimits;
import io.weir.ingest.memory.SeriesRegistry;
import io.weir.ingest.memory.WriteBatch;
import io.weir.promql.labels.Labels;
import io.weir.sketch.DdSketch;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many senders, fetchers and the sweeper at once: what was closed when it was fetched first is the same ever after. */
@Timeout(60)
final class SharedStoreTest {
    private static final long T0 = 1_700_000_000_000L;
    private static final long INTERVAL = 100;

    private final SeriesRegistry registry = new SeriesRegistry(HeadLimits.defaults(), 7);
    private final AtomicLong now = new AtomicLong(T0);
    private final AtomicLong added = new AtomicLong();
    private final AtomicLong late = new AtomicLong();
    private final AtomicLong repeated = new AtomicLong();
    private final SharedStore store = new SharedStore(
            new StoreSettings(INTERVAL, 200, 600_000, 16, 64 << 20),
            SketchParameters.DEFAULT,
            registry,
            () -> Instant.ofEpochMilli(now.get()),
            batch -> {
                added.addAndGet(batch.added());
                late.addAndGet(batch.late());
                repeated.addAndGet(batch.repeated());
            });

    /** Weight of a window, all series together. */
    private double weight(Selection selection) {
        return selection.series().stream()
                .mapToDouble(series -> ((DdSketch) series.sketch(SketchParameters.Kind.QUANTILES)).count())
                .sum();
    }

    private Selection select(long from, long to) throws Exception {
        return store.select("default", "latency", List.of(), from, to, 1_000, 0);
    }

    @Test
    void whatAFullStoreRefusesIsToldToTheSenderAndCounted() {
        AtomicLong taken = new AtomicLong();
        AtomicLong refused = new AtomicLong();
        SharedStore small = new SharedStore(
                new StoreSettings(INTERVAL, 200, 600_000, 16, 1),
                SketchParameters.DEFAULT,
                registry,
                () -> Instant.ofEpochMilli(now.get()),
                batch -> {
                    taken.addAndGet(batch.added());
                    refused.addAndGet(batch.refused());
                });
        WriteBatch batch = new WriteBatch();
        Labels labels = Labels.of("__name__", "latency", "service", "web");
        for (int i = 0; i < 3; i++) {
            batch.add(registry.tenant("default").intern(labels), T0 + i, i);
        }
        assertThatThrownBy(() -> small.commit(batch))
                .isInstanceOfSatisfying(
                        IngestException.class, e -> assertThat(e.reason()).isEqualTo(IngestException.Reason.OVERLOADED))
                .hasMessageContaining("collector-store-bytes-max=1 ");
        assertThat(taken).hasValue(1);
        assertThat(refused).hasValue(2);
    }

    @Test
    void aClosedWindowIsTheSameForEverAndNothingIsLostOrCountedTwice() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed=" + seed);
        int senders = 3;
        int requests = 800;
        AtomicLong sent = new AtomicLong();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> running = new ArrayList<>();
            for (int sender = 0; sender < senders; sender++) {
                Random random = new Random(seed + sender);
                Labels labels = Labels.of("__name__", "latency", "sender", "" + sender);
                running.add(threads.submit(() -> {
                    for (int i = 0; i < requests; i++) {
                        WriteBatch batch = new WriteBatch();
                        long time = now.addAndGet(senders) - random.nextInt(150);
                        batch.add(registry.tenant("default").intern(labels), time, random.nextDouble());
                        store.commit(batch);
                        sent.incrementAndGet();
                    }
                    return null;
                }));
            }
            running.add(threads.submit(() -> {
                for (int i = 0; i < 400; i++) {
                    Selection first = select(T0, now.get() / INTERVAL * INTERVAL + INTERVAL);
                    double weight = weight(first);
                    if (first.coveredToMillis() > T0) {
                        assertThat(weight(select(T0, first.coveredToMillis()))).isEqualTo(weight);
                    }
                    store.sweep();
                }
                return null;
            }));
            for (Future<?> each : running) {
                each.get();
            }
        }
        assertThat(added.get() + late.get() + repeated.get()).isEqualTo(sent.get());
        now.addAndGet(1_000);
        assertThat(weight(select(T0 - 10 * INTERVAL, now.get() / INTERVAL * INTERVAL)))
                .isEqualTo(added.get());
        assertThat(added.get()).isPositive();
    }
}
