package io.weir.eventstats.feed;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.queryapi.spi.QueryEvent.Cause;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NextActionsTest {
    private final NextActions actions = new NextActions("https://docs.example/");

    @ParameterizedTest
    @EnumSource(Cause.class)
    void everyFailureHasSomethingToDo(Cause cause) {
        boolean nothing = EnumSet.of(Cause.DONE, Cause.CLIENT_GONE).contains(cause);
        assertThat(actions.of(cause, "").isEmpty()).isEqualTo(nothing);
        assertThat(actions.of(cause, "")).allSatisfy(action -> {
            assertThat(action.label()).isNotBlank();
            assertThat(action.href()).matches("(https://docs\\.example)?/[a-z].*");
        });
    }

    @Test
    void aLimitNamesItsSetting() {
        assertThat(actions.of(
                                Cause.LIMIT,
                                "the query read 9 samples, more than the limit of 5 (setting query-samples-max);"
                                        + " narrow")
                        .getFirst())
                .isEqualTo(new NextActions.Action(
                        "Change the setting query-samples-max", "https://docs.example/settings.md#query-samples-max"));
        assertThat(actions.of(Cause.TIMEOUT, "it took longer (setting query-timeout-millis-max, parameter timeout)"))
                .extracting(NextActions.Action::label)
                .contains("Change the setting query-timeout-millis-max")
                .anyMatch(label -> label.contains("parameter timeout"));
    }
}
