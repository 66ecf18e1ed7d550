package io.weir.queryapi.eval;

import io.weir.promql.error.QueryException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Slots for running queries: so many in all, so many per tenant. Who finds none waits in a bounded queue, first come first served among
 * the tenants that have room. Thread-safe.
 */
public final class AdmissionControl {
    private final QueryLimits limits;
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<Waiter> waiters = new ArrayDeque<>();
    private final Map<String, Integer> runningByTenant = new HashMap<>();

    private int running;
    /** No query runs. Written under the lock. */
    private volatile boolean idle = true;

    private @Nullable Runnable whenIdle;

    public AdmissionControl(QueryLimits limits) {
        this.limits = limits;
    }

    private static final class Waiter {
        private final String tenant;
        private final Condition wake;
        private boolean admitted;

        Waiter(String tenant, Condition wake) {
            this.tenant = tenant;
            this.wake = wake;
        }
    }

    /** A slot of a running query; closing it twice is one close. */
    public final class Slot implements AutoCloseable {
        private final String tenant;
        private boolean closed;

        private Slot(String tenant) {
            this.tenant = tenant;
        }

        @Override
        public void close() {
            lock.lock();
            try {
                if (!closed) {
                    closed = true;
                    release(tenant);
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Takes a slot, waiting for it at most as long as the setting says.
     *
     * @param control of the query that waits
     * @param waiting told the place among those that wait, from 1, if there is no slot at once; not under a lock
     * @throws TooManyQueriesException if the queue is full or the wait is over
     * @throws QueryException if the query is stopped while it waits
     */
    public Slot acquire(String tenant, QueryControl control, IntConsumer waiting) {
        lock.lock();
        try {
            if (hasRoom(tenant)) {
                admit(tenant);
                return new Slot(tenant);
            }
            if (waiters.size() >= limits.queuedMax()) {
                throw rejected(tenant, "and " + waiters.size() + " wait (setting query-queued-max)");
            }
            Waiter waiter = new Waiter(tenant, lock.newCondition());
            waiters.addLast(waiter);
            return await(waiter, control, waiting);
        } finally {
            lock.unlock();
        }
    }

    private Slot await(Waiter waiter, QueryControl control, IntConsumer waiting) {
        Runnable withdrawal = control.onStop(() -> wake(waiter));
        boolean taken = false;
        try {
            long endNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(limits.queueWaitMillisMax());
            int position = waiters.size();
            unlocked(() -> waiting.accept(position));
            while (!waiter.admitted) {
                long remaining = endNanos - System.nanoTime();
                if (remaining <= 0) {
                    throw rejected(
                            waiter.tenant,
                            "and none ended within " + limits.queueWaitMillisMax()
                                    + " ms (setting query-queue-wait-millis-max)");
                }
                long ignored = waiter.wake.awaitNanos(Math.min(remaining, control.waitNanosMax()));
                // A look at the client may write to it.
                unlocked(control::check);
            }
            taken = true;
            return new Slot(waiter.tenant);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new QueryException.Canceled("interrupted while waiting for a free slot");
        } finally {
            withdrawal.run();
            waiters.remove(waiter);
            if (waiter.admitted && !taken) {
                release(waiter.tenant);
            }
        }
    }

    private void unlocked(Runnable action) {
        lock.unlock();
        try {
            action.run();
        } finally {
            lock.lock();
        }
    }

    private void wake(Waiter waiter) {
        lock.lock();
        try {
            waiter.wake.signal();
        } finally {
            lock.unlock();
        }
    }

    private TooManyQueriesException rejected(String tenant, String why) {
        int ofTenant = runningByTenant.getOrDefault(tenant, 0);
        if (ofTenant >= limits.concurrentPerTenantMax()) {
            return new TooManyQueriesException(
                    "tenant " + tenant + " already runs " + ofTenant
                            + " queries (setting query-concurrent-per-tenant-max) " + why + "; try again later",
                    true);
        }
        return new TooManyQueriesException(
                running + " queries are running (setting query-concurrent-max) " + why + "; try again later", false);
    }

    private boolean hasRoom(String tenant) {
        return running < limits.concurrentMax()
                && runningByTenant.getOrDefault(tenant, 0) < limits.concurrentPerTenantMax();
    }

    private void admit(String tenant) {
        running++;
        idle = false;
        runningByTenant.merge(tenant, 1, Integer::sum);
    }

    private void release(String tenant) {
        running--;
        runningByTenant.computeIfPresent(tenant, (name, count) -> count == 1 ? null : count - 1);
        Iterator<Waiter> iterator = waiters.iterator();
        while (iterator.hasNext() && running < limits.concurrentMax()) {
            Waiter waiter = iterator.next();
            if (hasRoom(waiter.tenant)) {
                iterator.remove();
                admit(waiter.tenant);
                waiter.admitted = true;
                waiter.wake.signal();
            }
        }
        idle = running == 0;
        if (idle && whenIdle != null) {
            whenIdle.run();
        }
    }

    /** Whether no query runs now. Without a lock, so it may be asked under one. */
    public boolean isIdle() {
        return idle;
    }

    /**
     * Runs an action whenever no query runs any more, under this object's lock: it must be short and must not take or return slots.
     *
     * @throws IllegalStateException if there is one already
     */
    public void onIdle(Runnable action) {
        lock.lock();
        try {
            if (whenIdle != null) {
                throw new IllegalStateException("one action for the end of the last query is set already");
            }
            whenIdle = action;
        } finally {
            lock.unlock();
        }
    }

    /** Queries that run now. */
    public int running() {
        lock.lock();
        try {
            return running;
        } finally {
            lock.unlock();
        }
    }

    /** Queries that wait for a slot now. */
    public int waiting() {
        lock.lock();
        try {
            return waiters.size();
        } finally {
            lock.unlock();
        }
    }
}
