package io.weir.queryworker.workmanager;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Cancellation of one execution. Thread-safe. Actions run on a thread of their own: whoever cancels does not wait. */
final class ExecutionCancellation implements WorkExecutor.Cancellation {
    private static final Logger LOG = LoggerFactory.getLogger(ExecutionCancellation.class);

    private final long deadlineNanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Runnable> actions = new ArrayList<>();
    private volatile boolean canceled;
    private volatile long canceledNanos;

    ExecutionCancellation(long deadlineNanos) {
        this.deadlineNanos = deadlineNanos;
    }

    void cancel() {
        List<Runnable> due;
        lock.lock();
        try {
            if (canceled) {
                return;
            }
            canceledNanos = System.nanoTime();
            canceled = true;
            due = List.copyOf(actions);
            actions.clear();
        } finally {
            lock.unlock();
        }
        if (!due.isEmpty()) {
            Thread.ofVirtual().name("weir-cancel").start(() -> due.forEach(ExecutionCancellation::run));
        }
    }

    private static void run(Runnable action) {
        try {
            action.run();
        } catch (RuntimeException failure) {
            LOG.warn("an action on cancellation failed", failure);
        }
    }

    @Override
    public boolean isCanceled() {
        return canceled || remainingMillis() <= 0;
    }

    /** Whether it was canceled rather than overdue. */
    boolean wasCanceled() {
        return canceled;
    }

    long canceledNanos() {
        return canceledNanos;
    }

    @Override
    public long remainingMillis() {
        return Math.floorDiv(deadlineNanos - System.nanoTime(), 1_000_000L);
    }

    @Override
    public AutoCloseable onCancel(Runnable action) {
        boolean now;
        lock.lock();
        try {
            now = canceled;
            if (!now) {
                actions.add(action);
            }
        } finally {
            lock.unlock();
        }
        if (now) {
            run(action);
        }
        return () -> {
            lock.lock();
            try {
                actions.remove(action);
            } finally {
                lock.unlock();
            }
        };
    }
}
