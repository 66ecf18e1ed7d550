package io.weir.precompute.job;

import io.weir.precompute.source.SourceAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a controller asks for. Two requests with equal specs are the same job.
 *
 * @param granularityMillis between ticks
 * @param sketchType as it was sent: a hint
 * @param storePath relative, validated
 * @param validUntilMillis wall clock
 * @param labels sketches are merged over all labels but these; empty keeps every label set apart. The router never serves a job with labels
 */
public record JobSpec(
        String tenant,
        JobQuery query,
        long granularityMillis,
        SourceAddress source,
        String sketchType,
        String storePath,
        OptionalLong validUntilMillis,
        Optional<List<String>> labels,
        SketchOptions options) {
    public JobSpec {
        labels = labels.map(List::copyOf);
    }
}
