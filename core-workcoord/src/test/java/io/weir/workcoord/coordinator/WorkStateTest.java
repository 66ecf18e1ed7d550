package io.weir.workcoord.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.workcoord.Transition;
import io.weir.workcoord.TransitionTable;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The state machine of work on the API's side, every state with every trigger ("-" ignored, "!" impossible). */
final class WorkStateTest {
    private static final String TABLE = """
        ASSIGN: QUEUED>ASSIGNED ASSIGNED>! ACCEPTED>! READY>! COMMITTED>! FAILED>! CANCELED>!
        ACCEPT: QUEUED>- ASSIGNED>ACCEPTED ACCEPTED>- READY>- COMMITTED>- FAILED>- CANCELED>-
        REJECT: QUEUED>- ASSIGNED>QUEUED ACCEPTED>QUEUED READY>- COMMITTED>- FAILED>- CANCELED>-
        HAND_BACK: QUEUED>- ASSIGNED>QUEUED ACCEPTED>QUEUED READY>- COMMITTED>- FAILED>- CANCELED>-
        READY: QUEUED>- ASSIGNED>READY ACCEPTED>READY READY>- COMMITTED>- FAILED>- CANCELED>-
        FAIL_RETRYABLE: QUEUED>- ASSIGNED>QUEUED ACCEPTED>QUEUED READY>QUEUED COMMITTED>- FAILED>- CANCELED>-
        FAIL_FINAL: QUEUED>- ASSIGNED>FAILED ACCEPTED>FAILED READY>FAILED COMMITTED>- FAILED>- CANCELED>-
        FETCHED: QUEUED>- ASSIGNED>- ACCEPTED>- READY>COMMITTED COMMITTED>- FAILED>- CANCELED>-
        FETCH_FAILED: QUEUED>- ASSIGNED>- ACCEPTED>- READY>QUEUED COMMITTED>- FAILED>- CANCELED>-
        OWNER_LOST: QUEUED>! ASSIGNED>QUEUED ACCEPTED>QUEUED READY>QUEUED COMMITTED>! FAILED>! CANCELED>!
        OWNER_DRAINING: QUEUED>! ASSIGNED>QUEUED ACCEPTED>- READY>- COMMITTED>! FAILED>! CANCELED>!
        GIVE_UP: QUEUED>FAILED ASSIGNED>! ACCEPTED>! READY>! COMMITTED>! FAILED>! CANCELED>!
        CANCEL: QUEUED>CANCELED ASSIGNED>CANCELED ACCEPTED>CANCELED READY>CANCELED COMMITTED>- FAILED>- CANCELED>-
        """;

    private static String cell(WorkState state, WorkTrigger trigger) {
        return switch (state.on(trigger)) {
            case Transition.Moves<WorkState>(WorkState to) -> to.name();
            case Transition.Ignored<WorkState> ignored -> "-";
            case Transition.Illegal<WorkState>() -> "!";
        };
    }

    @Test
    void everyStateWithEveryTrigger() {
        assertThat(TransitionTable.render(WorkState.values(), WorkTrigger.values(), WorkStateTest::cell))
                .isEqualTo(TABLE);
    }

    @Test
    void terminalIsTerminal() {
        for (WorkState state : WorkState.values()) {
            for (WorkTrigger trigger : WorkTrigger.values()) {
                if (state.isTerminal()) {
                    assertThat(state.on(trigger)).isNotInstanceOf(Transition.Moves.class);
                }
            }
        }
    }

    @Test
    void everyStateIsReachedFromTheQueue() {
        Set<WorkState> reached = new HashSet<>(Set.of(WorkState.QUEUED));
        int before = 0;
        while (reached.size() > before) {
            before = reached.size();
            for (WorkState state : Set.copyOf(reached)) {
                for (WorkTrigger trigger : WorkTrigger.values()) {
                    if (state.on(trigger) instanceof Transition.Moves<WorkState>(WorkState to)) {
                        reached.add(to);
                    }
                }
            }
        }
        assertThat(reached).containsExactlyInAnyOrder(WorkState.values());
    }
}
