package io.weir.workcoord.coordinator;

import io.weir.workcoord.FailureKind;
import io.weir.workcoord.coordinator.CoordinatorEffect.SubmitRefused;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Decides which queries are taken: ids are unique, time is left, there are workers, and the limits hold. */
final class Admission {
    private final CoordinatorLimits limits;
    private final Membership members;
    private final Map<String, QueryEntry> queries;
    private final Map<String, WorkItem> works;

    /** Both maps stay the coordinator's; they are only read here. */
    Admission(
            CoordinatorLimits limits,
            Membership members,
            Map<String, QueryEntry> queries,
            Map<String, WorkItem> works) {
        this.limits = limits;
        this.members = members;
        this.queries = queries;
        this.works = works;
    }

    /** Why a query is not taken; empty if it is. */
    Optional<SubmitRefused> refusal(CoordinatorEvent.Submit submit, long nowMillis) {
        String queryId = submit.queryId();
        if (queries.containsKey(queryId)) {
            return refused(queryId, FailureKind.DUPLICATE_ID, "query " + queryId + " is running; use a fresh query id");
        }
        Set<String> ids = new HashSet<>();
        for (CoordinatorEvent.Unit unit : submit.units()) {
            if (!ids.add(unit.workId()) || works.containsKey(unit.workId())) {
                return refused(
                        queryId, FailureKind.DUPLICATE_ID, "work id " + unit.workId() + " is in use; ids are unique");
            }
        }
        if (submit.deadlineMillis() <= nowMillis) {
            return refused(
                    queryId, FailureKind.DEADLINE_EXCEEDED, "the query's deadline passed before its work started");
        }
        if (!submit.units().isEmpty() && !members.maySubmit(nowMillis)) {
            return refused(queryId, FailureKind.NO_WORKERS, members.noWorkersMessage());
        }
        if (queries.size() >= limits.queriesMax()) {
            return refused(
                    queryId,
                    FailureKind.QUEUE_FULL,
                    "the limit of " + limits.queriesMax() + " running queries is reached");
        }
        if (works.size() + submit.units().size() > limits.worksMax()) {
            return refused(
                    queryId,
                    FailureKind.QUEUE_FULL,
                    "the queue of work is full: " + works.size() + " pieces wait or run, this query has "
                            + submit.units().size() + ", the limit is " + limits.worksMax());
        }
        return Optional.empty();
    }

    private static Optional<SubmitRefused> refused(String queryId, FailureKind kind, String message) {
        return Optional.of(new SubmitRefused(queryId, kind, message));
    }
}
