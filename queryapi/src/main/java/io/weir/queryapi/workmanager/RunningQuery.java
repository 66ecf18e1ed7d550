package io.weir.queryapi.workmanager;

import io.opentelemetry.api.trace.SpanKind;
import io.weir.promql.error.QueryException;
import io.weir.proto.log.LogContext;
import io.weir.proto.trace.Trace;
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

    /** The span of the query. */
    final Trace trace = Trace.current();

    private final Map<String, WorkUnit> units = new HashMap<>();
    /** The spans of its pieces of work that are not over; none unless the query is traced. Owned by the mailbox. */
    private final Map<String, Trace> works = new HashMap<>();

    private final WorkManager.Listener listener;
    private final GrpcWorkManager owner;
    private volatile boolean silenced;
    /** Owned by the mailbox. */
    private boolean begun;

    RunningQuery(WorkManager.Submission submission, WorkManager.Listener listener, GrpcWorkManager owner) {
        this.submission = submission;
        this.listener = listener;
        this.owner = owner;
        submission.units().forEach(unit -> units.put(unit.workId(), unit));
    }

    boolean hasUnit(String workId) {
        return units.containsKey(workId);
    }

    WorkUnit unit(String workId) {
        WorkUnit unit = units.get(workId);
        if (unit == null) {
            throw new IllegalStateException("work " + workId + " is not of query " + submission.queryId());
        }
        return unit;
    }

    /** Begins the spans of the pieces of work. */
    void beginWork() {
        if (trace.isRecording()) {
            for (WorkUnit unit : submission.units()) {
                works.put(
                        unit.workId(),
                        trace.child("work", SpanKind.PRODUCER)
                                .set("query_id", submission.queryId())
                                .set("work_id", unit.workId())
                                .set("tenant", submission.tenant())
                                .set("leaf_id", unit.leafId())
                                .event("queued"));
            }
        }
    }

    /** The span of a piece of work; the query's own if it is over or was never traced. */
    Trace work(String workId) {
        return works.getOrDefault(workId, trace);
    }

    /** A worker is given a piece of work; its span. */
    Trace begin(String workId) {
        begun = true;
        return work(workId);
    }

    /** Whether a worker was given any of its work. */
    boolean hasBegun() {
        return begun;
    }

    /** A piece of work is complete. */
    void endWork(String workId) {
        Trace span = works.remove(workId);
        if (span != null) {
            span.close();
        }
    }

    /** No more work is done, for a reason. */
    void endWork(String reason, boolean failed) {
        for (Trace span : works.values()) {
            if (failed) {
                span.fail(reason);
            } else {
                span.event("canceled", "reason", reason);
            }
            span.close();
        }
        works.clear();
    }

    /** For log lines about it. */
    LogContext logContext() {
        return LogContext.ofQuery(submission.queryId(), trace);
    }

    /** For log lines about a piece of its work. */
    LogContext logContext(String workId) {
        return LogContext.ofWork(submission.queryId(), workId, trace);
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
            LOG.error("the query could not take an artifact", failure);
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
                LOG.error("the query could not take its failure", failure);
            }
        }
    }
}
