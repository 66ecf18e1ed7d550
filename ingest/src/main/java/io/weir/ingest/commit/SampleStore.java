package io.weir.ingest.commit;

import io.weir.ingest.error.IngestException;
import io.weir.ingest.memory.WriteBatch;

/** Where the samples of requests go, whatever protocol they came by. Thread-safe. */
@FunctionalInterface
public interface SampleStore {
    /**
     * Stores a batch, as durably as the store is. After an exception the batch may still be in use and must not be reused.
     *
     * @throws IngestException if it is not known to be stored
     */
    void commit(WriteBatch batch) throws InterruptedException;

    /** Whether native histograms of a batch are kept; else they are dropped, and senders must not be told otherwise. */
    default boolean keepsHistograms() {
        return true;
    }
}
