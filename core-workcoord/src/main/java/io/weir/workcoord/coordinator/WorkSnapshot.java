package io.weir.workcoord.coordinator;

import org.jspecify.annotations.Nullable;

/**
 * A piece of work of a running query.
 *
 * @param state of the attempt that counts: the only one, or the older of two
 * @param attempt its number
 * @param failures attempts that failed so far and had no other beside them
 * @param session of its owner, 0 without one
 * @param hedge the second attempt beside it, if there is one
 */
public record WorkSnapshot(
        String queryId,
        String tenant,
        String workId,
        WorkState state,
        int attempt,
        int failures,
        long session,
        @Nullable Hedge hedge) {
    /** A second attempt. */
    public record Hedge(WorkState state, int attempt, long session) {}
}
