package io.weir.eventstats.retention;

import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One run of the retention, of whichever process.
 *
 * @param endedAt null while it runs
 * @param rowsByTable rows removed, disabled or ended
 */
public record RetentionRun(
        long id,
        Instant startedAt,
        @Nullable Instant endedAt,
        Origin origin,
        Outcome outcome,
        Map<String, Long> rowsByTable) {

    /** Why it ran. */
    public enum Origin {
        SCHEDULE,
        REQUEST;

        /** As in the table. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What became of it. */
    public enum Outcome {
        RUNNING,
        COMPLETE,
        /** Its time was over, or its process ended, before its work was. */
        PARTIAL,
        FAILED;

        /** As in the table. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
