package io.weir.precompute;

import io.weir.precompute.job.JobLimits;
import io.weir.precompute.registry.RegistrySettings;
import io.weir.precompute.result.ResultSettings;
import io.weir.precompute.router.RouterSettings;
import io.weir.precompute.schedule.TickSettings;
import io.weir.precompute.shadow.ShadowSettings;
import io.weir.precompute.source.lake.LakeSourceSettings;
import io.weir.precompute.source.otlp.ReceiverSettings;
import io.weir.precompute.sources.SourcesSettings;
import io.weir.precompute.suggestion.SuggestionSettings;

/**
 * What precompute is started with. Each part's settings are a record of its package.
 *
 * @param enabled whether this API has jobs at all
 */
public record PrecomputeSettings(
        boolean enabled,
        JobLimits jobs,
        RegistrySettings registry,
        TickSettings ticks,
        ResultSettings results,
        LakeSourceSettings lake,
        SourcesSettings sources,
        ReceiverSettings receiver,
        RouterSettings router,
        ShadowSettings shadow,
        SuggestionSettings suggestions) {
    public static final PrecomputeSettings DEFAULT = new PrecomputeSettings(
            true,
            JobLimits.DEFAULT,
            RegistrySettings.DEFAULT,
            TickSettings.DEFAULT,
            ResultSettings.DEFAULT,
            LakeSourceSettings.DEFAULT,
            SourcesSettings.DEFAULT,
            ReceiverSettings.DEFAULT,
            RouterSettings.DEFAULT,
            ShadowSettings.DEFAULT,
            SuggestionSettings.DEFAULT);
}
