package io.weir.ingest.retention;

import io.weir.lake.catalog.IngestCatalog;
import io.weir.lake.catalog.Job;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes segments that are too old out of the catalog, by jobs on the work queue, and deletes their objects after the time of grace. Any number of
 * processes may run one: a tenant has one job at a time.
 */
public final class Retention implements AutoCloseable {
    /** Kind of the jobs. */
    public static final String KIND = "retain";

    private static final Logger LOG = LoggerFactory.getLogger(Retention.class);

    private final RetentionSettings settings;
    private final IngestCatalog catalog;
    private final GarbageCollector garbage;
    private final String owner;
    private final InstantSource clock;
    private final RetentionObserver observer;
    private final Thread thread;
    private volatile boolean closed;

    /** @param owner names this process on the queue */
    public Retention(
            RetentionSettings settings,
            IngestCatalog catalog,
            GarbageCollector garbage,
            String owner,
            InstantSource clock,
            RetentionObserver observer) {
        this.settings = settings;
        this.catalog = catalog;
        this.garbage = garbage;
        this.owner = owner;
        this.clock = clock;
        this.observer = observer;
        thread = Thread.ofPlatform().name("weir-ingest-retain").daemon(true).unstarted(this::run);
    }

    /** Begins, if anything is ever deleted. */
    public void start() {
        if (settings.isFinite()) {
            thread.start();
        }
    }

    private void run() {
        try {
            while (!closed) {
                try {
                    plan();
                    boolean more = true;
                    while (more && !closed) {
                        more = runOne();
                    }
                    garbage.collect();
                } catch (IOException | RuntimeException e) {
                    LOG.warn("retention pauses: {}", e.toString());
                }
                Thread.sleep(settings.intervalMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Puts a job on the queue for each tenant with a period; returns how many were new. */
    public int plan() {
        long nowMillis = clock.millis();
        int added = 0;
        for (String tenant : catalog.tenants()) {
            long period = settings.periodMillis(tenant);
            // Fixed now: however late the job runs, it deletes no more than was meant.
            if (period > 0 && catalog.enqueue(KIND, tenant, "", Long.toString(nowMillis - period))) {
                added++;
            }
        }
        return added;
    }

    /** Runs the next job of the queue; false if there is none. */
    public boolean runOne() {
        Optional<Job> claimed = catalog.claim(KIND, owner, settings.leaseMillis());
        if (claimed.isEmpty()) {
            return false;
        }
        Job job = claimed.get();
        try {
            int expired = catalog.expire(job.tenant(), Long.parseLong(job.payload()));
            catalog.complete(job);
            if (expired > 0) {
                LOG.info("retention took {} segments of tenant {} out of the catalog", expired, job.tenant());
            }
            observer.expired(expired, true);
        } catch (RuntimeException e) {
            LOG.warn("retention of tenant {} failed, attempt {}", job.tenant(), job.attempt(), e);
            observer.expired(0, false);
            catalog.fail(job, String.valueOf(e));
        }
        return true;
    }

    /** Stops; a job that is running is left to its lease. */
    public void close(long timeoutMillis) throws InterruptedException {
        closed = true;
        thread.interrupt();
        if (thread.isAlive()) {
            thread.join(timeoutMillis);
        }
    }

    @Override
    public void close() {
        try {
            close(settings.leaseMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
