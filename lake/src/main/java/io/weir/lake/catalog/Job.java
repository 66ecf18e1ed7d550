package io.weir.lake.catalog;

/**
 * A claimed job of the work queue; its holder owns it until the lease runs out.
 *
 * @param id identity in the queue
 * @param kind what to do
 * @param key unique per (kind, tenant) among the jobs that are not done
 * @param payload text the enqueuer gave
 * @param attempt 1 for the first
 * @param leaseToken proves who owns the job: a job whose lease ran out and was claimed again has another
 */
public record Job(long id, String kind, String tenant, String key, String payload, int attempt, String leaseToken) {}
