package io.weir.queryapi.background;

import io.weir.promql.error.QueryException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Turns of queries that no user waits for, first come first served. One begins in a quiet moment, in which no user's query runs and none of them
 * either; who has found none for a while begins beside the others, as long as not too many run. So a user's query that comes meets
 * one of them, and neither a constant load nor a slow one among them stops the rest. Thread-safe.
 */
final class BackgroundTurns {
    private final BackgroundSettings settings;
    private final BooleanSupplier usersIdle;
    private final long yieldNanosMax;
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<Waiter> waiters = new ArrayDeque<>();

    private int running;

    /**
     * Turns beside users' queries.
     *
     * @param usersIdle says whether no user's query runs now; asked under a lock
     */
    BackgroundTurns(BackgroundSettings settings, BooleanSupplier usersIdle) {
        this.settings = settings;
        this.usersIdle = usersIdle;
        yieldNanosMax = TimeUnit.MILLISECONDS.toNanos(settings.yieldMillisMax());
    }

    private static final class Waiter {
        private final Condition wake;
        /** From then on it does not wait for a quiet moment. */
        private final long besideNanos;

        Waiter(Condition wake, long besideNanos) {
            this.wake = wake;
            this.besideNanos = besideNanos;
        }
    }

    /**
     * Takes a turn; whoever gets it calls {@link #leave}.
     *
     * @throws QueryException.Unavailable if too many wait already
     * @throws QueryException.Timeout if there is none until the deadline
     */
    void enter(long deadlineNanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            Waiter own = new Waiter(lock.newCondition(), System.nanoTime() + yieldNanosMax);
            if (waiters.isEmpty() && hasTurn(own)) {
                running++;
                return;
            }
            if (waiters.size() >= settings.waitingMax()) {
                throw new QueryException.Unavailable(running + " background queries run and " + waiters.size()
                        + " wait (settings background-concurrent-max, background-waiting-max)");
            }
            await(own, deadlineNanos);
        } finally {
            lock.unlock();
        }
    }

    private void await(Waiter own, long deadlineNanos) throws InterruptedException {
        waiters.addLast(own);
        try {
            while (waiters.peekFirst() != own || !hasTurn(own)) {
                long now = System.nanoTime();
                long remaining = deadlineNanos - now;
                if (remaining <= 0) {
                    throw new QueryException.Timeout("no turn for a background query before its deadline: " + running
                            + " of them run (setting background-concurrent-max), or users' queries did (setting"
                            + " background-yield-millis-max)");
                }
                long untilBeside = own.besideNanos - now;
                long ignored = own.wake.awaitNanos(untilBeside > 0 ? Math.min(untilBeside, remaining) : remaining);
            }
            running++;
        } finally {
            waiters.remove(own);
            wakeFirst();
        }
    }

    private boolean hasTurn(Waiter own) {
        boolean quiet = running == 0 && usersIdle.getAsBoolean();
        return running < settings.concurrentMax() && (quiet || System.nanoTime() - own.besideNanos >= 0);
    }

    private void wakeFirst() {
        Waiter first = waiters.peekFirst();
        if (first != null) {
            first.wake.signal();
        }
    }

    void leave() {
        lock.lock();
        try {
            running--;
            wakeFirst();
        } finally {
            lock.unlock();
        }
    }

    /** No user's query runs any more. */
    void usersAreIdle() {
        lock.lock();
        try {
            wakeFirst();
        } finally {
            lock.unlock();
        }
    }

    int running() {
        lock.lock();
        try {
            return running;
        } finally {
            lock.unlock();
        }
    }

    int waiting() {
        lock.lock();
        try {
            return waiters.size();
        } finally {
            lock.unlock();
        }
    }
}
