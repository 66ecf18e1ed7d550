package io.weir.eventstats.feed;

import io.micrometer.core.instrument.MeterRegistry;
import io.weir.eventstats.signal.SnapshotStore;
import io.weir.eventstats.signature.SignatureLearning;
import io.weir.eventstats.signature.SignatureStore;
import io.weir.eventstats.telemetry.TtfsEventStore;
import io.weir.queryapi.spi.QueryEvent;
import io.weir.queryapi.spi.QueryListener;
import io.weir.queryapi.spi.WorkerCount;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the queries of an API process, and writes first signals, events and history of them on a thread of its own. A query only puts its
 * events into a bounded {@link Backlog}, by query, where a later state replaces an earlier one; whatever the database does, it costs a query
 * nothing.
 */
public final class QueryFeed implements QueryListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(QueryFeed.class);
    /** What is left when the time of the stop is over gets this long to notice. */
    private static final long INTERRUPTED_MILLIS_MAX = 200;

    private final HistorySettings settings;
    private final FeedMetrics metrics;
    private final FeedWriter writer;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    /** Guarded by the lock. */
    private final Backlog backlog;

    private volatile Supplier<WorkerCount> workers = () -> new WorkerCount(0, 0);
    private boolean closing;
    private long closeDeadlineNanos;

    private QueryFeed(HistorySettings settings, FeedStores stores, MeterRegistry registry) {
        this.settings = settings;
        backlog = new Backlog(settings.jobsMax(), settings.bytesMax());
        metrics = new FeedMetrics(registry);
        metrics.waiting(() -> locked(backlog::size), () -> locked(backlog::bytes));
        writer = new FeedWriter(settings, stores, metrics, this::pause);
        thread = Thread.ofPlatform().daemon().name("weir-query-feed").unstarted(this::run);
    }

    /** The stores of first signals. */
    public record Signals(
            SnapshotStore snapshots, TtfsEventStore events, SignatureStore signatures, SignatureLearning learning) {}

    /**
     * Starts a feed.
     *
     * @param signals null if first signals are switched off
     * @param history of the database with the table of history; null if that is switched off
     */
    public static QueryFeed start(
            HistorySettings settings, @Nullable Signals signals, @Nullable DataSource history, MeterRegistry registry) {
        FeedStores stores = new FeedStores(signals, history == null ? null : new HistoryStore(history));
        QueryFeed feed = new QueryFeed(settings, stores, registry);
        feed.thread.start();
        return feed;
    }

    @Override
    public void watch(Supplier<WorkerCount> supplier) {
        workers = supplier;
    }

    @Override
    public void onEvent(QueryEvent event) {
        Backlog.Dropped dropped;
        lock.lock();
        try {
            if (closing) {
                dropped = Backlog.Dropped.of(Unwritten.of(event));
            } else {
                dropped = backlog.add(event);
                if (backlog.size() == settings.batchJobsMax()) {
                    changed.signalAll();
                }
            }
        } finally {
            lock.unlock();
        }
        metrics.dropped(dropped);
    }

    private void run() {
        while (true) {
            List<Unwritten> batch = next();
            if (batch.isEmpty() && isClosing()) {
                return;
            }
            try {
                writer.write(batch, workers.get());
            } catch (RuntimeException e) {
                // A defect must not end the feed.
                metrics.failures.increment();
                batch.forEach(entry -> metrics.dropped(Backlog.Dropped.of(entry)));
                LOG.error("what came of {} queries cannot be written and is dropped", batch.size(), e);
            }
        }
    }

    /** Waits for things to come together, and takes them. */
    private List<Unwritten> next() {
        lock.lock();
        try {
            if (!closing && backlog.size() < settings.batchJobsMax()) {
                boolean ignored = changed.await(settings.batchMillis(), TimeUnit.MILLISECONDS);
            }
            return backlog.take(settings.batchJobsMax());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        } finally {
            lock.unlock();
        }
    }

    /** Between two attempts; false when the process stops and its time is over. */
    private boolean pause(long millis) {
        lock.lock();
        try {
            long untilNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
            while (true) {
                long now = System.nanoTime();
                long left = untilNanos - now;
                if (closing) {
                    if (closeDeadlineNanos - now <= 0) {
                        return false;
                    }
                    left = Math.min(left, closeDeadlineNanos - now);
                }
                if (left <= 0) {
                    return true;
                }
                long ignored = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    private boolean isClosing() {
        return locked(() -> closing);
    }

    private <T> T locked(Supplier<T> question) {
        lock.lock();
        try {
            return question.get();
        } finally {
            lock.unlock();
        }
    }

    /** Writes what is left, in bounded time; what cannot be written by then is dropped, and counted. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (closing) {
                return;
            }
            closing = true;
            closeDeadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(settings.closeMillisMax());
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            if (!thread.join(Duration.ofMillis(settings.closeMillisMax()))) {
                thread.interrupt();
                boolean ignored = thread.join(Duration.ofMillis(INTERRUPTED_MILLIS_MAX));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        lock.lock();
        try {
            List<Unwritten> left = backlog.take(Integer.MAX_VALUE);
            if (!left.isEmpty()) {
                LOG.warn("what came of {} queries was not written before the stop", left.size());
                left.forEach(entry -> metrics.dropped(Backlog.Dropped.of(entry)));
            }
        } finally {
            lock.unlock();
        }
    }
}
