package io.weir.queryapi.eval;

import io.weir.promql.error.QueryException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The deadline of a running query and the switch to stop it. {@link #stop} may be called from any thread, takes effect on the query's work at
 * once, and holds: the first cause is the query's answer. The query's own thread calls {@link #check} at every step.
 */
public final class QueryControl {
    private static final long CLIENT_CHECK_INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final long timeoutMillis;
    private final long deadlineNanos;
    private final Client client;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Runnable> actions = new ArrayList<>();
    private volatile @Nullable QueryException stopped;
    private volatile StopCause cause = StopCause.FAILURE;
    private volatile long stoppedNanos;
    private long nextClientCheckNanos;

    /** @param timeoutMillis from now */
    public QueryControl(long timeoutMillis, Client client) {
        this.timeoutMillis = timeoutMillis;
        this.client = client;
        long now = System.nanoTime();
        this.deadlineNanos = now + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        this.nextClientCheckNanos = now + CLIENT_CHECK_INTERVAL_NANOS;
    }

    /** {@link System#nanoTime} after which the query is given up. */
    public long deadlineNanos() {
        return deadlineNanos;
    }

    /** How long the query's thread may wait before it checks again. */
    public long waitNanosMax() {
        return Math.max(1, Math.min(CLIENT_CHECK_INTERVAL_NANOS, deadlineNanos - System.nanoTime()));
    }

    /** Stops the query because somebody asked for it. */
    public void cancel(String reason) {
        stop(StopCause.REQUEST, new QueryException.Canceled(reason));
    }

    /** Stops the query because its time is up. */
    public void timeOut() {
        stop(StopCause.TIMEOUT, timeout());
    }

    private QueryException timeout() {
        return new QueryException.Timeout("query timed out in expression evaluation: it took longer than "
                + timeoutMillis + " ms (setting query-timeout-millis-max, parameter timeout)");
    }

    /** Stops the query because its client is not there any more. */
    public void clientGone() {
        stop(StopCause.CLIENT_GONE, new QueryException.Canceled("the client closed the connection"));
    }

    /** Stops the query by what went wrong. */
    public void stop(QueryException why) {
        stop(StopCause.of(why), why);
    }

    private void stop(StopCause newCause, QueryException why) {
        List<Runnable> due;
        lock.lock();
        try {
            if (stopped != null) {
                return;
            }
            cause = newCause;
            stoppedNanos = System.nanoTime();
            stopped = why;
            due = List.copyOf(actions);
            actions.clear();
        } finally {
            lock.unlock();
        }
        due.forEach(Runnable::run);
    }

    /** What stopped the query; null while nothing has. */
    public @Nullable QueryException stopped() {
        return stopped;
    }

    /** Why it was stopped; only if it was. */
    public StopCause cause() {
        return cause;
    }

    /** {@link System#nanoTime} when it was stopped; only if it was. */
    public long stoppedNanos() {
        return stoppedNanos;
    }

    /**
     * Does something as soon as the query is stopped, on the thread that stops it: it must not block. At once if it is stopped already.
     *
     * @return withdraws the action
     */
    public Runnable onStop(Runnable action) {
        boolean now;
        lock.lock();
        try {
            now = stopped != null;
            if (!now) {
                actions.add(action);
            }
        } finally {
            lock.unlock();
        }
        if (now) {
            action.run();
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

    /**
     * Returns if the query may go on.
     *
     * @throws QueryException what stopped it: {@link QueryException.Timeout} if the deadline passed, {@link QueryException.Canceled} if somebody
     *     canceled it or its client is gone, else what went wrong elsewhere
     */
    public void check() {
        throwIfStopped();
        long now = System.nanoTime();
        if (now - deadlineNanos >= 0) {
            timeOut();
        } else if (now - nextClientCheckNanos >= 0) {
            nextClientCheckNanos = now + CLIENT_CHECK_INTERVAL_NANOS;
            if (client.isGone()) {
                clientGone();
            }
        }
        throwIfStopped();
    }

    private void throwIfStopped() {
        QueryException why = stopped;
        if (why != null) {
            throw why;
        }
    }
}
