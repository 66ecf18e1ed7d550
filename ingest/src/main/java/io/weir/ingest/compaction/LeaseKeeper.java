package io.weir.ingest.compaction;

import io.weir.lake.catalog.IngestCatalog;
import io.weir.lake.catalog.Job;
import io.weir.lake.database.DatabaseUnavailableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Prolongs the lease of a job while it runs. */
final class LeaseKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseKeeper.class);

    private final Thread thread;

    LeaseKeeper(IngestCatalog catalog, Job job, long leaseMillis) {
        thread = Thread.ofVirtual().name("weir-ingest-lease").start(() -> {
            try {
                boolean owned = true;
                while (owned) {
                    Thread.sleep(Math.max(1, leaseMillis / 3));
                    owned = renew(catalog, job, leaseMillis);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private static boolean renew(IngestCatalog catalog, Job job, long leaseMillis) {
        try {
            return catalog.renew(job, leaseMillis);
        } catch (DatabaseUnavailableException e) {
            LOG.warn("the lease of a compaction cannot be prolonged now: {}", e.getMessage());
            return true;
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
