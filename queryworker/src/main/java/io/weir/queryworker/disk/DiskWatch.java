package io.weir.queryworker.disk;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks whether the disk has room for another artifact, and says when that changes: a worker with a full disk takes no work until there is room
 * again. Thread-safe.
 */
public final class DiskWatch implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(DiskWatch.class);
    /** Room for so many artifacts must be there before a full disk counts as free: it shall not change with each artifact. */
    private static final int RESUME_ARTIFACTS = 2;

    private final DiskBudget budget;
    private final long reserveBytes;
    private final ReentrantLock lock = new ReentrantLock();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("disk-watch").factory());
    private volatile Consumer<Boolean> listener = full -> {};
    private volatile boolean full;

    /** @param reserveBytes room that a piece of work needs to begin */
    public DiskWatch(DiskBudget budget, long reserveBytes, MeterRegistry registry) {
        this.budget = budget;
        this.reserveBytes = reserveBytes;
        Gauge.builder("weir_disk_full", this, watch -> watch.full ? 1 : 0)
                .description("1 while the disk has no room for another artifact, so that the worker takes no work")
                .register(registry);
    }

    /** Begins to look, at once and then again and again; the listener hears of each change, one at a time. */
    public void start(long intervalMillis, Consumer<Boolean> onChange) {
        listener = onChange;
        check();
        timer.scheduleWithFixedDelay(this::checkSafely, intervalMillis, intervalMillis, TimeUnit.MILLISECONDS);
    }

    private void checkSafely() {
        try {
            check();
        } catch (RuntimeException e) {
            // The schedule would end with the first exception.
            LOGGER.error("looking at the disk failed", e);
        }
    }

    /** Looks now. */
    public void check() {
        lock.lock();
        try {
            budget.relieve();
            long room = budget.artifactRoomBytes();
            boolean now = room < (full ? RESUME_ARTIFACTS : 1) * reserveBytes;
            if (now != full) {
                full = now;
                if (now) {
                    LOGGER.warn(
                            "disk full: room for {} bytes of artifacts, no work is taken until there is more", room);
                } else {
                    LOGGER.info("disk has room again: {} bytes for artifacts, work is taken", room);
                }
                listener.accept(now);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether there was no room at the last look. */
    public boolean isFull() {
        return full;
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
