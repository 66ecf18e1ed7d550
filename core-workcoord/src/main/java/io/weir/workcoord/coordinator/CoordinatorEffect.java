package io.weir.workcoord.coordinator;

import io.weir.workcoord.FailureKind;

/** What the shell has to do, in the order given. */
public sealed interface CoordinatorEffect {
    /** A message to a worker. The session is live when the step ends. */
    sealed interface Send extends CoordinatorEffect {
        long session();
    }

    /** @param hedge whether it is a second attempt, beside one that takes long */
    record SendAssign(
            long session,
            String queryId,
            int leafId,
            String workId,
            int attempt,
            String affinityKey,
            long deadlineRemainingMillis,
            boolean hedge)
            implements Send {}

    /** Stop the work, or delete its artifact. */
    record SendCancel(long session, String workId, String reason) implements Send {}

    record SendAck(long session, String workId, int attempt) implements Send {}

    record SendHeartbeat(long session, long sequence, boolean reply) implements Send {}

    /** Why a session is closed from this side. */
    enum CloseReason {
        /** No message for the allowed silence. */
        SILENT,
        /** A newer session of the same worker and address replaced it. */
        SUPERSEDED,
        /** An older session than the live one finished its handshake late. */
        OUTDATED,
        /** Another address answers with the same worker id. */
        DUPLICATE_IDENTITY,
        /** More workers than the limit. */
        TOO_MANY_WORKERS
    }

    record CloseSession(long session, CloseReason reason, String message) implements CoordinatorEffect {}

    /** Download the artifact the worker announced for this attempt; answered by Fetched or FetchFailed. */
    record StartFetch(String queryId, String workId, int attempt, String workerId, String checksum)
            implements CoordinatorEffect {}

    /** The download is no longer wanted; delete what is there. Its outcome is ignored. */
    record AbortFetch(String workId, int attempt) implements CoordinatorEffect {}

    /** A complete download came too late: delete it. */
    record DiscardFetched(String workId, int attempt) implements CoordinatorEffect {}

    /** The fetched artifact of this attempt is the work's one result. */
    record Commit(String queryId, String workId, int attempt, String workerId) implements CoordinatorEffect {}

    record SubmitAccepted(String queryId) implements CoordinatorEffect {}

    record SubmitRefused(String queryId, FailureKind kind, String message) implements CoordinatorEffect {}

    /** All work of the query is committed; nothing of it is remembered. */
    record QueryCompleted(String queryId) implements CoordinatorEffect {}

    /** The query cannot be completed; nothing of it is remembered. */
    record QueryFailed(String queryId, FailureKind kind, String message) implements CoordinatorEffect {}

    /** What is counted. */
    enum Counter {
        ACCEPTED,
        REJECTED,
        /** Work went back to the queue from a worker. */
        REASSIGNED,
        /** A completion of work that is committed or already being fetched. */
        DUPLICATE_DROPPED,
        /** A message about work or from a session that is gone. */
        STALE_DROPPED,
        /** Work went to the best ranked of the accepting workers. */
        AFFINITY_HIT,
        /** Work went to another one, because the best was full or had failed it. */
        AFFINITY_MISS,
        CHECKSUM_MISMATCH,
        /** A second attempt at a straggler began. Counted neither as reassigned nor for affinity. */
        HEDGED,
        /** The second attempt's artifact was committed. */
        HEDGE_WON
    }

    record Count(Counter counter) implements CoordinatorEffect {}
}
