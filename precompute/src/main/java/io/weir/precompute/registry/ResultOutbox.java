package io.weir.precompute.registry;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobStatistics;
import io.weir.precompute.result.TickResult;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What came of ticks and is not in the database yet: of each job how it fares, and its results, oldest first. Thread-safe. Bounded by bytes: beyond
 * them the jobs' oldest results are dropped, the newest of a job last; what is dropped is counted, and missing in other processes only.
 */
final class ResultOutbox {
    private final int resultsKept;
    private final int resultBytesMax;
    private final int sketchBytesMax;
    private final long bytesMax;
    private final Runnable onDrop;

    private final Map<String, Pending> pending = new LinkedHashMap<>();
    private long bytes;

    /** @param onDrop called for each result that is not kept */
    ResultOutbox(int resultsKept, int resultBytesMax, int sketchBytesMax, long bytesMax, Runnable onDrop) {
        this.resultsKept = resultsKept;
        this.resultBytesMax = resultBytesMax;
        this.sketchBytesMax = sketchBytesMax;
        this.bytesMax = bytesMax;
        this.onDrop = onDrop;
    }

    /**
     * Of one job.
     *
     * @param results compressed, by tick
     */
    record Batch(TickRows.Progress progress, TreeMap<Long, byte[]> results) {}

    private static final class Pending {
        private TickRows.Progress progress;
        private final TreeMap<Long, byte[]> results = new TreeMap<>();

        Pending(TickRows.Progress progress) {
            this.progress = progress;
        }
    }

    /** Takes what came of a tick. */
    void put(Job job, long epoch, JobStatistics statistics, Optional<TickResult> result) {
        Optional<byte[]> stored = result.flatMap(it -> StoredResults.write(it, resultBytesMax, sketchBytesMax));
        if (result.isPresent() && stored.isEmpty()) {
            onDrop.run();
        }
        long newestMillis = statistics.lastRunMillis().orElse(0);
        long keptAfterMillis = newestMillis - resultsKept * job.spec().granularityMillis();
        TickRows.Progress progress = new TickRows.Progress(job.jobId(), epoch, keptAfterMillis, statistics);
        synchronized (pending) {
            Pending mine = pending.computeIfAbsent(job.jobId(), id -> new Pending(progress));
            if (mine.progress.epoch() > epoch) {
                return;
            }
            mine.progress = progress;
            stored.ifPresent(it -> add(mine, result.get().evalMillis(), it));
            trim(mine, keptAfterMillis);
            trim();
        }
    }

    private void add(Pending mine, long evalMillis, byte[] result) {
        byte[] before = mine.results.put(evalMillis, result);
        bytes += result.length - (before == null ? 0 : before.length);
    }

    private void trim(Pending mine, long keptAfterMillis) {
        while (!mine.results.isEmpty() && mine.results.firstKey() <= keptAfterMillis) {
            bytes -= mine.results.pollFirstEntry().getValue().length;
            onDrop.run();
        }
    }

    /** First of jobs with several results, then of any, the one that waits longest first. */
    private void trim() {
        for (int atLeast = 2; atLeast >= 1 && bytes > bytesMax; atLeast--) {
            for (Pending each : pending.values()) {
                while (bytes > bytesMax && each.results.size() >= atLeast) {
                    bytes -= each.results.pollFirstEntry().getValue().length;
                    onDrop.run();
                }
            }
        }
    }

    boolean isEmpty() {
        synchronized (pending) {
            return pending.isEmpty();
        }
    }

    long bytes() {
        synchronized (pending) {
            return bytes;
        }
    }

    /** Takes out what waits longest. */
    List<Batch> take(int jobsMax) {
        List<Batch> taken = new ArrayList<>();
        synchronized (pending) {
            Iterator<Pending> next = pending.values().iterator();
            while (next.hasNext() && taken.size() < jobsMax) {
                Pending each = next.next();
                next.remove();
                each.results.values().forEach(result -> bytes -= result.length);
                taken.add(new Batch(each.progress, each.results));
            }
        }
        return taken;
    }

    /** Puts back what could not be written; newer words of a job stay. */
    void restore(List<Batch> batches) {
        synchronized (pending) {
            for (Batch batch : batches) {
                TickRows.Progress progress = batch.progress();
                Pending mine = pending.computeIfAbsent(progress.jobId(), id -> new Pending(progress));
                if (mine.progress.epoch() == progress.epoch()) {
                    batch.results().forEach((evalMillis, result) -> {
                        if (!mine.results.containsKey(evalMillis)) {
                            add(mine, evalMillis, result);
                        }
                    });
                    trim(mine, mine.progress.keptAfterMillis());
                }
            }
            trim();
        }
    }

    /** Forgets a job that is gone. */
    void remove(String jobId) {
        synchronized (pending) {
            Pending gone = pending.remove(jobId);
            if (gone != null) {
                gone.results.values().forEach(result -> bytes -= result.length);
            }
        }
    }
}
