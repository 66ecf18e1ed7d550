package io.weir.precompute.registry;

import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.database.Transactions;

/**
 * Ends the rows of jobs whose time is over, and removes those that have been over for long enough or are too many. On a thread and in
 * transactions of its own, some jobs in each: leases are renewed meanwhile. Any process does it for all; nothing of what a job does waits for it.
 */
final class JobExpiry {
    /** Jobs of one transaction, with all of their results. */
    private static final int BATCH_JOBS_MAX = 100;

    private final RegistrySettings settings;
    private final String name;
    private final Transactions database;
    private final RegistryLoop loop;
    /** Fewer after a transaction that took too long. */
    private int batchJobs = BATCH_JOBS_MAX;

    JobExpiry(RegistrySettings settings, String name, Transactions database, RegistryMetrics metrics) {
        this.settings = settings;
        this.name = name;
        this.database = database;
        this.loop = new RegistryLoop("expiry", settings.pollMillis(), this::work, metrics::failure);
    }

    void start() {
        loop.start();
    }

    private void work() {
        repeat("expire jobs", connection -> {
            int expired = JobRows.expire(connection, batchJobs);
            if (expired > 0) {
                Hint.sendJobs(connection, name);
            }
            return expired;
        });
        repeat(
                "remove expired jobs",
                connection -> JobRows.removeExpired(connection, settings.expiredListedMillis(), batchJobs));
        repeat(
                "remove expired jobs that are too many",
                connection -> JobRows.removeTooMany(connection, settings.tenantExpiredJobsMax(), batchJobs));
    }

    /** Until a batch is not full. One whose jobs another process has at the same time is left to that. */
    private void repeat(String what, Transactions.Work<Integer> batch) {
        int size;
        int done;
        do {
            size = batchJobs;
            try {
                done = database.all(what, batch);
            } catch (DatabaseUnavailableException e) {
                batchJobs = Math.max(1, batchJobs / 2);
                throw e;
            }
        } while (done == size && !loop.isClosing());
        batchJobs = Math.min(BATCH_JOBS_MAX, 2 * batchJobs);
    }

    void close() throws InterruptedException {
        loop.close();
    }
}
