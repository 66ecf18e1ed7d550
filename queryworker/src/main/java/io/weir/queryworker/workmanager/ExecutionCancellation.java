package io.weir.queryworker.workmanager;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Cancellation of one execution. Thread-safe. Whoever cancels does not wait; {@link #press} is for a thread of its own. */
final class ExecutionCancellation implements WorkExecutor.Cancellation {
    private static final Logger LOG = LoggerFactory.getLogger(ExecutionCancellation.class);

    private final long deadlineNanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition end = lock.newCondition();
    private final List<Runnable> actions = new ArrayList<>();
    /** Of the execution, from its begin to its end. */
    private @Nullable Thread thread;

    private boolean ended;
    private volatile boolean canceled;
    private volatile long canceledNanos;

    ExecutionCancellation(long deadlineNanos) {
        this.deadlineNanos = deadlineNanos;
    }

    /** This thread is the execution's. */
    void begin() {
        lock.lock();
        try {
            thread = Thread.currentThread();
        } finally {
            lock.unlock();
        }
    }

    /** This thread is the execution's no longer: it is not interrupted from now on. */
    void end() {
        lock.lock();
        try {
            thread = null;
            ended = true;
            boolean ignored = Thread.interrupted();
            end.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Cancels; false if it was canceled before. */
    boolean cancel() {
        lock.lock();
        try {
            if (canceled) {
                return false;
            }
            canceledNanos = System.nanoTime();
            canceled = true;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Runs what a canceled execution has said to run. May be repeated. */
    void press() {
        List<Runnable> due;
        lock.lock();
        try {
            due = List.copyOf(actions);
        } finally {
            lock.unlock();
        }
        due.forEach(ExecutionCancellation::run);
    }

    /** Interrupts the execution's thread, for what waits elsewhere. */
    void interrupt() {
        lock.lock();
        try {
            Thread running = thread;
            if (running != null) {
                running.interrupt();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the end of the execution; false if it has not ended within the time. */
    boolean awaitEnd(long millis) throws InterruptedException {
        long leftNanos = TimeUnit.MILLISECONDS.toNanos(millis);
        lock.lock();
        try {
            while (!ended && leftNanos > 0) {
                leftNanos = end.awaitNanos(leftNanos);
            }
            return ended;
        } finally {
            lock.unlock();
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
            actions.add(action);
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
