package io.weir.workcoord.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.workcoord.Transition;
import io.weir.workcoord.TransitionTable;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The state machine of work on the API's side, every state with every trigger (ignored as d duplicate, l late, p pointless; ! impossible). */
final class WorkStateTest {
    private static final String TABLE = """
        ASSIGN: QUEUED>ASSIGNED ASSIGNED>! ACCEPTED>! READY>! COMMITTED>! FAILED>! CANCELED>!
        ACCEPT: QUEUED>l ASSIGNED>ACCEPTED ACCEPTED>d READY>l COMMITTED>l FAILED>l CANCELED>l
        REJECT: QUEUED>d ASSIGNED>QUEUED ACCEPTED>QUEUED READY>l COMMITTED>l FAILED>l CANCELED>l
        HAND_BACK: QUEUED>d ASSIGNED>QUEUED ACCEPTED>QUEUED READY>l COMMITTED>l FAILED>l CANCELED>l
        READY: QUEUED>l ASSIGNED>READY ACCEPTED>READY READY>d COMMITTED>d FAILED>l CANCELED>l
        FAIL_RETRYABLE: QUEUED>d ASSIGNED>QUEUED ACCEPTED>QUEUED READY>QUEUED COMMITTED>l FAILED>l CANCELED>l
        FAIL_FINAL: QUEUED>l ASSIGNED>FAILED ACCEPTED>FAILED READY>FAILED COMMITTED>l FAILED>d CANCELED>l
        FETCHED: QUEUED>l ASSIGNED>l ACCEPTED>l READY>COMMITTED COMMITTED>d FAILED>l CANCELED>l
        FETCH_FAILED: QUEUED>d ASSIGNED>l ACCEPTED>l READY>QUEUED COMMITTED>l FAILED>l CANCELED>l
        OWNER_LOST: QUEUED>! ASSIGNED>QUEUED ACCEPTED>QUEUED READY>QUEUED COMMITTED>! FAILED>! CANCELED>!
        OWNER_DRAINING: QUEUED>! ASSIGNED>QUEUED ACCEPTED>p READY>p COMMITTED>! FAILED>! CANCELED>!
        GIVE_UP: QUEUED>FAILED ASSIGNED>! ACCEPTED>! READY>! COMMITTED>! FAILED>! CANCELED>!
        CANCEL: QUEUED>CANCELED ASSIGNED>CANCELED ACCEPTED>CANCELED READY>CANCELED COMMITTED>l FAILED>l CANCELED>d
        """;

    private static String cell(WorkState state, WorkTrigger trigger) {
        return switch (state.on(trigger)) {
            case Transition.Moves<WorkState>(WorkState to) -> to.name();
            case Transition.Ignored<WorkState>(Transition.Reason reason) ->
                reason.name().substring(0, 1).toLowerCase(Locale.ROOT);
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
        assertThat(WorkState.values())
                .filteredOn(WorkState::isTerminal)
                .containsExactly(WorkState.COMMITTED, WorkState.FAILED, WorkState.CANCELED);
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
