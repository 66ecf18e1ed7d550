package io.weir.eventstats.signal;

import io.weir.lake.database.DatabaseUnavailableException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The current signal of every job. Thread-safe; each call throws {@link DatabaseUnavailableException} if the database cannot be reached. */
public interface SnapshotStore {
    /** What became of an update. */
    enum Acceptance {
        /** It is the job's signal now, or was until a later update of the same call, and listeners are told. */
        ACCEPTED,
        /** Nothing changed: the job is another tenant's, has ended, or has a signal of the same or a greater seq. */
        REFUSED
    }

    /** What a run's signal is. */
    sealed interface RunSignal {
        /** The latest signal of its jobs. */
        record Current(Snapshot snapshot) implements RunSignal {}

        /** The run is known, none of its jobs has a signal. */
        record None() implements RunSignal {}

        /** The tenant has no such run. */
        record Unknown() implements RunSignal {}
    }

    /**
     * Takes the updates, in their order, in one transaction; a run that is not known yet is created. A run of another tenant is left out: the job's
     * signal is kept without it. Listeners hear of the commit by {@code NOTIFY ttfs_signal_update}.
     *
     * @return what became of each, in the order of the updates
     */
    List<Acceptance> upsert(List<SnapshotUpdate> updates);

    /** A job's signal; empty if the tenant has no such job. One look-up by primary key. */
    Optional<Snapshot> job(UUID tenantId, UUID jobId);

    /** The signals of those of the jobs that the tenants have. */
    List<Snapshot> jobs(List<UUID> jobIds);

    /** A run's signal: that of the job which changed last. One look-up by index, a second one if there is none. */
    RunSignal run(UUID tenantId, UUID runId);

    /** Whether one of the run's jobs has not ended. */
    boolean isRunOpen(UUID tenantId, UUID runId);

    /**
     * Removes runs that have no job's signal any more; for the retention.
     *
     * @param createdBefore younger ones stay
     * @param rowsMax at most so many
     * @return how many
     */
    int removeEmptyRuns(Instant createdBefore, int rowsMax);
}
