package io.weir.precompute.job;

import java.util.Locale;
import java.util.Set;

/**
 * What a request for a job may ask for.
 *
 * @param requestBytesMax of its body
 * @param queryCharactersMax as queries have them
 * @param granularityMillisMin between two ticks
 * @param windowMillisMax how far back a query may read; set it to what the lake keeps
 * @param topCountMax items of top_k_over_time
 * @param labelsMax names of labels to group by
 * @param storePathConflict what happens when another job has the store path: {@code reject}, or {@code suffix} for a path of its own
 */
public record JobLimits(
        int requestBytesMax,
        int queryCharactersMax,
        long granularityMillisMin,
        long granularityMillisMax,
        long windowMillisMax,
        int topCountMax,
        int labelsMax,
        String storePathConflict) {
    public static final JobLimits DEFAULT =
            new JobLimits(64 << 10, 16_384, 1_000, 86_400_000, 31L * 86_400_000, 1_000, 64, "reject");

    public JobLimits {
        if (requestBytesMax < 1
                || requestBytesMax > 1 << 24
                || queryCharactersMax < 1
                || granularityMillisMin < 1
                || granularityMillisMax < granularityMillisMin
                || windowMillisMax < 1
                || topCountMax < 1
                || topCountMax > 1 << 16
                || labelsMax < 1) {
            throw new IllegalArgumentException(
                    "precompute-jobs limits must be positive, the smallest granularity at most the largest one,"
                            + " a body at most 16 MiB and precompute-jobs-top-count-max at most 65536");
        }
        storePathConflict = storePathConflict.toLowerCase(Locale.ROOT);
        if (!Set.of("reject", "suffix").contains(storePathConflict)) {
            throw new IllegalArgumentException(
                    "precompute-jobs-store-path-conflict is reject or suffix, not " + storePathConflict);
        }
    }

    /** Whether a job whose store path is taken gets one of its own. */
    public boolean suffixesStorePaths() {
        return storePathConflict.equals("suffix");
    }
}
