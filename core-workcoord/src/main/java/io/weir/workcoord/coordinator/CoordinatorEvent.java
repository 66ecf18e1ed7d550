package io.weir.workcoord.coordinator;

import io.weir.workcoord.FailureKind;
import java.util.List;

/** What the coordinator is told. Messages of workers carry the session they came on; those of ended sessions are fenced off. */
public sealed interface CoordinatorEvent {
    /** A message or change of a worker's session. */
    sealed interface OfSession extends CoordinatorEvent {
        long session();
    }

    /**
     * One piece of work to run.
     *
     * @param workId unique over all queries
     */
    record Unit(int leafId, String workId, String affinityKey) {}

    record Submit(String queryId, String tenant, long deadlineMillis, List<Unit> units, Priority priority)
            implements CoordinatorEvent {
        public Submit {
            units = List.copyOf(units);
        }

        /** A user waits for it. */
        public Submit(String queryId, String tenant, long deadlineMillis, List<Unit> units) {
            this(queryId, tenant, deadlineMillis, units, Priority.INTERACTIVE);
        }
    }

    record CancelQuery(String queryId, String reason) implements CoordinatorEvent {}

    /** Time has passed. Due at {@link Coordinator#nextTimerMillis}. */
    record Tick() implements CoordinatorEvent {}

    /**
     * A stream to a worker is up and both sides have said hello.
     *
     * @param session unique and increasing over all sessions of this API process
     * @param address where the worker was dialled; two addresses with one worker id are a mistake in the set-up
     */
    record SessionOpened(
            long session,
            String workerId,
            String incarnation,
            String address,
            boolean acceptingWork,
            boolean draining,
            int credits)
            implements OfSession {}

    record SessionClosed(long session, String reason) implements OfSession {}

    record StatusReceived(long session, boolean acceptingWork, boolean draining, int credits) implements OfSession {}

    record HeartbeatReceived(long session, long sequence, boolean reply) implements OfSession {}

    record Accepted(long session, String workId, int attempt) implements OfSession {}

    record Rejected(long session, String workId, int attempt, String reason) implements OfSession {}

    record Ready(long session, String queryId, int leafId, String workId, int attempt, String checksum)
            implements OfSession {}

    record Failed(long session, String workId, int attempt, FailureKind kind, String message) implements OfSession {}

    /** A fetch that was asked for is complete and its checksum verified. */
    record Fetched(String workId, int attempt) implements CoordinatorEvent {}

    /** @param kind {@link FailureKind#FETCH_FAILED} or {@link FailureKind#CHECKSUM_MISMATCH} */
    record FetchFailed(String workId, int attempt, FailureKind kind, String message) implements CoordinatorEvent {}
}
