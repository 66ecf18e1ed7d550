package io.weir.collector.store;

import io.weir.ingest.commit.SampleStore;
import io.weir.ingest.error.IngestException;
import io.weir.ingest.memory.SeriesRegistry;
import io.weir.ingest.memory.WriteBatch;
import io.weir.promql.labels.LabelMatcher;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * A {@link SketchStore} for many threads, with a clock: one lock, held only while samples are added or intervals are selected. Sketches are
 * merged outside of it. Whoever holds the lock is the registry's commit thread.
 */
public final class SharedStore implements SampleStore {
    private final StoreSettings settings;
    private final SeriesRegistry registry;
    private final InstantSource clock;
    private final Consumer<SketchStore.Added> observer;
    private final ReentrantLock lock = new ReentrantLock();
    private final SketchStore store;
    private long generation;
    private volatile Figures figures = new Figures(0, 0, 0, 0);

    /**
     * What the store holds.
     *
     * @param watermarkMillis wall clock
     */
    public record Figures(long series, long intervals, long retainedBytes, long watermarkMillis) {}

    /** @param observer is told of every batch, one that is refused among them, under the lock: it only counts */
    public SharedStore(
            StoreSettings settings,
            SketchParameters parameters,
            SeriesRegistry registry,
            InstantSource clock,
            Consumer<SketchStore.Added> observer) {
        this.settings = settings;
        this.registry = registry;
        this.clock = clock;
        this.observer = observer;
        store = new SketchStore(settings, parameters, clock.millis());
        generation = generationOf(clock.millis());
        noteFigures();
    }

    /** Adds the samples for which there is room. */
    @Override
    public void commit(WriteBatch batch) {
        lock.lock();
        try {
            registry.refresh(batch);
            for (int i = 0; i < batch.size(); i++) {
                registry.touch(batch.series(i), generation);
            }
            SketchStore.Added added = store.add(batch, clock.millis());
            observer.accept(added);
            if (added.refused() > 0) {
                throw IngestException.overloaded("this collector keeps collector-store-bytes-max=" + settings.bytesMax()
                        + " bytes already; send less, or raise the setting, or lower collector-store-retention-millis");
            }
        } finally {
            noteFigures();
            lock.unlock();
        }
    }

    /** Closes and forgets intervals whose time has come, series that have none, and handles of series that sent nothing for a retention. */
    public void sweep() {
        lock.lock();
        try {
            long now = clock.millis();
            store.sweep(now);
            long current = generationOf(now);
            if (current > generation) {
                generation = current;
                registry.retireIdle(current - 1);
                store.forgetHandles();
            }
        } finally {
            noteFigures();
            lock.unlock();
        }
    }

    /** There are no sketches of native histograms. */
    @Override
    public boolean keepsHistograms() {
        return false;
    }

    private long generationOf(long nowMillis) {
        // One more than the quotient: a new handle has generation 0 and must be older than all.
        return Math.floorDiv(nowMillis, settings.retentionMillis()) + 1;
    }

    /**
     * As {@link SketchStore#select}; if the window closes within the wait, this waits for it first.
     *
     * @param waitMillisMax longest wait; a window that takes longer is answered at once, as far as it is closed
     */
    public Selection select(
            String tenant,
            String metric,
            List<LabelMatcher> matchers,
            long fromMillis,
            long toMillis,
            int seriesMax,
            long waitMillisMax)
            throws TooManySeriesException, InterruptedException {
        settings.requireWholeIntervals(fromMillis, toMillis);
        long openMillis = toMillis + settings.allowedLatenessMillis() - clock.millis();
        if (openMillis > 0 && openMillis <= waitMillisMax) {
            Thread.sleep(openMillis);
        }
        lock.lockInterruptibly();
        try {
            return store.select(tenant, metric, matchers, fromMillis, toMillis, seriesMax, clock.millis());
        } finally {
            noteFigures();
            lock.unlock();
        }
    }

    private void noteFigures() {
        figures =
                new Figures(store.seriesCount(), store.intervalCount(), store.retainedBytes(), store.watermarkMillis());
    }

    /** As of the last call. */
    public Figures figures() {
        return figures;
    }
}
