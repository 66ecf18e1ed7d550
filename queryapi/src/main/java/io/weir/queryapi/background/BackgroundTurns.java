package io.weir.queryapi.background;

import io.weir.promql.error.QueryException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Turns of queries that no user waits for: so many run, so many wait, first come first served. Thread-safe. */
final class BackgroundTurns {
    private final BackgroundSettings settings;
    private final Semaphore running;
    private final Semaphore waiting;

    BackgroundTurns(BackgroundSettings settings) {
        this.settings = settings;
        running = new Semaphore(settings.concurrentMax(), true);
        waiting = new Semaphore(settings.waitingMax());
    }

    /**
     * Takes a turn; whoever gets it calls {@link #leave}.
     *
     * @throws QueryException.Unavailable if too many wait already
     * @throws QueryException.Timeout if there is none until the deadline
     */
    void enter(long deadlineNanos) throws InterruptedException {
        if (running.tryAcquire(0, TimeUnit.NANOSECONDS)) {
            return;
        }
        if (!waiting.tryAcquire()) {
            throw new QueryException.Unavailable(settings.concurrentMax() + " background queries run and "
                    + settings.waitingMax() + " wait (settings background-concurrent-max, background-waiting-max)");
        }
        try {
            if (!running.tryAcquire(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                throw new QueryException.Timeout("no turn for a background query before its deadline: "
                        + settings.concurrentMax() + " run (setting background-concurrent-max)");
            }
        } finally {
            waiting.release();
        }
    }

    void leave() {
        running.release();
    }

    int running() {
        return settings.concurrentMax() - running.availablePermits();
    }

    int waiting() {
        return settings.waitingMax() - waiting.availablePermits();
    }
}
