package io.weir.queryapi.monitor;

import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.QueryEvent;
import io.weir.queryapi.spi.QueryEvent.Cause;
import io.weir.queryapi.spi.QueryEvent.Phase;
import io.weir.queryapi.spi.QueryEvent.Progress;
import io.weir.queryapi.spi.QueryListener;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Tells a listener the events of one query, numbered, one after another; its end once, and nothing after that. Thread-safe: the lock is the
 * query's own.
 */
public final class QueryTelling {
    private final QueryListener listener;
    private final AskedQuery query;
    private final ReentrantLock lock = new ReentrantLock();
    private int sequence;
    private long firstResultNanos = -1;
    private boolean ended;

    /** @param listener neither blocks nor throws: {@link SafeListener} sees to the latter */
    public QueryTelling(QueryListener listener, AskedQuery query) {
        this.listener = listener;
        this.query = query;
    }

    private long elapsedNanos() {
        return System.nanoTime() - query.startNanos();
    }

    private void tell(IntFunction<QueryEvent> event) {
        lock.lock();
        try {
            if (!ended) {
                listener.onEvent(event.apply(++sequence));
            }
        } finally {
            lock.unlock();
        }
    }

    public void queued() {
        tell(number -> new QueryEvent.Queued(query, number, elapsedNanos()));
    }

    /** @param position among the queries that wait, from 1 */
    public void waiting(int position) {
        tell(number -> new QueryEvent.Waiting(query, number, elapsedNanos(), position));
    }

    public void advanced(Phase phase, Progress progress) {
        tell(number -> new QueryEvent.Advanced(query, number, elapsedNanos(), phase, progress));
    }

    /** Only the first call counts. */
    public void firstResult(Phase phase, Progress progress) {
        lock.lock();
        try {
            if (firstResultNanos < 0) {
                long elapsed = elapsedNanos();
                firstResultNanos = elapsed;
                tell(number -> new QueryEvent.FirstResult(query, number, elapsed, phase, progress));
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * The end; only the first call counts.
     *
     * @param outcome success, or the type of the error by Prometheus' name
     */
    public void ended(String outcome, Cause cause, @Nullable String reason, Phase phase, Progress progress) {
        lock.lock();
        try {
            tell(number -> new QueryEvent.Ended(
                    query, number, elapsedNanos(), outcome, cause, reason, phase, firstResultNanos, progress));
            ended = true;
        } finally {
            lock.unlock();
        }
    }
}
