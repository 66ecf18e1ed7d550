package io.weir.workcoord.agent;

import io.weir.workcoord.FailureKind;

/** What the worker's shell has to do, in the order given. */
public sealed interface AgentEffect {
    /** A message to an API. The session is live when the step ends. */
    sealed interface Send extends AgentEffect {
        long session();
    }

    /**
     * What an API is told about this worker.
     *
     * @param credits pieces of work this API may have here, running and queued
     * @param running executions of all APIs
     * @param queued accepted work of all APIs that waits for a slot
     */
    record Status(boolean acceptingWork, boolean draining, int credits, int running, int queued) {}

    /** The worker's hello, with its first status. */
    record SendHello(long session, Status status) implements Send {}

    record SendStatus(long session, Status status) implements Send {}

    record SendAccepted(long session, String workId, int attempt) implements Send {}

    record SendRejected(long session, String workId, int attempt, String reason) implements Send {}

    record SendReady(long session, String workId, int attempt) implements Send {}

    record SendFailed(long session, String workId, int attempt, FailureKind kind, String message) implements Send {}

    record SendHeartbeat(long session, long sequence, boolean reply) implements Send {}

    /** Why a session is closed from this side. */
    enum CloseReason {
        /** No message for the allowed silence. */
        SILENT,
        /** A newer session of the same API replaced it. */
        SUPERSEDED,
        /** An older session than the live one finished its handshake late. */
        OUTDATED,
        /** More APIs than the limit. */
        TOO_MANY_SESSIONS,
        /** The drain is over. */
        DRAINED
    }

    record CloseSession(long session, CloseReason reason, String message) implements AgentEffect {}

    /** Run it on a free slot; answered by ExecutionSucceeded or ExecutionFailed, exactly once, also when canceled. */
    record StartExecution(
            long session, String apiId, String queryId, int leafId, String workId, int attempt, long deadlineMillis)
            implements AgentEffect {}

    /** Tell an execution to stop; it may just have ended. */
    record CancelExecution(String workId, int attempt, String reason) implements AgentEffect {}

    /** Delete a published artifact now. */
    record DiscardArtifact(String workId, int attempt) implements AgentEffect {}

    /** Delete a published artifact after the grace period. */
    record AcknowledgeArtifact(String workId, int attempt) implements AgentEffect {}

    /**
     * The drain is over: the process may end.
     *
     * @param forced the time limit ended it, unfinished work was given up
     */
    record Drained(boolean forced) implements AgentEffect {}
}
