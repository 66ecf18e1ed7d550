package io.weir.workcoord.agent;

import io.weir.workcoord.FailureKind;

/** What the worker's agent is told. */
public sealed interface AgentEvent {
    /** A message or change of an API's session. */
    sealed interface OfSession extends AgentEvent {
        long session();
    }

    /**
     * An API said hello.
     *
     * @param session of the worker's own counting: unique and increasing over all streams
     * @param apiSession of the API's counting: a higher one replaces a lower one of the same API
     * @param heartbeatIntervalMillis how often the API means to send heartbeats
     */
    record SessionOpened(long session, String apiId, long apiSession, long heartbeatIntervalMillis)
            implements OfSession {}

    record SessionClosed(long session, String reason) implements OfSession {}

    record Assigned(long session, String workId, int attempt, String queryId, int leafId, long deadlineRemainingMillis)
            implements OfSession {}

    record CancelReceived(long session, String workId, String reason) implements OfSession {}

    record AckReceived(long session, String workId, int attempt) implements OfSession {}

    record HeartbeatReceived(long session, long sequence, boolean reply) implements OfSession {}

    /** An execution that was started ended with a published artifact. */
    record ExecutionSucceeded(String workId, int attempt) implements AgentEvent {}

    /** An execution that was started ended without one. */
    record ExecutionFailed(String workId, int attempt, FailureKind kind, String message) implements AgentEvent {}

    /** The spool dropped an artifact nobody fetched. */
    record ArtifactLost(String workId, int attempt, String reason) implements AgentEvent {}

    /** Whether work is accepted at all, for instance while the disk is full. Draining overrides it. */
    record AcceptingChanged(boolean acceptingWork) implements AgentEvent {}

    /** The process is asked to end. */
    record DrainBegun() implements AgentEvent {}

    /** Time has passed. Due at {@link WorkerAgent#nextTimerMillis}. */
    record Tick() implements AgentEvent {}
}
