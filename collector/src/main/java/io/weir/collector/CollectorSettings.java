package io.weir.collector;

import io.weir.collector.source.FetchSettings;
import io.weir.collector.store.SketchParameters;
import io.weir.collector.store.StoreSettings;

/**
 * What a collector is started with, beside the limits of requests, which are an ingester's.
 *
 * @param sweepMillis how often intervals are closed and forgotten
 * @param closeMillisMax longest wait for running requests and fetches when the process ends
 */
public record CollectorSettings(
        StoreSettings store, SketchParameters sketch, FetchSettings fetch, long sweepMillis, long closeMillisMax) {
    public static final CollectorSettings DEFAULT =
            new CollectorSettings(StoreSettings.DEFAULT, SketchParameters.DEFAULT, FetchSettings.DEFAULT, 1_000, 5_000);

    public CollectorSettings {
        if (sweepMillis < 1 || closeMillisMax < 0) {
            throw new IllegalArgumentException(
                    "need sweepMillis >= 1 and closeMillisMax >= 0, got " + sweepMillis + " and " + closeMillisMax);
        }
    }
}
