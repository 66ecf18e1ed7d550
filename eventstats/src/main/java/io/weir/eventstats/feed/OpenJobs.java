package io.weir.eventstats.feed;

import io.weir.eventstats.signal.SignalKind;
import io.weir.queryapi.spi.AskedQuery;
import io.weir.queryapi.spi.QueryEvent;
import io.weir.queryapi.spi.WorkerCount;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The queries that run, as far as they were written: their signal changes without an event of theirs when the workers come or go. Bounded; the
 * oldest goes first. Used by the writer's thread only.
 */
final class OpenJobs {
    /** Between two events of a query there is room for so many signals of our own. */
    static final long SEQUENCES_PER_EVENT = 1_000;

    private final int jobsMax;
    private final LinkedHashMap<AskedQuery, Job> jobs = new LinkedHashMap<>();

    OpenJobs(int jobsMax) {
        this.jobsMax = jobsMax;
    }

    /** A query's last signal. */
    private record Job(QueryEvent latest, boolean resultSent, boolean wasBlocked, SignalKind kind, long extra) {}

    /**
     * A signal to be written.
     *
     * @param wasBlocked whether the query has waited for workers
     */
    record Update(QueryEvent latest, Signal signal, long seq, boolean wasBlocked) {
        AskedQuery query() {
            return latest.query();
        }
    }

    /** What came of a query. */
    Update update(Unwritten entry, WorkerCount workers) {
        Job before = jobs.remove(entry.query());
        boolean resultSent = entry.firstResult() != null || (before != null && before.resultSent());
        Signal signal = Signal.of(entry.latest(), resultSent, workers);
        boolean blocked = signal.kind() == SignalKind.BLOCKED || (before != null && before.wasBlocked());
        if (!entry.hasEnded()) {
            if (jobs.size() >= jobsMax) {
                jobs.remove(jobs.firstEntry().getKey());
            }
            jobs.put(entry.query(), new Job(entry.latest(), resultSent, blocked, signal.kind(), 0));
        }
        return new Update(entry.latest(), signal, seq(entry.latest(), 0), blocked);
    }

    /** The queries that became blocked, or are so no more. */
    List<Update> changed(WorkerCount workers) {
        List<Update> updates = new ArrayList<>();
        for (Map.Entry<AskedQuery, Job> entry : jobs.entrySet()) {
            Update update = changed(entry, workers);
            if (update != null) {
                updates.add(update);
            }
        }
        return updates;
    }

    private static @Nullable Update changed(Map.Entry<AskedQuery, Job> entry, WorkerCount workers) {
        Job job = entry.getValue();
        Signal signal = Signal.of(job.latest(), job.resultSent(), workers);
        if (signal.kind() == job.kind() || job.extra() + 1 >= SEQUENCES_PER_EVENT) {
            return null;
        }
        boolean blocked = job.wasBlocked() || signal.kind() == SignalKind.BLOCKED;
        Job next = new Job(job.latest(), job.resultSent(), blocked, signal.kind(), job.extra() + 1);
        entry.setValue(next);
        return new Update(job.latest(), signal, seq(job.latest(), next.extra()), blocked);
    }

    private static long seq(QueryEvent event, long extra) {
        return event.sequence() * SEQUENCES_PER_EVENT + extra;
    }

    int size() {
        return jobs.size();
    }
}
