package io.weir.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TimesTest {
    private static final long NOW = 1_763_722_800_123L;

    @ParameterizedTest
    @CsvSource({
        "500ms,500",
        "90s,90000",
        "15m,900000",
        "1h30m,5400000",
        "2d,172800000",
        "1w,604800000",
        "1y,31536000000",
        "1m1ms,60001",
        "0s,0"
    })
    void readsDurations(String text, long millis) {
        assertThat(Times.duration(text).toMillis()).isEqualTo(millis);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5", "m", "5 m", "-5m", "1.5h", "5min", "1h x", "5M"})
    void refusesWhatIsNoDuration(String text) {
        assertThatThrownBy(() -> Times.duration(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("'" + text + "' is no duration; write it as 90s, 15m, 1h30m or 500ms");
    }

    @ParameterizedTest
    @ValueSource(strings = {"9223372036854775807s", "99999999999999999999ms", "292471209y1y"})
    void refusesDurationsThatDoNotFit(String text) {
        assertThatThrownBy(() -> Times.duration(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is too long a duration");
    }

    @ParameterizedTest
    @CsvSource({
        "now,1763722800123",
        "now-15m,1763721900123",
        "1763722800,1763722800000",
        "1763722800.5,1763722800500",
        "-1,-1000",
        "2025-11-21T11:00:00Z,1763722800000",
        "2025-11-21T12:00:00.25+01:00,1763722800250"
    })
    void readsTimes(String text, long millis) {
        assertThat(Times.millis(text, NOW)).isEqualTo(millis);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "today", "NaN", "Infinity", "1e300", "2025-11-21T11:00", "+999999999-01-01T00:00:00Z"})
    void refusesWhatIsNoTime(String text) {
        assertThatThrownBy(() -> Times.millis(text, NOW))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is no time; write 2026-11-21T12:00:00Z");
    }

    @Test
    void refusesAnOffsetThatIsNoDuration() {
        assertThatThrownBy(() -> Times.millis("now-soon", NOW)).hasMessageContaining("'soon' is no duration");
    }
}
