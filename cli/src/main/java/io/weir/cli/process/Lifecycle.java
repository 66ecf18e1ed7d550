package io.weir.cli.process;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sun.misc.Signal;

/**
 * Keeps a process running until SIGTERM or SIGINT (Ctrl-C), then closes what it runs, in bounded time, and exits with 0.
 *
 * <p>Exit codes: 0 for an end in order, a drain that reached its limit included; 1 for one that was forced by a second
 * signal, by the time limit, or by a part that hung or failed. An operator is never left waiting.
 */
public final class Lifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(Lifecycle.class);

    private final CountDownLatch stop = new CountDownLatch(1);

    private Lifecycle() {}

    /** Listens for the signals from now on; do this before anything is started that must be closed. */
    public static Lifecycle install() {
        Lifecycle lifecycle = new Lifecycle();
        for (String name : new String[] {"TERM", "INT"}) {
            Signal.handle(new Signal(name), signal -> lifecycle.signaled(signal.getName()));
        }
        return lifecycle;
    }

    private void signaled(String name) {
        if (stop.getCount() == 0) {
            LOG.warn("second signal ({}): ending at once", name);
            Runtime.getRuntime().halt(1);
        }
        stop.countDown();
    }

    /** Waits for a signal. */
    public void await() throws InterruptedException {
        stop.await();
    }

    /** Whether a signal has come. */
    public boolean isStopping() {
        return stop.getCount() == 0;
    }

    /** Runs the closing action; ends the process with 1 if it takes longer than the limit. */
    public static void closeWithin(Duration limit, AutoCloseable running) throws Exception {
        Thread watchdog = Thread.ofPlatform().daemon().name("shutdown-watchdog").start(() -> {
            try {
                Thread.sleep(limit);
                LOG.error("shutdown took longer than {}; ending the process", limit);
                Runtime.getRuntime().halt(1);
            } catch (InterruptedException e) {
                // Closed in time.
                Thread.currentThread().interrupt();
            }
        });
        try {
            running.close();
        } finally {
            watchdog.interrupt();
        }
    }
}
