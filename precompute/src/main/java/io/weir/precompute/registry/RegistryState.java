package io.weir.precompute.registry;

import io.weir.precompute.job.Job;
import io.weir.precompute.job.JobStatistics;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a process knows of the jobs and has a lease of. Pure: events in, effects out; not thread-safe.
 *
 * <p>A look at the database may be older than a deletion that has been told since: each look has a number, and a deleted job stays out until a look
 * that began after it.
 */
final class RegistryState {
    private final String owner;
    private final Map<String, Job> known = new TreeMap<>();
    /** Epoch of the lease by job id. */
    private final Map<String, Long> owned = new TreeMap<>();
    /** The last look that may still show a deleted job. */
    private final Map<String, Long> deleted = new HashMap<>();

    RegistryState(String owner) {
        this.owner = owner;
    }

    /** What to do, in this order. */
    sealed interface Effect {
        /** Results of the job may be shown. */
        record Add(Job job) implements Effect {}

        record Remove(String jobId, boolean expired) implements Effect {}

        record Own(Job job, long epoch, JobStatistics before) implements Effect {}

        record Disown(String jobId) implements Effect {}
    }

    /**
     * A look at the database.
     *
     * @param number of the look, ascending
     * @param holdings all live jobs
     * @param loaded those that were not known when the look began
     * @param before how the jobs fared that this process got new
     * @param nowMillis wall clock
     */
    record Look(
            long number,
            List<JobRow.Holding> holdings,
            Map<String, Job> loaded,
            Map<String, JobStatistics> before,
            long nowMillis) {}

    /** Ids of jobs in holdings that are not known yet. */
    List<String> unknown(List<JobRow.Holding> holdings) {
        return holdings.stream()
                .map(JobRow.Holding::jobId)
                .filter(jobId -> !known.containsKey(jobId))
                .toList();
    }

    /** Ids of jobs that this process holds now, and did not before, or not in this epoch. */
    List<String> gained(List<JobRow.Holding> holdings) {
        return holdings.stream()
                .filter(this::isGained)
                .map(JobRow.Holding::jobId)
                .toList();
    }

    private boolean isGained(JobRow.Holding holding) {
        Long epoch = owned.get(holding.jobId());
        return owner.equals(holding.owner()) && (epoch == null || epoch != holding.epoch());
    }

    /** Takes over what a look has shown. */
    List<Effect> onLook(Look look) {
        List<Effect> effects = new ArrayList<>();
        deleted.values().removeIf(last -> last < look.number());
        Map<String, JobRow.Holding> now = new TreeMap<>();
        for (JobRow.Holding holding : look.holdings()) {
            Job job = known.getOrDefault(holding.jobId(), look.loaded().get(holding.jobId()));
            if (job != null && !deleted.containsKey(holding.jobId()) && !isExpired(job, look.nowMillis())) {
                now.put(holding.jobId(), holding);
            }
        }
        for (String jobId : new TreeSet<>(known.keySet())) {
            if (!now.containsKey(jobId)) {
                effects.addAll(remove(jobId, isExpired(get(jobId), look.nowMillis())));
            }
        }
        now.forEach((jobId, holding) -> {
            Job job = known.get(jobId);
            if (job == null) {
                // What is held and not known was loaded: see above.
                job = Objects.requireNonNull(look.loaded().get(jobId));
                known.put(jobId, job);
                effects.add(new Effect.Add(job));
            }
            effects.addAll(hold(job, holding, look.before().getOrDefault(jobId, JobStatistics.NONE)));
        });
        return effects;
    }

    private List<Effect> hold(Job job, JobRow.Holding holding, JobStatistics before) {
        List<Effect> effects = new ArrayList<>();
        boolean gained = isGained(holding);
        if (owned.containsKey(job.jobId()) && (gained || !owner.equals(holding.owner()))) {
            owned.remove(job.jobId());
            effects.add(new Effect.Disown(job.jobId()));
        }
        if (gained) {
            owned.put(job.jobId(), holding.epoch());
            effects.add(new Effect.Own(job, holding.epoch(), before));
        }
        return effects;
    }

    /**
     * A job was deleted by this process.
     *
     * @param lookNumber of the newest look that has begun
     */
    List<Effect> onDeleted(String jobId, long lookNumber) {
        deleted.put(jobId, lookNumber);
        return known.containsKey(jobId) ? remove(jobId, false) : List.of();
    }

    /** Ends jobs whose time is over, whether or not the database answers. */
    List<Effect> onTime(long nowMillis) {
        List<Effect> effects = new ArrayList<>();
        for (String jobId : new TreeSet<>(known.keySet())) {
            if (isExpired(get(jobId), nowMillis)) {
                effects.addAll(remove(jobId, true));
            }
        }
        return effects;
    }

    /** Lets go of all leases, as the process ends. */
    List<Effect> onClose() {
        List<Effect> effects = new ArrayList<>();
        owned.keySet().forEach(jobId -> effects.add(new Effect.Disown(jobId)));
        owned.clear();
        return effects;
    }

    private List<Effect> remove(String jobId, boolean expired) {
        List<Effect> effects = new ArrayList<>();
        known.remove(jobId);
        if (owned.remove(jobId) != null) {
            effects.add(new Effect.Disown(jobId));
        }
        effects.add(new Effect.Remove(jobId, expired));
        return effects;
    }

    private Job get(String jobId) {
        Job job = known.get(jobId);
        if (job == null) {
            throw new IllegalStateException("job " + jobId + " is not known");
        }
        return job;
    }

    private static boolean isExpired(Job job, long nowMillis) {
        return job.spec().validUntilMillis().isPresent()
                && job.spec().validUntilMillis().getAsLong() <= nowMillis;
    }

    Map<String, Job> known() {
        return Map.copyOf(known);
    }

    Map<String, Long> owned() {
        return Map.copyOf(owned);
    }
}
