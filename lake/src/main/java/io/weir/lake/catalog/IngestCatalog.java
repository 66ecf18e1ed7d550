package io.weir.lake.catalog;

import io.weir.lake.database.DatabaseUnavailableException;
import io.weir.lake.segment.SegmentMeta;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What ingest and compaction ask of the catalog. Thread-safe; each method is one transaction. Unreachable or slow PostgreSQL is
 * a {@link DatabaseUnavailableException}.
 */
public interface IngestCatalog {
    /**
     * Registers flushed segments and the position of the write-ahead log up to which they hold everything. A position not greater
     * than the stored one changes nothing, so that a flush can be repeated after a crash.
     */
    void commitFlush(String ingesterId, long walPosition, List<NewSegment> segments);

    /** The position of the last committed flush, or -1 before the first. */
    long flushedPosition(String ingesterId);

    /**
     * Replaces segments by others: what readers see changes in one step. The removed stay readable until {@link #garbage} hands them
     * out.
     *
     * @return false, with nothing changed, if one of the removed is no longer current
     */
    boolean replace(String tenant, Set<String> removedIds, List<NewSegment> added);

    /** Takes segments whose last sample is before the given time out of the catalog, as retention; how many. */
    int expire(String tenant, long maxTimeBeforeMillis);

    /** Adds metadata; the newest help and unit of a (metric, type) win. */
    void upsertMetadata(String tenant, List<MetricMetadata> metadata);

    /** Tenants with current segments, in order. */
    List<String> tenants();

    /** Groups of at least {@code segmentsMin} current segments, most segments first. */
    List<CompactionGroup> compactionGroups(int segmentsMin, int groupsMax);

    /** The current segments of a group in the order (min time, id), oldest first. */
    List<SegmentMeta> compactionCandidates(String tenant, long dayStartMillis, int level, int limit);

    /** Segments taken out of the catalog at least {@code graceMillis} ago, oldest first: their objects can be deleted. */
    List<SegmentMeta> garbage(long graceMillis, int limit);

    /** Forgets garbage whose objects are deleted. Current segments are left alone. */
    void forget(Collection<String> segmentIds);

    /**
     * Adds a job.
     *
     * @return false if a job of this (kind, tenant, key) waits or runs already; nothing changes then
     */
    boolean enqueue(String kind, String tenant, String key, String payload);

    /** The oldest due job of a kind, now owned by the caller for {@code leaseMillis}; jobs whose lease ran out are due again. */
    Optional<Job> claim(String kind, String owner, long leaseMillis);

    /** Prolongs the lease; false if the job is no longer the caller's. */
    boolean renew(Job job, long leaseMillis);

    /** Ends the job; false if the job is no longer the caller's. */
    boolean complete(Job job);

    /**
     * Gives the job back after a failure: it is due again after a delay that doubles with each attempt, and is dead after
     * the settings' most attempts.
     *
     * @return false if the job is no longer the caller's
     */
    boolean fail(Job job, String error);
}
