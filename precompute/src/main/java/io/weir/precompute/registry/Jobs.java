package io.weir.precompute.registry;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobSpec;
import io.weir.precompute.job.JobStatistics;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The jobs of all tenants. Thread-safe; calls block as long as the database takes. */
public interface Jobs {
    /**
     * What became of a request for a job.
     */
    sealed interface Creation {
        /** There is a new one. Its store path may be another than was asked for, if the settings say so. */
        record Created(Job job) implements Creation {}

        /** An equal one was there. */
        record Known(JobView view) implements Creation {}

        /** A different job has the store path. */
        record PathTaken(String jobId, String storePath) implements Creation {}

        /** The tenant, or all tenants together, have as many as they may have. @param setting that says how many */
        record Full(long jobsMax, String setting) implements Creation {}
    }

    /** A job as people see it. @param owner the process that runs it; null if none does */
    record JobView(
            Job job, JobStatistics statistics, @Nullable String owner) {}

    /**
     * Jobs of a tenant.
     *
     * @param views live ones by time of creation, then id; after them expired ones, the last to expire first
     * @param warning null unless the database does not answer, and what this process remembers is shown
     */
    record Listing(List<JobView> views, @Nullable String warning) {
        public Listing {
            views = List.copyOf(views);
        }
    }

    /** @throws io.weir.lake.database.DatabaseUnavailableException if the database does not answer; then nothing is stored */
    Creation create(JobSpec spec);

    /**
     * Ends a job; when this returns, none of its ticks is recorded any more.
     *
     * @return whether the tenant had it
     * @throws io.weir.lake.database.DatabaseUnavailableException if the database does not answer; then the job goes on
     */
    boolean delete(String tenant, String jobId);

    /** All live jobs of a tenant, and the latest expired ones for a while. */
    Listing list(String tenant);

    /**
     * A job of the tenant, or nothing if it has none of this id.
     *
     * @throws io.weir.lake.database.DatabaseUnavailableException if the database does not answer and this process does not remember the job
     */
    Optional<JobView> find(String tenant, String jobId);
}
