package io.weir.workcoord.link;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.workcoord.TransitionTable;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The state machine of a dialled link, every state with every trigger ("-" ignored, "!" impossible). */
final class LinkStateTest {
    private static final String TABLE = """
        DIAL_DUE: WAITING>CONNECTING CONNECTING>! OPEN>! LEAVING>! CLOSED>!
        HELLO_OVERDUE: WAITING>! CONNECTING>WAITING OPEN>! LEAVING>! CLOSED>!
        HELLO: WAITING>- CONNECTING>OPEN OPEN>- LEAVING>- CLOSED>-
        WRONG_VERSION: WAITING>- CONNECTING>WAITING OPEN>WAITING LEAVING>CLOSED CLOSED>-
        BROKEN_PROTOCOL: WAITING>- CONNECTING>WAITING OPEN>WAITING LEAVING>CLOSED CLOSED>-
        ENDED: WAITING>- CONNECTING>WAITING OPEN>WAITING LEAVING>CLOSED CLOSED>-
        DROPPED: WAITING>- CONNECTING>WAITING OPEN>WAITING LEAVING>CLOSED CLOSED>-
        LISTED: WAITING>- CONNECTING>- OPEN>- LEAVING>OPEN CLOSED>!
        UNLISTED: WAITING>CLOSED CONNECTING>CLOSED OPEN>LEAVING LEAVING>- CLOSED>-
        CLOSE: WAITING>CLOSED CONNECTING>CLOSED OPEN>CLOSED LEAVING>CLOSED CLOSED>-
        """;

    private static String cell(LinkState state, LinkTrigger trigger) {
        return switch (state.on(trigger)) {
            case LinkState.Moves(LinkState to) -> to.name();
            case LinkState.Ignored() -> "-";
            case LinkState.Illegal() -> "!";
        };
    }

    @Test
    void everyStateWithEveryTrigger() {
        assertThat(TransitionTable.render(LinkState.values(), LinkTrigger.values(), LinkStateTest::cell))
                .isEqualTo(TABLE);
    }

    @Test
    void closedIsTheOneTerminalState() {
        for (LinkState state : LinkState.values()) {
            boolean leaves = false;
            for (LinkTrigger trigger : LinkTrigger.values()) {
                leaves |= state.on(trigger) instanceof LinkState.Moves;
            }
            assertThat(leaves).as(state.name()).isEqualTo(state != LinkState.CLOSED);
        }
    }

    @Test
    void everyStateIsReachedFromWaiting() {
        Set<LinkState> reached = new HashSet<>(Set.of(LinkState.WAITING));
        int before = 0;
        while (reached.size() > before) {
            before = reached.size();
            for (LinkState state : Set.copyOf(reached)) {
                for (LinkTrigger trigger : LinkTrigger.values()) {
                    if (state.on(trigger) instanceof LinkState.Moves(LinkState to)) {
                        reached.add(to);
                    }
                }
            }
        }
        assertThat(reached).containsExactlyInAnyOrder(LinkState.values());
    }
}
