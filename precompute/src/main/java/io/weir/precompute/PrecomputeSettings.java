package io.weir.precompute;

import io.weir.precompute.source.SourceSettings;

/**
 * What precompute is started with. Each part's settings are a record of its package.
 *
 * @param enabled whether this API has jobs at all
 */
public record PrecomputeSettings(boolean enabled, SourceSettings sources) {
    public static final PrecomputeSettings DEFAULT = new PrecomputeSettings(true, SourceSettings.DEFAULT);
}
