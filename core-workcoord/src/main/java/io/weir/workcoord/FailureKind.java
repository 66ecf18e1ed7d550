package io.weir.workcoord;

/** Why an attempt at a piece of work, or a whole query, failed; decides whether another attempt is worth it. */
public enum FailureKind {
    /** A defect or an unexpected condition on the worker. */
    INTERNAL(true),
    /** The leaf itself is wrong: it fails everywhere. */
    BAD_QUERY(false),
    /** An object the catalog named is not there: the planner has to read the catalog again. */
    MISSING_OBJECT(false),
    OUT_OF_MEMORY(true),
    DISK_FULL(true),
    /** A limit of the query was reached: it is reached everywhere. */
    LIMIT_EXCEEDED(false),
    /** An object's bytes are not what the catalog announced: the planner has to read the catalog again. */
    CORRUPT_OBJECT(false),
    DEADLINE_EXCEEDED(false),
    /** The worker gave the work up by itself. */
    CANCELED(true),
    /** The worker drained before it started the work. Costs no retry. */
    HANDED_BACK(true),
    /** The artifact was evicted or expired before it was fetched. */
    ARTIFACT_LOST(true),
    /** The artifact could not be fetched: connection, time-out, status. */
    FETCH_FAILED(true),
    /** The fetched artifact's checksum is not the announced one. */
    CHECKSUM_MISMATCH(true),
    /** The worker's control stream ended or fell silent. */
    WORKER_LOST(true),
    /** No live worker accepts work. */
    NO_WORKERS(false),
    /** A bound of the coordinator is reached: no room for the query. */
    QUEUE_FULL(false),
    /** The query's or the work's id is in use. */
    DUPLICATE_ID(false),
    /** Every attempt the limits allow has failed. */
    RETRIES_EXHAUSTED(false);

    private final boolean retryable;

    FailureKind(boolean retryable) {
        this.retryable = retryable;
    }

    /** Whether the work may succeed on another attempt. */
    public boolean isRetryable() {
        return retryable;
    }
}
