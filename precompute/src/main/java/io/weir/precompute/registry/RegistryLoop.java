package io.weir.precompute.registry;

import io.weir.lake.database.DatabaseUnavailableException;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does something again and again on a thread of its own: an interval after it was done, or at once when it is woken. A database that does not answer
 * is told once, and again when it does.
 */
final class RegistryLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RegistryLoop.class);
    /** Longest wait for work that is under way when this is closed. */
    private static final long CLOSE_MILLIS_MAX = 2_000;

    private final String name;
    private final long intervalMillis;
    private final Runnable work;
    private final Runnable onFailure;
    private final BlockingQueue<Boolean> wakes = new ArrayBlockingQueue<>(1);
    private final Thread thread;
    private volatile boolean closing;
    private boolean failing;

    RegistryLoop(String name, long intervalMillis, Runnable work, Runnable onFailure) {
        this.name = name;
        this.intervalMillis = intervalMillis;
        this.work = work;
        this.onFailure = onFailure;
        this.thread = Thread.ofVirtual().name("weir-precompute-" + name).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Has it work soon; several calls before it does are one. */
    void wake() {
        // If one is waiting, that is enough.
        boolean ignored = wakes.offer(true);
    }

    private void run() {
        try {
            while (!closing) {
                once();
                Boolean ignored = wakes.poll(intervalMillis, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void once() throws InterruptedException {
        try {
            work.run();
            if (failing) {
                LOG.info("precompute's {} is in order again", name);
            }
            failing = false;
        } catch (DatabaseUnavailableException e) {
            onFailure.run();
            if (!failing) {
                LOG.warn("precompute's {} waits for the database: {}", name, e.getMessage());
            }
            failing = true;
            Thread.sleep(Math.min(intervalMillis, 1_000));
        } catch (RuntimeException e) {
            onFailure.run();
            LOG.error("precompute's {} failed and is tried again", name, e);
            Thread.sleep(Math.min(intervalMillis, 1_000));
        }
    }

    /** Whether work that takes long had better come to its end. */
    boolean isClosing() {
        return closing;
    }

    /** Waits, for a while, for work that is under way. One that was never started only stays so. */
    @Override
    public void close() throws InterruptedException {
        closing = true;
        wake();
        if (thread.getState() != Thread.State.NEW && !thread.join(Duration.ofMillis(CLOSE_MILLIS_MAX))) {
            thread.interrupt();
        }
    }
}
