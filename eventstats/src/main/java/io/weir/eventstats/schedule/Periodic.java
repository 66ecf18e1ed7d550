package io.weir.eventstats.schedule;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does something again and again on a thread of its own until it is closed: one run at a time, the next one an interval after the end of the last.
 * A run that fails is logged, and the next one comes as if nothing had been.
 */
public final class Periodic implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Periodic.class);
    /** Longest wait for a run that is under way when this is closed. */
    private static final long CLOSE_MILLIS_MAX = 5_000;

    private final String name;
    private final long intervalMillis;
    private final Runnable work;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;

    private Periodic(String name, long firstMillis, long intervalMillis, Runnable work) {
        this.name = name;
        this.intervalMillis = intervalMillis;
        this.work = work;
        this.thread = Thread.ofVirtual().name("weir-" + name).unstarted(() -> loop(firstMillis));
    }

    /**
     * Starts.
     *
     * @param name for logs
     * @param firstMillis until the first run
     * @param intervalMillis from the end of a run to the start of the next one
     */
    public static Periodic start(String name, long firstMillis, long intervalMillis, Runnable work) {
        Periodic periodic = new Periodic(name, firstMillis, intervalMillis, work);
        periodic.thread.start();
        return periodic;
    }

    /** Whether it is being closed; long work looks at this and ends early. */
    public boolean isClosing() {
        return closing.getCount() == 0;
    }

    private void loop(long firstMillis) {
        try {
            long waitMillis = firstMillis;
            while (!closing.await(waitMillis, TimeUnit.MILLISECONDS)) {
                once();
                waitMillis = intervalMillis;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void once() {
        try {
            work.run();
        } catch (RuntimeException e) {
            LOG.warn("{} failed and is tried again in {} ms", name, intervalMillis, e);
        }
    }

    @Override
    public void close() throws InterruptedException {
        closing.countDown();
        if (!thread.join(Duration.ofMillis(CLOSE_MILLIS_MAX))) {
            thread.interrupt();
        }
    }
}
