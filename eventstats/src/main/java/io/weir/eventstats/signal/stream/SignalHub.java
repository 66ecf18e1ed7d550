package io.weir.eventstats.signal.stream;

import io.weir.eventstats.signal.SignalSettings;
import io.weir.eventstats.signal.Snapshot;
import io.weir.eventstats.signal.SnapshotStore;
import io.weir.lake.database.DatabaseSettings;
import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.database.NotificationListener;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings changed signals from the database to the streams of this process, whichever process changed them. What somebody watches is read once for
 * all its streams, by one thread, so that every stream sees states in their order.
 *
 * <pre>
 *   NOTIFY -> listener thread -> keys to read -> reader thread: one read of all of them -> newest state of each subscription -> stream's thread
 * </pre>
 */
public final class SignalHub implements AutoCloseable {
    /*
     * Implementation notes. Nothing is lost between "subscribe" and "read", since a subscription begins with a read by the same thread that does all
     * others. The keys to read are a subset of the watched ones, which streamsMax bounds.
     */
    private static final String CHANNEL = "ttfs_signal_update";
    /** As {@code pg_stat_activity} shows the connection that listens. */
    private static final String LISTENER_NAME = "weir-signal-listen";

    private static final Logger LOG = LoggerFactory.getLogger(SignalHub.class);
    /** Keys of one read. */
    private static final int READ_KEYS_MAX = 500;

    private static final long READ_BACK_OFF_MILLIS_MIN = 50;

    private final SignalSettings settings;
    private final SnapshotStore store;
    private final SignalMetrics metrics;
    private final NotificationListener listener;
    private final Thread reader;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<WatchKey, Set<SignalSubscription>> watches = new HashMap<>();
    private final LinkedHashSet<WatchKey> toRead = new LinkedHashSet<>();
    private int streams;
    private boolean isStopping;

    private SignalHub(SignalSettings settings, DatabaseSettings database, SnapshotStore store, SignalMetrics metrics) {
        this.settings = settings;
        this.store = store;
        this.metrics = metrics;
        this.listener = new NotificationListener(
                database,
                new NotificationListener.Subscription(
                        CHANNEL,
                        LISTENER_NAME,
                        "changed signals",
                        settings.listenReconnectMillisMax(),
                        settings.listenCheckIntervalMillis()),
                new Notified());
        this.reader =
                Thread.ofPlatform().name("weir-signal-reader").daemon(true).unstarted(this::run);
        metrics.gauge("weir.signal.streams.open", "Streams of first signals that are open now", this::streams);
    }

    /** Starts listening; a database that is away is tried again for as long as it takes. */
    public static SignalHub start(
            SignalSettings settings, DatabaseSettings database, SnapshotStore store, SignalMetrics metrics) {
        SignalHub hub = new SignalHub(settings, database, store, metrics);
        hub.reader.start();
        hub.listener.start();
        return hub;
    }

    /**
     * Watches a job or run; its current state comes first. The caller closes it.
     *
     * @throws TooManyStreamsException if as many streams are open as may be
     */
    public SignalSubscription subscribe(WatchKey key) throws TooManyStreamsException {
        lock.lock();
        try {
            if (streams >= settings.streamsMax()) {
                metrics.refused();
                throw new TooManyStreamsException(settings.streamsMax());
            }
            SignalSubscription subscription = new SignalSubscription(key, this::remove);
            streams++;
            watches.computeIfAbsent(key, absent -> new LinkedHashSet<>()).add(subscription);
            if (isStopping) {
                subscription.stop();
            }
            toRead.add(key);
            changed.signalAll();
            return subscription;
        } finally {
            lock.unlock();
        }
    }

    private void remove(SignalSubscription subscription) {
        lock.lock();
        try {
            Set<SignalSubscription> watching = watches.get(subscription.key());
            if (watching != null && watching.remove(subscription)) {
                streams--;
                if (watching.isEmpty()) {
                    watches.remove(subscription.key());
                    toRead.remove(subscription.key());
                }
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private int streams() {
        lock.lock();
        try {
            return streams;
        } finally {
            lock.unlock();
        }
    }

    private final class Notified implements NotificationListener.Handler {
        @Override
        public void notified(String payload) {
            metrics.notification();
            hint(payload);
        }

        @Override
        public void connected() {
            anything();
        }

        @Override
        public void disconnected() {
            metrics.listenFailure();
            anything();
        }
    }

    private void hint(String payload) {
        SignalHint hint = SignalHint.parse(payload).orElse(null);
        lock.lock();
        try {
            if (hint == null) {
                toRead.addAll(watches.keySet());
            } else {
                mark(new WatchKey(WatchKey.Scope.JOB, hint.tenantId(), hint.jobId()));
                if (hint.runId() != null) {
                    mark(new WatchKey(WatchKey.Scope.RUN, hint.tenantId(), hint.runId()));
                } else if (!hint.saysRun()) {
                    watches.keySet().stream()
                            .filter(key -> key.scope() == WatchKey.Scope.RUN
                                    && key.tenantId().equals(hint.tenantId()))
                            .forEach(toRead::add);
                }
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void mark(WatchKey key) {
        if (watches.containsKey(key)) {
            toRead.add(key);
        }
    }

    private void anything() {
        lock.lock();
        try {
            toRead.addAll(watches.keySet());
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        long pauseMillis = READ_BACK_OFF_MILLIS_MIN;
        while (true) {
            List<WatchKey> keys = nextKeys();
            if (keys.isEmpty()) {
                return;
            }
            try {
                publish(read(keys));
                pauseMillis = READ_BACK_OFF_MILLIS_MIN;
                continue;
            } catch (DatabaseUnavailableException e) {
                LOG.warn("signals of {} streams wait: {}", keys.size(), e.getMessage());
                fail(keys, e);
            } catch (RuntimeException e) {
                LOG.error("signals of {} streams cannot be read, by a defect; trying again", keys.size(), e);
                fail(keys, e);
            }
            metrics.readFailure();
            pause(pauseMillis);
            pauseMillis = Math.min(2 * pauseMillis, settings.listenReconnectMillisMax());
        }
    }

    /** Waits for keys to read; none at the end. */
    private List<WatchKey> nextKeys() {
        lock.lock();
        try {
            while (toRead.isEmpty() && !isStopping) {
                changed.awaitUninterruptibly();
            }
            List<WatchKey> keys = new ArrayList<>();
            if (!isStopping) {
                Iterator<WatchKey> next = toRead.iterator();
                while (next.hasNext() && keys.size() < READ_KEYS_MAX) {
                    keys.add(next.next());
                    next.remove();
                }
            }
            return keys;
        } finally {
            lock.unlock();
        }
    }

    private Map<WatchKey, SignalState> read(List<WatchKey> keys) {
        Map<WatchKey, SignalState> states = new HashMap<>();
        List<UUID> jobs = new ArrayList<>();
        for (WatchKey key : keys) {
            switch (key.scope()) {
                case JOB -> {
                    jobs.add(key.id());
                    states.put(key, SignalState.UNKNOWN);
                }
                case RUN -> states.put(key, readRun(key));
            }
        }
        if (!jobs.isEmpty()) {
            for (Snapshot snapshot : store.jobs(jobs)) {
                states.replace(
                        new WatchKey(WatchKey.Scope.JOB, snapshot.tenantId(), snapshot.jobId()),
                        new SignalState(snapshot, true, !snapshot.kind().isTerminal()));
            }
        }
        return states;
    }

    private SignalState readRun(WatchKey key) {
        // In this order: a job that ends in between makes another notification, and so another read.
        boolean isOpen = store.isRunOpen(key.tenantId(), key.id());
        return switch (store.run(key.tenantId(), key.id())) {
            case SnapshotStore.RunSignal.Current current -> new SignalState(current.snapshot(), true, isOpen);
            case SnapshotStore.RunSignal.None none -> new SignalState(null, true, true);
            case SnapshotStore.RunSignal.Unknown unknown -> SignalState.UNKNOWN;
        };
    }

    private void publish(Map<WatchKey, SignalState> states) {
        lock.lock();
        try {
            states.forEach((key, state) ->
                    watches.getOrDefault(key, Set.of()).forEach(subscription -> subscription.offer(state)));
        } finally {
            lock.unlock();
        }
    }

    /** Has the keys read again, and tells those that have nothing to show yet. */
    private void fail(List<WatchKey> keys, RuntimeException cause) {
        lock.lock();
        try {
            for (WatchKey key : keys) {
                watches.getOrDefault(key, Set.of()).forEach(subscription -> subscription.fail(cause));
                mark(key);
            }
        } finally {
            lock.unlock();
        }
    }

    private void pause(long millis) {
        long left = TimeUnit.MILLISECONDS.toNanos(millis);
        lock.lock();
        try {
            while (left > 0 && !isStopping) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            LOG.warn("interrupted between two reads", e);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Tells every stream to end, and waits for that.
     *
     * @return whether all did in time
     */
    public boolean endStreams(long millisMax) throws InterruptedException {
        long left = TimeUnit.MILLISECONDS.toNanos(millisMax);
        lock.lock();
        try {
            isStopping = true;
            watches.values().forEach(watching -> watching.forEach(SignalSubscription::stop));
            changed.signalAll();
            while (streams > 0 && left > 0) {
                left = changed.awaitNanos(left);
            }
            return streams == 0;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() throws InterruptedException {
        boolean ignored = endStreams(0);
        listener.close();
        reader.join();
    }
}
