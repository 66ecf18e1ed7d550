package io.weir.queryapi.workmanager;

import io.weir.promql.error.QueryException;
import io.weir.proto.control.v1.WorkStatistics;
import io.weir.queryapi.fetch.FetchedFile;
import io.weir.workcoord.coordinator.Priority;
import java.nio.file.Path;
import java.util.List;

/** Runs the work units of queries on the live workers, fetches their artifacts, retries what fails. Thread-safe. */
public interface WorkManager {
    /**
     * Starts a query's work. Returns at once; the listener is told the rest.
     *
     * @throws QueryException.Unavailable if no worker is known or the queue is full; the message says which
     */
    QueryWork submit(Submission submission, Listener listener);

    /**
     * @param tenant for fair queueing
     * @param deadlineNanos {@link System#nanoTime} after which the work is given up
     */
    record Submission(String queryId, String tenant, long deadlineNanos, List<WorkUnit> units, Priority priority) {
        public Submission {
            units = List.copyOf(units);
        }

        /** A user waits for it. */
        public Submission(String queryId, String tenant, long deadlineNanos, List<WorkUnit> units) {
            this(queryId, tenant, deadlineNanos, units, Priority.INTERACTIVE);
        }
    }

    /** A query's running work. */
    interface QueryWork {
        /** Cancels what is not committed, on the workers too, and deletes fetched artifacts. Idempotent; the listener hears nothing more. */
        void cancel(String reason);
    }

    /** Told about a query's work, from one thread at a time; must not block. */
    interface Listener {
        /** A unit's artifact is fetched, verified and committed. The listener now owns the file and deletes it. */
        void committed(WorkUnit unit, FetchedArtifact artifact);

        /** The query's work cannot be completed; called at most once, nothing follows. */
        void failed(QueryException cause);
    }

    /**
     * A verified artifact on the API's disk.
     *
     * @param workerId who computed it
     */
    record FetchedArtifact(FetchedFile content, long sizeBytes, String workerId, WorkStatistics statistics) {
        /** Where it lies. */
        public Path file() {
            return content.path();
        }

        /** Deletes it; its room in the spool is free again. Idempotent. */
        public void delete() {
            content.delete();
        }
    }

    /** How much waits and runs now; never blocks. */
    WorkLoad load();

    /** Whether a defect has stopped scheduling; the process has to be restarted. Never blocks. */
    boolean isFailed();

    /** Whether the autoscaler may stop the last worker, so that having none is no fault of this process. */
    boolean mayHaveNoWorkers();

    /** The live view of workers for {@code /api/v1/workers} and explain. */
    List<WorkerView> workers();

    /** Which worker a unit with this affinity key would go to now, for explain; empty without workers. */
    java.util.Optional<String> placement(String affinityKey);

    /**
     * @param state connecting, alive, draining or lost
     */
    record WorkerView(
            String workerId,
            String address,
            String state,
            boolean acceptingWork,
            boolean draining,
            int credits,
            int inFlight,
            int running,
            int queued,
            double heartbeatRttMillis,
            long cacheBytes,
            long spoolBytes) {}
}
