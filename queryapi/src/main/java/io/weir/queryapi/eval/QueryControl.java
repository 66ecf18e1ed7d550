package io.weir.queryapi.eval;

import io.weir.promql.error.QueryException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The deadline of a running query and the switch to stop it. {@link #cancel} may be called from any thread; the query's own thread
 * calls {@link #check} at every step.
 */
public final class QueryControl {
    private static final long CLIENT_CHECK_INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final long timeoutMillis;
    private final long deadlineNanos;
    private final BooleanSupplier clientGone;
    private final AtomicReference<@Nullable String> canceled = new AtomicReference<>();
    private long nextClientCheckNanos;

    /**
     * @param timeoutMillis from now
     * @param clientGone asked now and then, by the query's thread, whether nobody waits for the answer any more
     */
    public QueryControl(long timeoutMillis, BooleanSupplier clientGone) {
        this.timeoutMillis = timeoutMillis;
        this.clientGone = clientGone;
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

    public void cancel(String reason) {
        canceled.compareAndSet(null, reason);
    }

    /**
     * @throws QueryException.Timeout if the deadline passed
     * @throws QueryException.Canceled if somebody canceled the query or its client is gone
     */
    public void check() {
        String reason = canceled.get();
        if (reason != null) {
            throw new QueryException.Canceled(reason);
        }
        long now = System.nanoTime();
        if (now - deadlineNanos >= 0) {
            throw new QueryException.Timeout("query timed out in expression evaluation: it took longer than "
                    + timeoutMillis + " ms (setting query-timeout-millis-max, parameter timeout)");
        }
        if (now - nextClientCheckNanos >= 0) {
            nextClientCheckNanos = now + CLIENT_CHECK_INTERVAL_NANOS;
            if (clientGone.getAsBoolean()) {
                cancel("the client closed the connection");
                throw new QueryException.Canceled("the client closed the connection");
            }
        }
    }
}
