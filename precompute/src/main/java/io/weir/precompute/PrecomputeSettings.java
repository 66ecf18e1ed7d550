package io.weir.precompute;

import io.weir.precompute.sources.SourcesSettings;

/**
 * What precompute is started with. Each part's settings are a record of its package.
 *
 * @param enabled whether this API has jobs at all
 */
public record PrecomputeSettings(boolean enabled, SourcesSettings sources) {
    public static final PrecomputeSettings DEFAULT = new PrecomputeSettings(true, SourcesSettings.DEFAULT);
}
