package io.weir.queryworker.cache;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Something under way that several pieces of work wait for. The last one that leaves before it is done ends it. Thread-safe. */
final class Flight<T> {
    final CompletableFuture<T> result = new CompletableFuture<>();

    private int users;
    private boolean aborted;
    private boolean ended;
    private @Nullable Thread thread;

    /** One more piece of work wants it; false if it has been given up. */
    synchronized boolean join() {
        if (aborted) {
            return false;
        }
        users++;
        return true;
    }

    /** A piece of work that has joined does not want it any more. */
    synchronized void leave() {
        users--;
        if (users == 0 && !ended) {
            aborted = true;
            if (thread != null) {
                thread.interrupt();
            }
        }
    }

    /** This thread does it; false if nobody wants it any more. */
    synchronized boolean begin() {
        thread = Thread.currentThread();
        return !aborted;
    }

    /** This thread is done with it, and is not interrupted any more. */
    synchronized void end() {
        thread = null;
        ended = true;
        boolean ignored = Thread.interrupted();
    }
}
