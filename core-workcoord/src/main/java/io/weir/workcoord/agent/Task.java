package io.weir.workcoord.agent;

import io.weir.workcoord.Transition;

/** One accepted attempt. */
final class Task {
    final ApiSession session;
    final TaskKey key;
    final String queryId;
    final int leafId;
    final long deadlineMillis;
    private TaskState state = TaskState.QUEUED;

    Task(ApiSession session, AgentEvent.Assigned assigned, long nowMillis) {
        this.session = session;
        this.key = new TaskKey(assigned.workId(), assigned.attempt());
        this.queryId = assigned.queryId();
        this.leafId = assigned.leafId();
        this.deadlineMillis = nowMillis + assigned.deadlineRemainingMillis();
        session.held++;
    }

    TaskState state() {
        return state;
    }

    /** Applies a trigger and keeps the session's count of credits in use right. False if the trigger is ignored. */
    boolean move(TaskTrigger trigger) {
        return switch (state.on(trigger)) {
            case Transition.Ignored<TaskState> ignored -> false;
            case Transition.Illegal<TaskState>() ->
                throw new IllegalStateException("task " + key + ": " + trigger + " in state " + state);
            case Transition.Moves<TaskState>(TaskState to) -> {
                if (state.takesCredit() && !to.takesCredit()) {
                    session.held--;
                }
                state = to;
                yield true;
            }
        };
    }
}
