package io.weir.precompute.sources;

import io.weir.precompute.source.AllowedHosts;
import io.weir.precompute.source.grpc.SketchServiceSettings;
import io.weir.precompute.source.prometheus.PrometheusSettings;

/**
 * Where jobs may get their data from, and how.
 *
 * @param allowed hosts and ports of sources, as {@link AllowedHosts} has them
 * @param lookupsMax names that are resolved at a time
 */
public record SourcesSettings(
        String allowed, int lookupsMax, SketchServiceSettings service, PrometheusSettings prometheus) {
    /** The usual ports of collectors and of Prometheus anywhere, and anything on this machine. */
    public static final SourcesSettings DEFAULT = new SourcesSettings(
            "*:4317,*:9090,localhost,127.0.0.0/8,[::1]", 16, SketchServiceSettings.DEFAULT, PrometheusSettings.DEFAULT);

    public SourcesSettings {
        if (lookupsMax < 1) {
            throw new IllegalArgumentException("precompute-sources-lookups-max is not positive");
        }
        try {
            AllowedHosts.parse(allowed);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("precompute-sources-allowed: " + e.getMessage(), e);
        }
    }

    public AllowedHosts allowedHosts() {
        return AllowedHosts.parse(allowed);
    }
}
