package io.weir.precompute.result;

import io.weir.precompute.job.Job;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The results that this process knows, its own jobs' and those of others. Thread-safe, lock-free to read: every query asks it.
 */
public interface ResultDirectory {
    /**
     * The job that answers a query of this canonical text, with the ticks it has.
     *
     * @param canonical {@link io.weir.promql.parser.CanonicalExpression#text}
     */
    Optional<JobResults> find(String tenant, String canonical);

    /**
     * A job over the same selector and window (canonical text of its range selector) whose sketches answer any quantile.
     *
     * @param selector canonical text, as {@code latency{service="web"}[5m]}
     */
    Optional<JobResults> findQuantiles(String tenant, String selector);

    /** By store path. */
    Optional<JobResults> at(String tenant, String storePath);

    /** Takes a result; results of a job may come in any order, twice, and before the job. */
    void put(Job job, TickResult result);

    /** A job exists: with its results from before, if an equal spec had any within the grace time. */
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
