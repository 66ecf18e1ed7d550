package io.weir.workcoord.coordinator;

/**
 * A piece of work of a running query.
 *
 * @param session of the owner, 0 without one
 * @param failures attempts that failed so far
 */
public record WorkSnapshot(
        String queryId, String tenant, String workId, WorkState state, int attempt, int failures, long session) {}
