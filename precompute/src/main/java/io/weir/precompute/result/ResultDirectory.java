package io.weir.precompute.result;

import io.weir.precompute.job.Job;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The results that this process knows, its own jobs' and those of others. Thread-safe, lock-free to read: every query asks it.
 *
 * <p>Jobs past their {@code valid_until} are never found. Those with {@code labels} are found by store path only.
 */
public interface ResultDirectory {
    /**
     * The jobs that answer a query of this canonical text, with the ticks they have (possibly none yet): several if the same query was registered
     * with other granularities, sources or store paths. The one with the newest tick first; of equal ones that with the smallest granularity.
     *
     * @param canonical {@link io.weir.promql.parser.CanonicalExpression#text}
     */
    List<JobResults> find(String tenant, String canonical);

    /**
     * The jobs over the same selector and window (canonical text of its range selector) whose sketches answer any quantile, in the same order.
     *
     * @param selector canonical text, as {@code latency{service="web"}[5m]}
     */
    List<JobResults> findQuantiles(String tenant, String selector);

    /** The jobs of a tenant with results, or without any yet. Walks over all jobs, so it is nothing for every query. */
    List<Job> jobs(String tenant);

    /** By store path. */
    Optional<JobResults> at(String tenant, String storePath);

    /** Takes a result; results of a job may come in any order, twice, before the job, and after its end, when they are dropped. */
    void put(Job job, TickResult result);

    /** A job exists: with its results from before, if one that asks for the same had any within the grace time. */
    void add(Job job);

    /** A job ended. Its results answer for a grace time, unless it is expired. */
    void remove(String jobId, boolean expired);

    /** Counts a query that was answered from a job's results. */
    void countHit(String jobId);

    /** The hits counted since the last call, by job id: the registry adds them up over all processes. */
    Map<String, Long> takeHits();

    /**
     * A job's ring of ticks.
     *
     * @param ticks ascending by time, complete ones only; immutable
     */
    record JobResults(Job job, List<TickResult> ticks) {}
}
