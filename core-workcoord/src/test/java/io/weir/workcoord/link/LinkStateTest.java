package io.weir.workcoord.link;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class LinkStateTest {
    @Test
    void timersThatAreNotSetNeverFire() {
        for (LinkState state : LinkState.values()) {
            assertThat(state.on(LinkTrigger.DIAL_DUE) instanceof LinkState.Illegal)
                    .as("%s", state)
                    .isEqualTo(state != LinkState.WAITING);
            assertThat(state.on(LinkTrigger.HELLO_OVERDUE) instanceof LinkState.Illegal)
                    .as("%s", state)
                    .isEqualTo(state != LinkState.CONNECTING);
        }
    }
}
