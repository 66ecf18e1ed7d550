package io.weir.queryapi.autoscale;

import io.weir.workcoord.Check;

/**
 * How the number of desired workers follows the load.
 *
 * @param workersMin fewest workers ever asked for; 0 lets the autoscaler stop the last one, and an API without workers counts as ready then
 * @param workersMax most workers ever asked for
 * @param creditShareTarget share of the workers' credits that peak load should use; the rest is room for growth while workers start
 * @param creditsPerWorkerAssumed credits of a worker, as long as none has told its own
 * @param oldestTargetMillis age of waiting work from which on the queue counts more than once
 * @param pressureFactorMax how many times over the queue counts at most, however old it is
 * @param holdMillis how long a peak of the load keeps its number of workers
 */
public record AutoscaleSettings(
        int workersMin,
        int workersMax,
        double creditShareTarget,
        int creditsPerWorkerAssumed,
        long oldestTargetMillis,
        double pressureFactorMax,
        long holdMillis) {
    public static final AutoscaleSettings DEFAULT = new AutoscaleSettings(1, 100, 0.5, 8, 2_000, 4, 120_000);

    public AutoscaleSettings {
        Check.range("autoscale-workers-max", workersMax, 1, HeldPeak.VALUE_MAX);
        Check.range("autoscale-workers-min", workersMin, 0, workersMax);
        Check.range("autoscale-credits-per-worker-assumed", creditsPerWorkerAssumed, 1, 1_000_000);
        Check.range("autoscale-oldest-target-millis", oldestTargetMillis, 1, 3_600_000);
        Check.range("autoscale-hold-millis", holdMillis, HeldPeak.BUCKETS, 86_400_000);
        if (!(creditShareTarget > 0 && creditShareTarget <= 1)) {
            throw new IllegalArgumentException(
                    "autoscale-credit-share-target is " + creditShareTarget + "; set it to a value above 0, at most 1");
        }
        if (!(pressureFactorMax >= 1 && pressureFactorMax <= 1_000)) {
            throw new IllegalArgumentException(
                    "autoscale-pressure-factor-max is " + pressureFactorMax + "; set it to a value from 1 to 1000");
        }
    }
}
