package io.weir.workcoord.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.workcoord.Transition;
import io.weir.workcoord.TransitionTable;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** The state machine of work on the worker's side, every state with every trigger (ignored as d duplicate, l late, p pointless; ! impossible). */
final class TaskStateTest {
    private static final String TABLE = """
        START: QUEUED>RUNNING RUNNING>! CANCELING>! OVERDUE>! READY>! GONE>!
        SUCCEEDED: QUEUED>! RUNNING>READY CANCELING>GONE OVERDUE>GONE READY>! GONE>!
        FAILED: QUEUED>! RUNNING>GONE CANCELING>GONE OVERDUE>GONE READY>! GONE>!
        CANCEL: QUEUED>GONE RUNNING>CANCELING CANCELING>d OVERDUE>CANCELING READY>GONE GONE>d
        SESSION_LOST: QUEUED>GONE RUNNING>CANCELING CANCELING>d OVERDUE>CANCELING READY>GONE GONE>d
        DEADLINE: QUEUED>GONE RUNNING>OVERDUE CANCELING>l OVERDUE>d READY>l GONE>l
        HAND_BACK: QUEUED>GONE RUNNING>p CANCELING>p OVERDUE>p READY>p GONE>l
        ACKNOWLEDGED: QUEUED>p RUNNING>p CANCELING>p OVERDUE>p READY>GONE GONE>l
        ARTIFACT_LOST: QUEUED>p RUNNING>p CANCELING>p OVERDUE>p READY>GONE GONE>l
        """;

    private static String cell(TaskState state, TaskTrigger trigger) {
        return switch (state.on(trigger)) {
            case Transition.Moves<TaskState>(TaskState to) -> to.name();
            case Transition.Ignored<TaskState>(Transition.Reason reason) ->
                reason.name().substring(0, 1).toLowerCase(Locale.ROOT);
            case Transition.Illegal<TaskState>() -> "!";
        };
    }

    @Test
    void everyStateWithEveryTrigger() {
        assertThat(TransitionTable.render(TaskState.values(), TaskTrigger.values(), TaskStateTest::cell))
                .isEqualTo(TABLE);
    }

    @Test
    void whatHoldsASlotAndWhatACredit() {
        for (TaskState state : TaskState.values()) {
            boolean slot = switch (state) {
                case RUNNING, CANCELING, OVERDUE -> true;
                case QUEUED, READY, GONE -> false;
            };
            boolean credit = switch (state) {
                case QUEUED, RUNNING, OVERDUE -> true;
                case CANCELING, READY, GONE -> false;
            };
            assertThat(state.takesSlot()).as("%s", state).isEqualTo(slot);
            assertThat(state.takesCredit()).as("%s", state).isEqualTo(credit);
        }
    }
}
