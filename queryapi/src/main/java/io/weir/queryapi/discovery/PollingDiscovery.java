package io.weir.queryapi.discovery;

import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * Asks a source for all workers again and again: at the interval while it answers, with exponential back-off and jitter while
 * it does not. One thread; at most one question at a time.
 */
final class PollingDiscovery implements WorkerDiscovery {
    /** Where the answer comes from. */
    interface Source extends AutoCloseable {
        /** The whole current set. May block, within the limit of the settings. */
        Set<WorkerAddress> find() throws DiscoveryException;

        @Override
        void close();
    }

    private final Source source;
    private final DiscoverySettings settings;
    private final DiscoveryReport report;
    private final RandomGenerator random;
    private final ScheduledThreadPoolExecutor timer;
    private long retryMillis;
    private volatile boolean closed;

    PollingDiscovery(
            String kind, Source source, DiscoverySettings settings, DiscoveryReport report, RandomGenerator random) {
        this.source = source;
        this.settings = settings;
        this.report = report;
        this.random = random;
        this.retryMillis = settings.retryMillisMin();
        this.timer = DiscoveryThread.start(kind);
    }

    @Override
    public void start(Listener listener) {
        timer.execute(() -> ask(listener));
    }

    private void ask(Listener listener) {
        long waitMillis = settings.refreshMillis();
        try {
            report.found(source.find(), listener);
            retryMillis = settings.retryMillisMin();
        } catch (DiscoveryException failure) {
            failed(failure.reason());
            waitMillis = backOff();
        } catch (RuntimeException defect) {
            // Whatever it is must not end the discovery for the rest of the process' life.
            failed("the answer cannot be used: " + defect);
            waitMillis = backOff();
        }
        try {
            timer.schedule(() -> ask(listener), waitMillis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException ended) {
            // The process ends; nobody waits for another answer.
            return;
        }
    }

    private void failed(String reason) {
        // A question that the end of the process cut off is no failure.
        if (!closed) {
            report.failed(reason);
        }
    }

    private long backOff() {
        long waitMillis = (long) (retryMillis * (0.5 + 0.5 * random.nextDouble()));
        retryMillis = Math.min(settings.retryMillisMax(), retryMillis * 2);
        return waitMillis;
    }

    @Override
    public void close() {
        closed = true;
        timer.shutdownNow();
        source.close();
    }
}
