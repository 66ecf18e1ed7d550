package io.weir.workcoord;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class CheckTest {
    @Test
    void whatHoldsPassesAndTheRestIsADefectOrNamesItsSetting() {
        assertThatCode(() -> Check.isNull(null, "x")).doesNotThrowAnyException();
        assertThatThrownBy(() -> Check.isNull("y", "no owner"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no owner");
        assertThatCode(() -> Check.equal(3, 3, "x")).doesNotThrowAnyException();
        assertThatThrownBy(() -> Check.equal(3, 4, "held"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("held: 3 is not 4");
        assertThatCode(() -> Check.atMost(4, 4, "x")).doesNotThrowAnyException();
        assertThatThrownBy(() -> Check.atMost(5, 4, "held"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("held: 5 is above 4");
        assertThatCode(() -> Check.range("n", 1, 1, 2)).doesNotThrowAnyException();
        assertThatCode(() -> Check.range("n", 2, 1, 2)).doesNotThrowAnyException();
        for (long bad : new long[] {0, 3}) {
            assertThatThrownBy(() -> Check.range("n", bad, 1, 2))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("n is " + bad + "; set it to a value from 1 to 2");
        }
    }

    @Test
    void whatIsWorthAnotherAttemptIsListed() {
        for (FailureKind kind : FailureKind.values()) {
            boolean again = switch (kind) {
                case INTERNAL,
                        OUT_OF_MEMORY,
                        DISK_FULL,
                        CANCELED,
                        HANDED_BACK,
                        ARTIFACT_LOST,
                        FETCH_FAILED,
                        CHECKSUM_MISMATCH,
                        WORKER_LOST -> true;
                case BAD_QUERY,
                        MISSING_OBJECT,
                        LIMIT_EXCEEDED,
                        CORRUPT_OBJECT,
                        DEADLINE_EXCEEDED,
                        NO_WORKERS,
                        QUEUE_FULL,
                        DUPLICATE_ID,
                        RETRIES_EXHAUSTED -> false;
            };
            assertThat(kind.isRetryable()).as("%s", kind).isEqualTo(again);
        }
    }
}
