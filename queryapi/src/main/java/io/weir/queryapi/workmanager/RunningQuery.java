package io.weir.queryapi.workmanager;

import io.weir.promql.error.QueryException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A query's work as the shell knows it: its units, who listens, and whether anyone still does. */
final class RunningQuery implements WorkManager.QueryWork {
    private static final Logger LOG = LoggerFactory.getLogger(RunningQuery.class);

    final WorkManager.Submission submission;
    final long submittedNanos = System.nanoTime();
    /** Null when the work was taken, else why not. */
    final CompletableFuture<@Nullable QueryException> answer = new CompletableFuture<>();

    private final Map<String, WorkUnit> units = new HashMap<>();
    private final WorkManager.Listener listener;
    private final GrpcWorkManager owner;
    private volatile boolean silenced;

    RunningQuery(WorkManager.Submission submission, WorkManager.Listener listener, GrpcWorkManager owner) {
        this.submission = submission;
        this.listener = listener;
        this.owner = owner;
        submission.units().forEach(unit -> units.put(unit.workId(), unit));
    }

    WorkUnit unit(String workId) {
        WorkUnit unit = units.get(workId);
        if (unit == null) {
            throw new IllegalStateException("work " + workId + " is not of query " + submission.queryId());
        }
        return unit;
    }

    @Override
    public void cancel(String reason) {
        if (!silenced) {
            silenced = true;
            owner.cancel(this, reason);
        }
    }

    /** The listener hears nothing more. */
    void silence() {
        silenced = true;
    }

    /** Hands the artifact over, or deletes it if nobody listens. False if the listener failed. */
    boolean committed(WorkUnit unit, WorkManager.FetchedArtifact artifact) {
        if (silenced) {
            artifact.delete();
            return true;
        }
        try {
            listener.committed(unit, artifact);
            return true;
        } catch (RuntimeException failure) {
            LOG.error("query {} could not take an artifact", submission.queryId(), failure);
            artifact.delete();
            return false;
        }
    }

    void failed(QueryException cause) {
        if (!silenced) {
            silenced = true;
            try {
                listener.failed(cause);
            } catch (RuntimeException failure) {
                LOG.error("query {} could not take its failure", submission.queryId(), failure);
            }
        }
    }
}
