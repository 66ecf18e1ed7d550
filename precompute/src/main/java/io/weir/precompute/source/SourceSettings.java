package io.weir.precompute.source;

/**
 * Where jobs may get their data from, and how.
 *
 * @param allowed hosts and ports of sources, as {@link AllowedHosts} has them
 */
public record SourceSettings(String allowed) {
    /** The usual ports of collectors and of Prometheus anywhere, and anything on this machine. */
    public static final SourceSettings DEFAULT = new SourceSettings("*:4317,*:9090,localhost,127.0.0.0/8,[::1]");

    public SourceSettings {
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
