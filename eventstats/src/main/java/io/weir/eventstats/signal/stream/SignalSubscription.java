package io.weir.eventstats.signal.stream;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One stream's view of what it watches: the newest state that it has not taken. A stream whose client is slow misses states in between, never the last
 * one. Thread-safe; close it at the end.
 */
public final class SignalSubscription implements AutoCloseable {
    private final WatchKey key;
    private final Consumer<SignalSubscription> onClose;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private @Nullable SignalState newest;
    private @Nullable RuntimeException failure;
    private boolean hasSeenState;
    private boolean isStopped;
    private boolean isClosed;

    SignalSubscription(WatchKey key, Consumer<SignalSubscription> onClose) {
        this.key = key;
        this.onClose = onClose;
    }

    /** What it watches. */
    public WatchKey key() {
        return key;
    }

    /**
     * Waits for a state that was not taken yet.
     *
     * @return null if none came in time, or the subscription was stopped
     * @throws RuntimeException what the first read failed with, if there was no state yet
     */
    public @Nullable SignalState take(long millisMax) throws InterruptedException {
        long left = TimeUnit.MILLISECONDS.toNanos(millisMax);
        lock.lock();
        try {
            while (newest == null && failure == null && !isStopped) {
                if (left <= 0) {
                    return null;
                }
                left = changed.awaitNanos(left);
            }
            SignalState state = newest;
            newest = null;
            if (state == null && !isStopped && failure != null) {
                throw failure;
            }
            return isStopped ? null : state;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the process is stopping: the stream has to end. */
    public boolean isStopped() {
        lock.lock();
        try {
            return isStopped;
        } finally {
            lock.unlock();
        }
    }

    void offer(SignalState state) {
        lock.lock();
        try {
            newest = state;
            failure = null;
            hasSeenState = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Matters only to a stream that has nothing to show: the others wait for better times. */
    void fail(RuntimeException cause) {
        lock.lock();
        try {
            if (!hasSeenState) {
                failure = cause;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    void stop() {
        lock.lock();
        try {
            isStopped = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (isClosed) {
                return;
            }
            isClosed = true;
        } finally {
            lock.unlock();
        }
        onClose.accept(this);
    }
}
