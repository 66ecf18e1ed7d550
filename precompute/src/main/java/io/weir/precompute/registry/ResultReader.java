package io.weir.precompute.registry;

import io.weir.lake.database.Transactions;
import io.weir.precompute.job.Job;
import io.weir.precompute.result.ResultDirectory;
import io.weir.precompute.result.TickResult;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings the results of other processes, and of this one's life before, into the directory. */
final class ResultReader {
    private static final Logger LOG = LoggerFactory.getLogger(ResultReader.class);
    /** Results read at once, which bounds the memory that they take beside the directory. */
    private static final int ROWS_MAX = 64;

    private final Transactions database;
    private final ResultDirectory directory;
    private final JobLeases leases;
    private final RegistryMetrics metrics;
    private final RegistryLoop loop;
    /** The newest tick by job id. */
    private final Map<String, Long> newest = new ConcurrentHashMap<>();

    private final Set<String> wanted = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean allWanted = new AtomicBoolean();
    private long pollAtNanos;
    private final long pollNanos;

    ResultReader(
            RegistrySettings settings,
            Transactions database,
            ResultDirectory directory,
            JobLeases leases,
            RegistryMetrics metrics) {
        this.database = database;
        this.directory = directory;
        this.leases = leases;
        this.metrics = metrics;
        this.pollNanos = settings.pollMillis() * 1_000_000;
        this.pollAtNanos = System.nanoTime() + pollNanos;
        this.loop = new RegistryLoop("results", settings.pollMillis(), this::read, metrics::failure);
    }

    /** Reads what there is, then goes on by itself. */
    void start() {
        read();
        loop.start();
    }

    /** Jobs that this process does not know are left to the look that finds them. */
    void readSoon(String jobId) {
        if (leases.known().containsKey(jobId)) {
            wanted.add(jobId);
            loop.wake();
        }
    }

    void readAllSoon() {
        allWanted.set(true);
        loop.wake();
    }

    /** This process computed it itself. */
    void known(String jobId, long evalMillis) {
        newest.merge(jobId, evalMillis, Math::max);
    }

    void forget(String jobId) {
        newest.remove(jobId);
        wanted.remove(jobId);
    }

    private void read() {
        boolean due = System.nanoTime() - pollAtNanos >= 0;
        Map<String, Job> jobs = leases.known();
        Map<String, Long> after = new HashMap<>();
        for (String jobId : Set.copyOf(wanted)) {
            wanted.remove(jobId);
            if (jobs.containsKey(jobId)) {
                after.put(jobId, newest.getOrDefault(jobId, Long.MIN_VALUE));
            }
        }
        boolean all = allWanted.getAndSet(false);
        if (all || due) {
            jobs.keySet().stream()
                    .filter(jobId -> !leases.owns(jobId))
                    .forEach(jobId -> after.put(jobId, newest.getOrDefault(jobId, Long.MIN_VALUE)));
            pollAtNanos = System.nanoTime() + pollNanos;
        }
        try {
            readAfter(after);
        } catch (RuntimeException e) {
            wanted.addAll(after.keySet());
            throw e;
        }
    }

    private void readAfter(Map<String, Long> after) {
        int count = after.isEmpty() ? 0 : ROWS_MAX;
        while (count == ROWS_MAX) {
            List<TickRows.Row> rows =
                    database.all("read results", connection -> TickRows.readAfter(connection, after, ROWS_MAX));
            count = rows.size();
            Map<String, Job> jobs = leases.known();
            for (TickRows.Row row : rows) {
                after.merge(row.jobId(), row.evalMillis(), Math::max);
                Job job = jobs.get(row.jobId());
                if (job != null) {
                    put(job, row);
                }
            }
        }
    }

    private void put(Job job, TickRows.Row row) {
        newest.merge(job.jobId(), row.evalMillis(), Math::max);
        try {
            TickResult result = StoredResults.read(row.jobId(), row.evalMillis(), row.result());
            directory.put(job, result);
        } catch (IOException e) {
            metrics.unreadable();
            LOG.warn("a result of job {} cannot be read: {}", row.jobId(), e.getMessage());
        }
    }

    void close() throws InterruptedException {
        loop.close();
    }
}
