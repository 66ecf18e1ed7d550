package io.weir.precompute.job;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * How a job fares. Times are wall clock in ms.
 *
 * @param lastRunMillis the tick that was last computed, a multiple of the granularity
 * @param skipped ticks that were missed
 * @param failuresInRow since the last success
 * @param cacheHits queries answered from its results, in all processes as far as known
 */
public record JobStatistics(
        JobStatus status,
        OptionalLong lastRunMillis,
        OptionalLong lastSuccessMillis,
        OptionalLong lastDurationMillis,
        @Nullable String lastError,
        long runs,
        long failures,
        long skipped,
        long failuresInRow,
        OptionalLong nextRunMillis,
        long cacheHits) {
    public static final JobStatistics NONE = new JobStatistics(
            JobStatus.CREATED,
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            null,
            0,
            0,
            0,
            0,
            OptionalLong.empty(),
            0);
}
