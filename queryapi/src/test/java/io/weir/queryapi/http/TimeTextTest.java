package io.weir.queryapi.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weir.promql.error.QueryException;
import java.math.BigDecimal;
import org.junit.jupiter.api.Test;

/** Every ms that a client writes as seconds is that ms. */
final class TimeTextTest {
    @Test
    void secondsWithFractionsAreExactMillis() {
        for (long millis = 1; millis <= 200_000; millis++) {
            String seconds = BigDecimal.valueOf(millis, 3).toPlainString();
            assertThat(TimeText.parseDuration(seconds)).isEqualTo(millis);
            assertThat(TimeText.parseTime(seconds)).isEqualTo(millis);
            assertThat(TimeText.parseTime("-" + seconds)).isEqualTo(-millis);
            long now = 1_728_000_000_000L + millis;
            assertThat(TimeText.parseTime(BigDecimal.valueOf(now, 3).toPlainString()))
                    .isEqualTo(now);
        }
    }

    @Test
    void durationsThatDoNotFitAreRefused() {
        assertThat(TimeText.parseDuration("9223372036")).isEqualTo(9_223_372_036_000L);
        assertThatThrownBy(() -> TimeText.parseDuration("9223372037"))
                .isInstanceOf(QueryException.BadData.class)
                .hasMessage("cannot parse \"9223372037\" to a valid duration. It overflows int64");
        assertThat(TimeText.parseDuration("0.0009999")).isZero();
    }
}
