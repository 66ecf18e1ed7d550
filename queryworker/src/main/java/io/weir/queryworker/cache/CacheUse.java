package io.weir.queryworker.cache;

import io.weir.queryworker.workmanager.WorkExecutor.Cancellation;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One piece of work as a user of the cache: how it is canceled, what it waits for, and what was downloaded for it. Closing it gives up what is
 * still under way for nobody else. Thread-safe.
 */
public final class CacheUse implements AutoCloseable {
    private final Cancellation cancellation;
    private final Set<Flight<?>> flights = new HashSet<>();
    private final AtomicLong downloadedBytes = new AtomicLong();

    public CacheUse(Cancellation cancellation) {
        this.cancellation = cancellation;
    }

    Cancellation cancellation() {
        return cancellation;
    }

    /** Waits for it, or is going to; false if it has been given up meanwhile. */
    synchronized boolean join(Flight<?> flight) {
        if (flights.contains(flight)) {
            return true;
        }
        boolean joined = flight.join();
        if (joined) {
            flights.add(flight);
        }
        return joined;
    }

    @Override
    public synchronized void close() {
        flights.forEach(Flight::leave);
        flights.clear();
    }

    void downloaded(long bytes) {
        downloadedBytes.addAndGet(bytes);
    }

    /** Bytes of the objects whose download this piece of work started. */
    public long downloadedBytes() {
        return downloadedBytes.get();
    }
}
