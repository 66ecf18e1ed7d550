package io.weir.precompute.registry;

import io.weir.precompute.job.JobStatistics;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A job as the database has it.
 *
 * @param spec JSON
 * @param statistics whose status is that of the last tick
 * @param live false once it is expired
 */
record JobRow(
        String jobId,
        String tenant,
        String spec,
        String storePath,
        long createdAtMillis,
        OptionalLong validUntilMillis,
        boolean live,
        @Nullable String owner,
        long epoch,
        JobStatistics statistics) {
    /**
     * Who has a live job.
     *
     * @param epoch of the lease
     */
    record Holding(String jobId, @Nullable String owner, long epoch) {}
}
