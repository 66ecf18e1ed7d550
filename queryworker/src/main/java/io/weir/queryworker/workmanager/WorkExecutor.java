package io.weir.queryworker.workmanager;

import io.weir.lake.artifact.ArtifactMeta;
import io.weir.lake.artifact.ArtifactTarget;
import io.weir.proto.control.v1.WorkStatistics;
import io.weir.proto.leaf.v1.WorkSpec;

/** Executes one attempt at a piece of work into an artifact file. Called on the bounded pool of execution threads. */
public interface WorkExecutor {
    /**
     * Computes the work and writes its artifact to {@code target}, whose file does not exist; on failure nothing is left there.
     *
     * @throws WorkFailureException with the class that the API is told
     */
    Result execute(WorkSpec spec, String workId, ArtifactTarget target, Cancellation cancellation)
            throws WorkFailureException;

    record Result(ArtifactMeta artifact, WorkStatistics statistics) {}

    /** Tells a running execution to stop, and lets it say what to interrupt. */
    interface Cancellation {
        boolean isCanceled();

        /** Time left, in ms; may be negative. */
        long remainingMillis();

        /**
         * Runs the action when the work is canceled (at once if it already is), from any thread, and again while the work does not stop; until
         * the returned registration is closed. Work that still does not stop is interrupted.
         */
        AutoCloseable onCancel(Runnable action);
    }
}
