package io.weir.queryworker.cache;

import io.weir.queryworker.workmanager.WorkExecutor.Cancellation;
import java.util.concurrent.atomic.AtomicLong;

/** One piece of work as a user of the cache: how it is canceled, and what was downloaded for it. Thread-safe. */
public final class CacheUse {
    private final Cancellation cancellation;
    private final AtomicLong downloadedBytes = new AtomicLong();

    public CacheUse(Cancellation cancellation) {
        this.cancellation = cancellation;
    }

    Cancellation cancellation() {
        return cancellation;
    }

    void downloaded(long bytes) {
        downloadedBytes.addAndGet(bytes);
    }

    /** Bytes of the objects whose download this piece of work started. */
    public long downloadedBytes() {
        return downloadedBytes.get();
    }
}
