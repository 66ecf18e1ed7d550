package io.weir.precompute.registry;

import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.database.Transactions;
import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.result.ResultDirectory;
import io.weir.precompute.result.TickResult;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes what came of ticks, and hits, some together; what the database does not take waits, within bounds. */
final class TickWriter {
    private static final Logger LOG = LoggerFactory.getLogger(TickWriter.class);
    /** Jobs of one transaction. */
    private static final int BATCH_JOBS_MAX = 500;
    /** Hits are counted in memory for so long. */
    private static final long HITS_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final String name;
    private final Transactions database;
    private final ResultDirectory directory;
    private final RegistryMetrics metrics;
    private final ResultOutbox outbox;
    private final RegistryLoop loop;
    private final Map<String, JobStatistics> latest = new ConcurrentHashMap<>();
    private final Map<String, Long> hits = new ConcurrentHashMap<>();
    private long hitsNanos;

    TickWriter(
            RegistrySettings settings,
            String name,
            Transactions database,
            ResultDirectory directory,
            RegistryMetrics metrics) {
        this.name = name;
        this.database = database;
        this.directory = directory;
        this.metrics = metrics;
        this.outbox = new ResultOutbox(
                settings.resultsKept(),
                settings.resultBytesMax(),
                settings.resultSketchBytesMax(),
                settings.pendingBytesMax(),
                metrics::dropped);
        this.loop = new RegistryLoop("writer", Math.max(1, settings.writeMillis()), this::write, metrics::failure);
    }

    void start() {
        loop.start();
    }

    void put(Job job, long epoch, JobStatistics statistics, Optional<TickResult> result) {
        latest.put(job.jobId(), statistics);
        outbox.put(job, epoch, statistics, result);
        metrics.pendingBytes(outbox.bytes());
    }

    /** How a job that this process runs fares. */
    Optional<JobStatistics> latest(String jobId) {
        return Optional.ofNullable(latest.get(jobId));
    }

    /** Hits of this process that the database does not have yet. */
    long unwrittenHits(String jobId) {
        return hits.getOrDefault(jobId, 0L);
    }

    void forget(String jobId) {
        latest.remove(jobId);
        hits.remove(jobId);
        outbox.remove(jobId);
    }

    private void write() {
        while (!outbox.isEmpty()) {
            List<ResultOutbox.Batch> batches = outbox.take(BATCH_JOBS_MAX);
            try {
                int fenced = database.all("write results", connection -> write(connection, batches));
                metrics.fenced(fenced);
            } catch (RuntimeException e) {
                outbox.restore(batches);
                throw e;
            } finally {
                metrics.pendingBytes(outbox.bytes());
            }
        }
        writeHits();
    }

    /** @return jobs that are not this process's any more */
    private int write(Connection connection, List<ResultOutbox.Batch> batches) throws SQLException {
        Set<String> held = TickRows.held(
                connection,
                name,
                batches.stream().map(ResultOutbox.Batch::progress).toList());
        List<TickRows.Progress> progress = new ArrayList<>();
        List<TickRows.Row> rows = new ArrayList<>();
        for (ResultOutbox.Batch batch : batches) {
            if (held.contains(batch.progress().jobId())) {
                progress.add(batch.progress());
                batch.results()
                        .forEach((evalMillis, result) ->
                                rows.add(new TickRows.Row(batch.progress().jobId(), evalMillis, result)));
            }
        }
        TickRows.writeProgress(connection, progress);
        TickRows.writeResults(connection, rows);
        TickRows.removeOld(connection, progress);
        Hint.sendResults(
                connection,
                name,
                rows.stream().map(TickRows.Row::jobId).distinct().toList());
        return batches.size() - held.size();
    }

    private void writeHits() {
        long nowNanos = System.nanoTime();
        if (nowNanos - hitsNanos < HITS_INTERVAL_NANOS) {
            return;
        }
        hitsNanos = nowNanos;
        directory.takeHits().forEach((jobId, count) -> hits.merge(jobId, count, Long::sum));
        Map<String, Long> taken = new HashMap<>(hits);
        if (taken.isEmpty()) {
            return;
        }
        Boolean ignored = database.all("count hits", connection -> {
            TickRows.addHits(connection, taken);
            return true;
        });
        taken.forEach((jobId, count) ->
                hits.computeIfPresent(jobId, (id, pending) -> pending <= count ? null : Long.valueOf(pending - count)));
    }

    /** Writes what there is, once. */
    void close() throws InterruptedException {
        loop.close();
        hitsNanos = System.nanoTime() - HITS_INTERVAL_NANOS;
        try {
            write();
        } catch (DatabaseUnavailableException e) {
            LOG.warn("the last ticks before the end are not written: {}", e.getMessage());
        }
    }
}
