package io.weir.queryapi.discovery;

import io.weir.workcoord.Check;

/**
 * Times and places of the discovery of workers.
 *
 * @param refreshMillis how often a name is resolved, or a service asked for its tasks, again
 * @param requestMillisMax longest wait for an answer of the Kubernetes or ECS API
 * @param retryMillisMin wait after a failure; doubles up to the longest, with jitter
 * @param retryMillisMax longest wait after failures
 * @param ecsRegion region of the ECS API; empty for the one of the environment
 * @param ecsEndpoint URL of the ECS API; empty for Amazon's
 */
public record DiscoverySettings(
        long refreshMillis,
        long requestMillisMax,
        long retryMillisMin,
        long retryMillisMax,
        String ecsRegion,
        String ecsEndpoint) {
    /** Every 5 s; answers within 10 s; retries after 1 s to 30 s. */
    public static final DiscoverySettings DEFAULT = new DiscoverySettings(5_000, 10_000, 1_000, 30_000, "", "");

    public DiscoverySettings {
        Check.range("interval of discovery (ms)", refreshMillis, 10, 3_600_000);
        Check.range("longest answer of discovery (ms)", requestMillisMax, 100, 600_000);
        Check.range("shortest retry of discovery (ms)", retryMillisMin, 1, 600_000);
        Check.range("longest retry of discovery (ms)", retryMillisMax, retryMillisMin, 3_600_000);
    }

    /** The same at another interval. */
    public DiscoverySettings withRefreshMillis(long changed) {
        return new DiscoverySettings(changed, requestMillisMax, retryMillisMin, retryMillisMax, ecsRegion, ecsEndpoint);
    }
}
