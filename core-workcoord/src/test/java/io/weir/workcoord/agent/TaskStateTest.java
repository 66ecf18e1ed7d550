package io.weir.workcoord.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.workcoord.Transition;
import io.weir.workcoord.TransitionTable;
import org.junit.jupiter.api.Test;

/** The state machine of work on the worker's side, every state with every trigger ("-" ignored, "!" impossible). */
final class TaskStateTest {
    private static final String TABLE = """
        START: QUEUED>RUNNING RUNNING>! CANCELING>! OVERDUE>! READY>! GONE>!
        SUCCEEDED: QUEUED>! RUNNING>READY CANCELING>GONE OVERDUE>GONE READY>! GONE>!
        FAILED: QUEUED>! RUNNING>GONE CANCELING>GONE OVERDUE>GONE READY>! GONE>!
        CANCEL: QUEUED>GONE RUNNING>CANCELING CANCELING>- OVERDUE>CANCELING READY>GONE GONE>-
        SESSION_LOST: QUEUED>GONE RUNNING>CANCELING CANCELING>- OVERDUE>CANCELING READY>GONE GONE>-
        DEADLINE: QUEUED>GONE RUNNING>OVERDUE CANCELING>- OVERDUE>- READY>- GONE>-
        HAND_BACK: QUEUED>GONE RUNNING>- CANCELING>- OVERDUE>- READY>- GONE>-
        ACKNOWLEDGED: QUEUED>- RUNNING>- CANCELING>- OVERDUE>- READY>GONE GONE>-
        ARTIFACT_LOST: QUEUED>- RUNNING>- CANCELING>- OVERDUE>- READY>GONE GONE>-
        """;

    private static String cell(TaskState state, TaskTrigger trigger) {
        return switch (state.on(trigger)) {
            case Transition.Moves<TaskState>(TaskState to) -> to.name();
            case Transition.Ignored<TaskState> ignored -> "-";
            case Transition.Illegal<TaskState>() -> "!";
        };
    }

    @Test
    void everyStateWithEveryTrigger() {
        assertThat(TransitionTable.render(TaskState.values(), TaskTrigger.values(), TaskStateTest::cell))
                .isEqualTo(TABLE);
    }
}
