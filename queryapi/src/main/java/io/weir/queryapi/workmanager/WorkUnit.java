package io.weir.queryapi.workmanager;

import io.weir.proto.leaf.v1.WorkSpec;

/**
 * One piece of work of a query: a leaf on a range of shards.
 *
 * @param workId unique over all queries
 * @param affinityKey depends on the data only (tenant, shard range), so that the same data goes to the same worker
 */
public record WorkUnit(int leafId, String workId, String affinityKey, WorkSpec spec) {}
